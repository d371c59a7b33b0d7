/**
 * Requests that sent a message under a key of their sender's: kept in the transaction that files
 * it, so that after any end of the process the same request finds what became of the first one.
 *
 * Rows are added at the end of their table, and where a key stands is known in memory, as for
 * resubmissions: random keys in a b-tree of their own made a POST 7 % slower than the same message
 * over SMTP. The row is written before anything is judged: of the usual message it costs this one
 * statement, and a message whose own first copy filled the mailbox since is known all the same.
 *
 * A request found in memory may be gone or undone by now, so the caller checks that its row exists.
 */
import { instant } from '../../domain/units.ts';
import type { AcceptWork } from '../changes/accept-work.ts';
import { firstIdAt } from '../message-ids.ts';
import { REQUESTS_FOR } from '../acceptance.ts';
import type { KeptRow } from '../core/engine.ts';
import type { Db } from './database.ts';
import { type Sql, sqlOf } from './statements.ts';

/**
 * Some 40 MB, and half a second of a start. Beyond it the oldest are forgotten before their day is
 * over.
 */
const MOST = 500_000;
const HASH = 16;

export class SentRequests {
  readonly #sql: Sql;
  readonly #most: number;
  /** Ids by 48 bits of the key, as a number: text would take twice the memory. */
  readonly #ids = new Map<number, bigint>();

  constructor(db: Db, now: number, most = MOST) {
    this.#sql = sqlOf(db);
    this.#most = most;
    const rows = this.#sql.big.all<{ id: bigint; key: Buffer }>`
      SELECT id, key FROM sent_request WHERE id >= ${oldest(now)} ORDER BY id DESC LIMIT ${most}`;
    for (const { id, key } of rows.reverse()) this.#add(key, id);
  }

  /**
   * Keeps the request of a message that is about to be filed; or says what was kept under its key.
   */
  keep({ id, request, receivedAt }: AcceptWork): KeptRow | undefined {
    if (request === null) return undefined;
    const hashes = Buffer.from(request.hashes, 'latin1');
    const [key, digest] = [hashes.subarray(0, HASH), hashes.subarray(HASH)];
    const before = this.find(key, receivedAt);
    if (before !== undefined) return before;
    this.#sql.run`INSERT INTO sent_request (id, key, digest, message, answer)
      VALUES (${id}, ${key}, ${digest}, ${id}, ${request.answer})`;
    this.#add(key, id);
    return undefined;
  }

  /**
   * Frees the key of a message that was not filed. `stands`: the message that it repeats, with
   * which the request is answered.
   */
  unfiled({ id, request }: AcceptWork, stands: bigint | undefined): void {
    if (request === null) return;
    if (stands === undefined) this.#sql.run`DELETE FROM sent_request WHERE id = ${id}`;
    else this.#sql.run`UPDATE sent_request SET message = ${stands} WHERE id = ${id}`;
  }

  find(key: Uint8Array, now: number): KeptRow | undefined {
    const id = this.#ids.get(nameOf(key));
    if (id === undefined || id < oldest(now)) return undefined;
    const row = this.#sql.big.first<KeptRow & { readonly key: Buffer }>`
      SELECT key, message, digest, answer FROM sent_request WHERE id = ${id}`;
    if (row === undefined || Buffer.compare(row.key, key) !== 0) return undefined;
    const { message, digest, answer } = row;
    return { message, digest, answer };
  }

  #add(key: Uint8Array, id: bigint): void {
    const name = nameOf(key);
    this.#ids.delete(name);
    this.#ids.set(name, id);
    if (this.#ids.size <= this.#most) return;
    const first = this.#ids.keys().next();
    if (first.done !== true) this.#ids.delete(first.value);
  }
}

const oldest = (now: number): bigint => firstIdAt(instant(Math.max(0, now - REQUESTS_FOR)));

/**
 * Two keys of a day share this number once in 2,000 full memories; then the older one is forgotten.
 */
const nameOf = (key: Uint8Array): number => Buffer.from(key.buffer, key.byteOffset, key.byteLength).readUIntBE(0, 6);
