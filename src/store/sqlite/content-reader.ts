/** Reads sealed content in the reader thread (core/opened-contents.ts opens it). */
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { SealBroken } from '../../crypto/keys/sealing.ts';
import { makeDiscard } from '../../platform/discard.ts';
import type { EntriesData, SealedChunk, SliceData } from '../core/engine.ts';
import { type EntryRow, type OpenContent, OpenedContents, isDamage } from '../core/opened-contents.ts';
import type { Db } from './database.ts';
import type { Outgoing } from './outgoing.ts';
import { type Sql, sqlOf } from './statements.ts';

export class ContentReader {
  readonly #sql: Sql;
  readonly #opened: OpenedContents;
  readonly #discard = makeDiscard();

  constructor(db: Db, keys: KeyFolder) {
    this.#sql = sqlOf(db);
    this.#opened = new OpenedContents(keys);
  }

  /**
   * The entry `uid`, and those that follow while their content fits `ahead` octets: a client that
   * fetches all asks for them next.
   */
  entries(out: Outgoing, account: number, uid: number, below: number, ahead: number): EntriesData | undefined {
    const rows = this.#sql.rawBig.each<EntryRow>`
      SELECT e.uid, e.message, e.octets, c.data_key, c.chunks, c.body
        FROM entry e JOIN content c ON c.message = e.message
       WHERE e.account = ${account} AND e.uid >= ${uid} AND e.uid < ${below} ORDER BY e.uid`;
    return this.#given(out, this.#opened.entries(rows, uid, ahead));
  }

  /** The content of a message, whoever has it; its `uid` is 0. */
  message(out: Outgoing, message: bigint): EntriesData | undefined {
    const rows = this.#sql.rawBig.each<EntryRow>`
      SELECT 0, m.id, m.octets, c.data_key, c.chunks, c.body
        FROM content c JOIN message m ON m.id = c.message WHERE c.message = ${message}`;
    return this.#given(out, this.#opened.entries(rows, 0, 0));
  }

  /** What was sealed beside the content of a copy. `damaged`: its seal does not verify. */
  submittedHeader(_out: Outgoing, message: bigint): Uint8Array | 'damaged' | undefined {
    const row = this.#sql.first<{ data_key: Buffer; submitted_header: Buffer | null }>`
      SELECT data_key, submitted_header FROM content WHERE message = ${message}`;
    if (row === undefined || row.submitted_header === null) return undefined;
    return this.#opened.beside(message, row.data_key, row.submitted_header);
  }

  /** The next slice of a content, which `content` names from its first slice on. */
  slice(out: Outgoing, content: number, message: bigint, n: number): SliceData {
    try {
      const state = this.#opened.at(content, n) ?? this.#begin(content, message);
      const chunk = this.#chunk(message, n);
      const slice = this.#opened.slice(content, state, message, chunk);
      if (chunk !== undefined) this.#discard(chunk.sealed);
      out.give(slice.octets);
      return slice;
    } catch (error) {
      if (!isDamage(error)) throw error;
      this.#opened.release(content);
      return { kind: 'damaged', why: error.message };
    }
  }

  /** Its other slices are not asked for. */
  release(_out: Outgoing, content: number): void {
    this.#opened.release(content);
  }

  /** A chunk of a body that was not filed yet, as it is sealed: the caller has the key. */
  upload(_out: Outgoing, message: bigint, n: number): SealedChunk | undefined {
    return this.#chunk(message, n);
  }

  /** Sealed keys of messages, a page. */
  dataKeys(
    _out: Outgoing,
    after: bigint,
    below: bigint,
    limit: number,
  ): readonly { readonly message: bigint; readonly wrapped: Uint8Array }[] {
    return this.#sql.big.all<{ message: bigint; wrapped: Uint8Array }>`
      SELECT message, data_key AS wrapped FROM content
       WHERE message > ${after} AND message < ${below} ORDER BY message LIMIT ${limit}`;
  }

  /** The key of a day was destroyed: no thread keeps it in memory. */
  forgetDay(_out: Outgoing, day: string): void {
    this.#opened.forgetDay(day);
  }

  #chunk(message: bigint, n: number): SealedChunk | undefined {
    return this.#sql.first<SealedChunk>`
      SELECT sealed, tag FROM chunk WHERE message = ${message} AND n = ${n}`;
  }

  #given(out: Outgoing, data: EntriesData | undefined): EntriesData | undefined {
    if (data !== undefined) out.give(data.octets);
    return data;
  }

  #begin(content: number, message: bigint): OpenContent {
    const row = this.#sql.first<{ data_key: Buffer; chunks: number }>`
      SELECT data_key, chunks FROM content WHERE message = ${message}`;
    if (row === undefined) throw new SealBroken('its content is missing');
    const key = this.#opened.dataKey(message, row.data_key);
    return this.#opened.begin(content, { key, chunks: row.chunks, next: 0 });
  }
}
