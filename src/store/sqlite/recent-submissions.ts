/**
 * What was submitted in the last hour, by the key of its resubmission. In memory: a random key for
 * each message in a b-tree of its own would double what a group commit writes. Rebuilt at the start
 * from `message`, whose rows lie in the order of time.
 *
 * A message found here may be gone or undone by now, so the caller checks that it exists.
 */
import { hours, instant } from '../../domain/units.ts';
import { firstIdAt } from '../message-ids.ts';
import type { Db } from './database.ts';
import { sqlOf } from './statements.ts';

const KEPT_FOR = hours(1);
/**
 * Some 40 MB. Beyond it the oldest are forgotten, and a resubmission of one of them is delivered
 * again.
 */
const MOST = 200_000;

interface Submitted {
  readonly id: bigint;
  readonly at: number;
}

export class RecentSubmissions {
  readonly #known = new Map<string, Submitted>();
  readonly #most: number;

  constructor(db: Db, now: number, most = MOST) {
    this.#most = most;
    const from = firstIdAt(instant(Math.max(0, now - KEPT_FOR)));
    const own = sqlOf(db);
    const rows = own.big.all<{ id: bigint; key: Buffer; at: bigint }>`
      SELECT id, resubmission AS key, received_at AS at FROM message
        WHERE id >= ${from} AND resubmission IS NOT NULL ORDER BY id DESC LIMIT ${most}`;
    for (const { id, key, at } of rows.reverse()) this.add(key, id, Number(at));
  }

  get size(): number {
    return this.#known.size;
  }

  add(key: Uint8Array, id: bigint, at: number): void {
    const name = nameOf(key);
    this.#known.delete(name);
    this.#known.set(name, { id, at });
    for (const [oldest, submitted] of this.#known) {
      if (this.#known.size <= this.#most && submitted.at >= at - KEPT_FOR) break;
      this.#known.delete(oldest);
    }
  }

  /** The last message with that key, if it was accepted at `since` or later. */
  find(key: Uint8Array, since: number): bigint | undefined {
    const found = this.#known.get(nameOf(key));
    return found !== undefined && found.at >= since ? found.id : undefined;
  }
}

const nameOf = (key: Uint8Array): string => Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');
