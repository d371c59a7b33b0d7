/**
 * Opens sealed content in the reader thread. A chunk's tag is verified before any of its octets leave this file.
 *
 * The tags bind message, position and end, so that they prove the whole as well; it is not hashed again (decision 1518).
 */
import type { KeyObject } from 'node:crypto';
import type Database from 'better-sqlite3';
import { type KeyFolder, KeyFolderRefused, dayOf } from '../../crypto/key-folder.ts';
import { SealBroken, openBeside, openChunk, openWhole } from '../../crypto/sealing.ts';
import { idTime } from '../message-ids.ts';
import type { Db } from './database.ts';
import { makeDiscard } from '../../platform/discard.ts';
import type { EntriesData, EntryData, ReaderWork, SliceData } from './reader-protocol.ts';

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
  readonly #entries: Database.Statement<[number, number, number], EntryRow>;
  readonly #content: Database.Statement<[bigint], EntryRow>;
  readonly #message: Database.Statement<[bigint], { data_key: Buffer; chunks: bigint }>;
  readonly #keysAfter: Database.Statement<[bigint, bigint, number], { message: bigint; wrapped: Buffer }>;
  readonly #chunk: Database.Statement<[bigint, number], { sealed: Buffer; tag: Buffer }>;
  readonly #header: Database.Statement<[bigint], { data_key: Buffer; submitted_header: Buffer | null }>;
  readonly #open = new Map<number, OpenContent>();
  readonly #discard = makeDiscard();

  constructor(db: Db, keys: KeyFolder) {
    this.#keys = keys;
    this.#entries = db
      .prepare<[number, number, number], EntryRow>(
        `SELECT e.uid, e.message, e.octets, c.data_key, c.chunks, c.body
           FROM entry e JOIN content c ON c.message = e.message
             WHERE e.account = ? AND e.uid >= ? AND e.uid < ? ORDER BY e.uid`,
      )
      .raw(true)
      .safeIntegers(true);
    this.#message = db
      .prepare<[bigint], { data_key: Buffer; chunks: bigint }>('SELECT data_key, chunks FROM content WHERE message = ?')
      .safeIntegers(true);
    this.#content = db
      .prepare<[bigint], EntryRow>(
        `SELECT 0, m.id, m.octets, c.data_key, c.chunks, c.body
           FROM content c JOIN message m ON m.id = c.message WHERE c.message = ?`,
      )
      .raw(true)
      .safeIntegers(true);
    this.#header = db.prepare('SELECT data_key, submitted_header FROM content WHERE message = ?');
    this.#keysAfter = db
      .prepare<[bigint, bigint, number], { message: bigint; wrapped: Buffer }>(
        'SELECT message, data_key AS wrapped FROM content WHERE message > ? AND message < ? ORDER BY message LIMIT ?',
      )
      .safeIntegers(true);
    this.#chunk = db.prepare('SELECT sealed, tag FROM chunk WHERE message = ? AND n = ?');
  }

  #dataKey(message: bigint, wrapped: Buffer): KeyObject {
    return this.#keys.dataKeyOf(dayOf(idTime(message)), message, wrapped);
  }

  /** The entry `uid`, and those that follow while their content fits `ahead` octets: a client that fetches all asks for them next. */
  entries({ account, uid, below, ahead }: ReaderWork['entry']['in'], transfer: ArrayBuffer[]): EntriesData | undefined {
    return this.#contentsOf(this.#entries.iterate(account, uid, below), uid, ahead, transfer);
  }

  /** The content of a message, whoever has it; its `uid` is 0. */
  message({ message }: ReaderWork['content']['in'], transfer: ArrayBuffer[]): EntriesData | undefined {
    return this.#contentsOf(this.#content.iterate(message), 0, 0, transfer);
  }

  /** What was sealed beside the content of a copy. */
  submittedHeader(message: bigint): ReaderWork['submittedHeader']['out'] {
    const row = this.#header.get(message);
    if (row === undefined || row.submitted_header === null) return undefined;
    try {
      return openBeside(this.#dataKey(message, row.data_key), message, row.submitted_header);
    } catch (error) {
      if (error instanceof SealBroken || error instanceof KeyFolderRefused) return 'damaged';
      throw error;
    }
  }

  #contentsOf(
    rows: IterableIterator<EntryRow>,
    uid: number,
    ahead: number,
    transfer: ArrayBuffer[],
  ): EntriesData | undefined {
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
    transfer.push(all.buffer);
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

  slice({ content, message, n }: ReaderWork['slice']['in'], transfer: ArrayBuffer[]): SliceData {
    try {
      const state = this.#stateOf(content, message, n);
      const chunk = this.#chunk.get(message, n);
      if (chunk === undefined) throw new SealBroken(`chunk ${n} is missing`);
      const last = n === state.chunks - 1;
      const plain = openChunk(state.key, message, n, last, { octets: chunk.sealed, tag: chunk.tag });
      this.#discard(chunk.sealed);
      state.next = n + 1;
      if (last) this.#open.delete(content);
      const octets = plain.length === plain.buffer.byteLength ? plain : new Uint8Array(plain);
      transfer.push(octets.buffer as ArrayBuffer);
      return { kind: 'slice', octets, last };
    } catch (error) {
      if (!(error instanceof SealBroken || error instanceof KeyFolderRefused)) throw error;
      this.#open.delete(content);
      return { kind: 'damaged', why: error.message };
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
    const row = this.#message.get(message);
    if (row === undefined) throw new SealBroken('its content is missing');
    const state: OpenContent = {
      key: this.#dataKey(message, row.data_key),
      chunks: Number(row.chunks),
      next: 0,
    };
    this.#open.set(content, state);
    return state;
  }

  /** As it is sealed: the caller has the key. */
  chunk(message: bigint, n: number): ReaderWork['upload']['out'] {
    return this.#chunk.get(message, n);
  }

  dataKeys({ after, below, limit }: ReaderWork['dataKeys']['in']): ReaderWork['dataKeys']['out'] {
    return this.#keysAfter.all(after, below, limit);
  }

  forgetDay(day: string): undefined {
    this.#keys.forget(day);
  }

  release(content: number): undefined {
    this.#open.delete(content);
  }
}
