/**
 * Hints to other nodes about a commit here: mail in a mailbox, a delivery that is due, a change of
 * the registry. They are sent by NOTIFY in a transaction of its own: within one that writes, every
 * other NOTIFY would wait until that commit stands at the other place. A hint makes them look at
 * once; nobody relies on it, and what was not told is found by the looks that go on anyhow.
 */
import type { Clock, Log } from '../../domain/effects.ts';
import { milliseconds } from '../../domain/units.ts';
import { text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';

export const CHANNEL = 'sluis';
/** Time in which hints are gathered before they are sent together. */
const GATHERED = milliseconds(20);
/** Most hints in one message of at most 8,000 octets; what is left out is found without a hint. */
const MOST = 200;

export interface Hint {
  /** The node that sends it. */
  readonly from: number;
  readonly mailboxes: readonly number[];
  /** Partners with a delivery that is due. */
  readonly due: readonly number[];
  readonly registry: boolean;
  /** Counts, sealed (notified-counts.ts). */
  readonly counts?: string;
}

export type Telling = Partial<Pick<Hint, 'mailboxes' | 'due' | 'registry'>>;

export interface HintParts {
  /** Runs on a session that writes nothing else. */
  readonly run: <T>(change: Change<T>) => Promise<T>;
  readonly clock: Clock;
  readonly log: Log;
  readonly node: number;
}

export class Hints {
  readonly #p: HintParts;
  #mailboxes = new Set<number>();
  #due = new Set<number>();
  #registry = false;
  #gathering = false;
  #saying: Promise<void> = Promise.resolve();
  /** Hints that could not be sent since the start. */
  lost = 0;

  constructor(parts: HintParts) {
    this.#p = parts;
  }

  /** Tells other nodes after a commit, without waiting. */
  tell({ mailboxes = [], due = [], registry = false }: Telling): void {
    if (mailboxes.length === 0 && due.length === 0 && !registry) return;
    for (const one of mailboxes) if (this.#mailboxes.size < MOST) this.#mailboxes.add(one);
    for (const one of due) if (this.#due.size < MOST) this.#due.add(one);
    this.#registry ||= registry;
    if (this.#gathering) return;
    this.#gathering = true;
    this.#p.clock.after(GATHERED, () => {
      this.#saying = this.#saying.then(() => this.#say());
    });
  }

  /** Resolves when nothing is being sent: for tests. */
  async settled(): Promise<void> {
    await this.#saying;
  }

  async #say(): Promise<void> {
    const { node: from, run, log } = this.#p;
    const hint: Hint = { from, mailboxes: [...this.#mailboxes], due: [...this.#due], registry: this.#registry };
    this.#mailboxes = new Set();
    this.#due = new Set();
    this.#registry = false;
    this.#gathering = false;
    try {
      await run(said(JSON.stringify(hint)));
    } catch (error) {
      this.lost += 1;
      log.debug('store.hint-lost', { why: String(error) });
    }
  }
}

/** Notifies all who listen; needs a transaction of its own. */
export function* said(payload: string): Change<void> {
  yield* sql.all({ said: text })`SELECT pg_notify(${CHANNEL}, ${payload})::text AS said`;
}

/** Undefined: it is our own, or nothing that this program understands; a newer one may say more. */
export function heard(payload: string, node: number): Hint | undefined {
  let said: unknown;
  try {
    said = JSON.parse(payload);
  } catch {
    return undefined;
  }
  if (typeof said !== 'object' || said === null) return undefined;
  const { from, mailboxes, due, registry, counts } = said as Readonly<Record<string, unknown>>;
  if (typeof from !== 'number' || from === node) return undefined;
  return {
    from,
    mailboxes: numbersIn(mailboxes),
    due: numbersIn(due),
    registry: registry === true,
    ...(typeof counts === 'string' ? { counts } : {}),
  };
}

const numbersIn = (list: unknown): readonly number[] =>
  Array.isArray(list) ? list.filter((one): one is number => Number.isSafeInteger(one)).slice(0, MOST) : [];
