/**
 * Opens sealed content in the reader thread. A chunk's tag is verified before any of its octets leave this file.
 *
 * The tags bind message, position and end, so that they prove the whole as well; it is not hashed again (decision 1518).
 */
import type { KeyObject } from 'node:crypto';
import { type KeyFolder, KeyFolderRefused, dayOf } from '../../crypto/key-folder.ts';
import { SealBroken, openBeside, openChunk, openWhole } from '../../crypto/sealing.ts';
import { makeDiscard } from '../../platform/discard.ts';
import { idTime } from '../message-ids.ts';
import type { EntriesData, EntryData, SealedChunk, SliceData } from '../core/engine.ts';
import type { Db } from './database.ts';
import type { Outgoing } from './outgoing.ts';
import { type Sql, sqlOf } from './statements.ts';

/** [uid, message, octets, data_key, chunks, body] */
type EntryRow = [bigint, bigint, bigint, Buffer, bigint, Buffer | null];

interface OpenContent {
  readonly key: KeyObject;
  readonly chunks: number;
  next: number;
}

/** Contents that are being read by slices at the same time; the gateway's limits on sessions lie well below. */
const MAX_OPEN = 10_000;
/** Entries that one request opens at most, however small they are. */
const MAX_AHEAD = 64;

export class ContentReader {
  readonly #keys: KeyFolder;
  readonly #sql: Sql;
  readonly #open = new Map<number, OpenContent>();
  readonly #discard = makeDiscard();

  constructor(db: Db, keys: KeyFolder) {
    this.#sql = sqlOf(db);
    this.#keys = keys;
  }

  /** The entry `uid`, and those that follow while their content fits `ahead` octets: a client that fetches all asks for them next. */
  entries(out: Outgoing, account: number, uid: number, below: number, ahead: number): EntriesData | undefined {
    const rows = this.#sql.rawBig.each<EntryRow>`
      SELECT e.uid, e.message, e.octets, c.data_key, c.chunks, c.body
        FROM entry e JOIN content c ON c.message = e.message
       WHERE e.account = ${account} AND e.uid >= ${uid} AND e.uid < ${below} ORDER BY e.uid`;
    return this.#contentsOf(out, rows, uid, ahead);
  }

  /** The content of a message, whoever has it; its `uid` is 0. */
  message(out: Outgoing, message: bigint): EntriesData | undefined {
    const rows = this.#sql.rawBig.each<EntryRow>`
      SELECT 0, m.id, m.octets, c.data_key, c.chunks, c.body
        FROM content c JOIN message m ON m.id = c.message WHERE c.message = ${message}`;
    return this.#contentsOf(out, rows, 0, 0);
  }

  /** What was sealed beside the content of a copy. `damaged`: its seal does not verify. */
  submittedHeader(_out: Outgoing, message: bigint): Uint8Array | 'damaged' | undefined {
    const row = this.#sql.first<{ data_key: Buffer; submitted_header: Buffer | null }>`
      SELECT data_key, submitted_header FROM content WHERE message = ${message}`;
    if (row === undefined || row.submitted_header === null) return undefined;
    try {
      return openBeside(this.#dataKey(message, row.data_key), message, row.submitted_header);
    } catch (error) {
      if (error instanceof SealBroken || error instanceof KeyFolderRefused) return 'damaged';
      throw error;
    }
  }

  /** The next slice of a content, which `content` names from its first slice on. */
  slice(out: Outgoing, content: number, message: bigint, n: number): SliceData {
    try {
      const state = this.#stateOf(content, message, n);
      const chunk = this.#chunk(message, n);
      if (chunk === undefined) throw new SealBroken(`chunk ${n} is missing`);
      const last = n === state.chunks - 1;
      const plain = openChunk(state.key, message, n, last, { octets: chunk.sealed, tag: chunk.tag });
      this.#discard(chunk.sealed);
      state.next = n + 1;
      if (last) this.#open.delete(content);
      const octets = plain.length === plain.buffer.byteLength ? plain : new Uint8Array(plain);
      out.give(octets);
      return { kind: 'slice', octets, last };
    } catch (error) {
      if (!(error instanceof SealBroken || error instanceof KeyFolderRefused)) throw error;
      this.#open.delete(content);
      return { kind: 'damaged', why: error.message };
    }
  }

  /** Its other slices are not asked for. */
  release(_out: Outgoing, content: number): void {
    this.#open.delete(content);
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
    this.#keys.forget(day);
  }

  #chunk(message: bigint, n: number): { readonly sealed: Buffer; readonly tag: Buffer } | undefined {
    return this.#sql.first<{ sealed: Buffer; tag: Buffer }>`
      SELECT sealed, tag FROM chunk WHERE message = ${message} AND n = ${n}`;
  }

  #dataKey(message: bigint, wrapped: Buffer): KeyObject {
    return this.#keys.dataKeyOf(dayOf(idTime(message)), message, wrapped);
  }

  #contentsOf(out: Outgoing, rows: IterableIterator<EntryRow>, uid: number, ahead: number): EntriesData | undefined {
    const entries: EntryData[] = [];
    const contents: Buffer[] = [];
    let length = 0;
    for (const [found, message, octets, wrapped, chunks, body] of rows) {
      if (entries.length === 0 && Number(found) !== uid) return undefined;
      const size = Number(octets);
      if (entries.length > 0 && (body === null || length + size > ahead)) break;
      const content = body === null ? undefined : this.#openWhole(message, wrapped, size, body);
      const at = body === null ? -1 : content === undefined ? -2 : length;
      entries.push({ uid: Number(found), message, size, at, chunks: Number(chunks) });
      if (content !== undefined) {
        contents.push(content);
        length += content.length;
      }
      if (body === null || entries.length === MAX_AHEAD) break;
    }
    if (entries.length === 0) return undefined;
    const all = new Uint8Array(length);
    let at = 0;
    for (const content of contents) {
      all.set(content, at);
      at += content.length;
    }
    out.give(all);
    return { entries, octets: all };
  }

  /** Undefined when it does not verify, or is not as long as its row says: cut by that length it would end in a neighbour's octets. */
  #openWhole(message: bigint, wrapped: Buffer, size: number, body: Buffer): Buffer | undefined {
    try {
      const content = openWhole(this.#dataKey(message, wrapped), message, body);
      return content.length === size ? content : undefined;
    } catch (error) {
      if (error instanceof SealBroken || error instanceof KeyFolderRefused) return undefined;
      throw error;
    }
  }

  #stateOf(content: number, message: bigint, n: number): OpenContent {
    const known = this.#open.get(content);
    if (known !== undefined) {
      if (known.next !== n) throw new Error(`slice ${n} was asked for, ${known.next} is next`);
      return known;
    }
    if (n !== 0) throw new Error(`slice ${n} of a content that is not open`);
    if (this.#open.size >= MAX_OPEN) throw new Error(`more than ${MAX_OPEN} contents are being read`);
    const row = this.#sql.first<{ data_key: Buffer; chunks: number }>`
      SELECT data_key, chunks FROM content WHERE message = ${message}`;
    if (row === undefined) throw new SealBroken('its content is missing');
    const state: OpenContent = { key: this.#dataKey(message, row.data_key), chunks: row.chunks, next: 0 };
    this.#open.set(content, state);
    return state;
  }
}
