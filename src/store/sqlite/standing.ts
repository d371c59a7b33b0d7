/**
 * The states of accounts and addresses as a filing needs them: whether an account may no longer
 * send, or was taken over by another one, and whether an address is active.
 *
 * Remembered from one filing to the next, since the writer is the only one who changes the
 * registry: three statements of each message were these questions, with the same answer each time.
 * Every piece of work that may change an answer makes all of them forgotten (`begin`).
 */
import type { Db } from './database.ts';
import type { Reach } from '../core/reach.ts';
import { type Sql, sqlOf } from './statements.ts';

/** Answers that are remembered of each question. */
const MOST = 50_000;

export class Standing {
  readonly #forgotten: () => void;
  readonly #sql: Sql;
  readonly #closes = new Map<number, boolean>();
  readonly #takeovers = new Map<number, boolean>();
  readonly #addresses = new Map<string, string | undefined>();
  /** The previous piece of work may have changed what it asked itself. */
  #changing = false;

  /** `forgotten`: called when everything is forgotten, for other memories with the same rule. */
  constructor(db: Db, forgotten: () => void = () => undefined) {
    this.#forgotten = forgotten;
    this.#sql = sqlOf(db);
  }

  /** Called before each piece of work. */
  begin(reach: Reach): void {
    const changes = reach === 'mailboxes' || reach === 'registry';
    if (changes || this.#changing) this.forget();
    this.#changing = changes;
  }

  /** Forgets what was read; called after a rollback as well. */
  forget(): void {
    this.#closes.clear();
    this.#takeovers.clear();
    this.#addresses.clear();
    this.#forgotten();
  }

  /** True: the account ended, or went to another organisation. */
  isClosed(account: number): boolean {
    const ask = (): unknown =>
      this.#sql.value`SELECT 1 FROM account WHERE id = ${account} AND (ends_at IS NOT NULL OR state = 'ended')`;
    return remembered(this.#closes, account, () => ask() !== undefined);
  }

  wasTakenOver(account: number): boolean {
    const ask = (): unknown => this.#sql.value`SELECT 1 FROM account WHERE id = ${account} AND moved_to IS NOT NULL`;
    return remembered(this.#takeovers, account, () => ask() !== undefined);
  }

  /** Undefined: it is not registered. */
  addressState(key: string): string | undefined {
    const ask = (): string | undefined =>
      this.#sql.value`SELECT iif(final_at IS NULL, state, 'ended') FROM address WHERE key = ${key}`;
    return remembered(this.#addresses, key, ask);
  }
}

/** Remembers the answer of `ask` for each key. */
export function remembered<K, V>(known: Map<K, V>, key: K, ask: () => V): V {
  const answer = known.get(key);
  if (answer !== undefined || known.has(key)) return answer as V;
  if (known.size >= MOST) known.clear();
  const asked = ask();
  known.set(key, asked);
  return asked;
}
