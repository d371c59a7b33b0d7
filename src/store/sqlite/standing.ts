/**
 * How accounts and addresses stand, as a filing asks it: whether an account sends no more, was taken over by another one, whether an address is active.
 *
 * Remembered from one filing to the next, since the writer is the only one who changes the registry: three statements of each message were these
 * questions, with the same answer each time. Every piece of work that may change an answer makes all of them forgotten (`begin`).
 */
import type Database from 'better-sqlite3';
import type { Db } from './database.ts';
import type { Reach } from './manners.ts';

/** Answers that are remembered of each question. */
const MOST = 50_000;

export class Standing {
  readonly #forgotten: () => void;
  readonly #closed: Database.Statement<[number]>;
  readonly #tookOver: Database.Statement<[number]>;
  readonly #address: Database.Statement<[string], string>;
  readonly #closes = new Map<number, boolean>();
  readonly #takeovers = new Map<number, boolean>();
  readonly #addresses = new Map<string, string | undefined>();
  /** The work before may have changed what it asked itself. */
  #changing = false;

  /** `forgotten`: whoever remembers by the same rule hears of it. */
  constructor(db: Db, forgotten: () => void = () => undefined) {
    this.#forgotten = forgotten;
    this.#closed = db.prepare("SELECT 1 FROM account WHERE id = ? AND (ends_at IS NOT NULL OR state = 'ended')");
    this.#tookOver = db.prepare('SELECT 1 FROM account WHERE id = ? AND moved_to IS NOT NULL');
    this.#address = db
      .prepare<[string], string>("SELECT iif(final_at IS NULL, state, 'ended') FROM address WHERE key = ?")
      .pluck(true);
  }

  /** Before each piece of work. */
  begin(reach: Reach): void {
    const changes = reach === 'mailboxes' || reach === 'registry';
    if (changes || this.#changing) this.forget();
    this.#changing = changes;
  }

  /** After a rollback as well. */
  forget(): void {
    this.#closes.clear();
    this.#takeovers.clear();
    this.#addresses.clear();
    this.#forgotten();
  }

  /** It ended, or went to another organisation. */
  isClosed(account: number): boolean {
    return remembered(this.#closes, account, () => this.#closed.get(account) !== undefined);
  }

  wasTakenOver(account: number): boolean {
    return remembered(this.#takeovers, account, () => this.#tookOver.get(account) !== undefined);
  }

  /** Undefined: it is not registered. */
  addressState(key: string): string | undefined {
    return remembered(this.#addresses, key, () => this.#address.get(key));
  }
}

/** Asked once. */
export function remembered<K, V>(known: Map<K, V>, key: K, ask: () => V): V {
  const answer = known.get(key);
  if (answer !== undefined || known.has(key)) return answer as V;
  if (known.size >= MOST) known.clear();
  const asked = ask();
  known.set(key, asked);
  return asked;
}
