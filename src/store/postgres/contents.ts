/**
 * Reads sealed contents from PostgreSQL. Each method is one query, seldom two: small bodies come
 * with those that follow them, large ones four chunks at a time, which was measured twice as quick
 * as one chunk at a time and holds 1 MB for each reading.
 */
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { SealBroken } from '../../crypto/keys/sealing.ts';
import { makeDiscard } from '../../platform/discard.ts';
import type { EngineContents, EntriesData, SealedChunk, SliceData } from '../core/engine.ts';
import { type EntryRow, MAX_AHEAD, OpenedContents, type OpenContent, isDamage } from '../core/opened-contents.ts';
import { wholeBody } from '../core/whole-body.ts';
import { type Column, bytes, int, long, orNull } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';

/** Runs one read on one of the reading sessions. */
export type Read = <T>(read: Change<T>) => Promise<T>;

/** Chunks that one query brings. */
const CHUNKS = 4;
/**
 * Chunks that were read ahead and wait, for all readings together: 64 MB. Beyond it each reads what
 * it asks for.
 */
const MOST_WAITING = 256;

interface OpenReading extends OpenContent {
  /** Chunks that follow, from `next` on. */
  readonly waiting: SealedChunk[];
}

const ENTRY = { uid: int, message: long, octets: int, dataKey: bytes, chunks: int, body: orNull(bytes) };
const CHUNK = { sealed: bytes, tag: bytes };
const rowOf = (row: {
  readonly [K in keyof typeof ENTRY]: (typeof ENTRY)[K] extends Column<infer T> ? T : never;
}): EntryRow => [row.uid, row.message, row.octets, row.dataKey, row.chunks, row.body];

export class PostgresContents implements EngineContents {
  readonly #read: Read;
  readonly #opened: OpenedContents<OpenReading>;
  readonly #discard = makeDiscard();
  #waiting = 0;

  constructor(read: Read, keys: KeyFolder) {
    this.#read = read;
    this.#opened = new OpenedContents(keys);
  }

  /** Chunks that wait for the sessions that read them. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * The entry `uid`, and those that follow while their content fits `ahead` octets: a client that
   * fetches all asks for them next.
   */
  async entries(account: number, uid: number, below: number, ahead: number): Promise<EntriesData | undefined> {
    const rows = await this.#read(entriesOf(account, uid, below, ahead));
    return this.#opened.entries(rows.map(rowOf), uid, ahead);
  }

  /** The content of a message, whoever has it; its `uid` is 0. */
  async message(message: bigint): Promise<EntriesData | undefined> {
    const rows = await this.#read(messageOf(message));
    return this.#opened.entries(rows.map(rowOf), 0, 0);
  }

  /** What was sealed beside the content of a copy. `damaged`: its seal does not verify. */
  async submittedHeader(message: bigint): Promise<Uint8Array | 'damaged' | undefined> {
    const row = await this.#read(headerOf(message));
    if (row === undefined || row.submittedHeader === null) return undefined;
    return this.#opened.beside(message, row.dataKey, row.submittedHeader);
  }

  /** The next slice of a content, which `content` names from its first slice on. */
  async slice(content: number, message: bigint, n: number): Promise<SliceData> {
    try {
      const state = this.#opened.at(content, n) ?? (await this.#begin(content, message));
      if (state.waiting.length === 0) await this.#fetch(state, message);
      const chunk = state.waiting.shift();
      if (chunk !== undefined) this.#waiting -= 1;
      const slice = this.#opened.slice(content, state, message, chunk);
      if (chunk !== undefined) this.#discard(chunk.sealed);
      return slice;
    } catch (error) {
      this.#release(content);
      if (!isDamage(error)) throw error;
      return { kind: 'damaged', why: error.message };
    }
  }

  /** Its other slices are not asked for. */
  release(content: number): Promise<void> {
    this.#release(content);
    return Promise.resolve();
  }

  /** A chunk of a body that was not filed yet, as it is sealed: the caller has the key. */
  async upload(message: bigint, n: number): Promise<SealedChunk | undefined> {
    const [chunk] = await this.#read(chunksOf(message, n, n + 1));
    return chunk;
  }

  /** Sealed keys of messages, a page. */
  async dataKeys(
    after: bigint,
    below: bigint,
    limit: number,
  ): Promise<readonly { readonly message: bigint; readonly wrapped: Uint8Array }[]> {
    return await this.#read(keysOf(after, below, limit));
  }

  /** The key of a day was destroyed: it is in no memory either. */
  forgetDay(day: string): Promise<void> {
    this.#opened.forgetDay(day);
    return Promise.resolve();
  }

  async #begin(content: number, message: bigint): Promise<OpenReading> {
    const row = await this.#read(contentOf(message));
    if (row === undefined) throw new SealBroken('its content is missing');
    const { dataKey, chunks } = row;
    const key = this.#opened.dataKey(message, dataKey);
    return this.#opened.begin(content, { key, chunks, next: 0, waiting: [] });
  }

  /** The chunk that is next, and those behind it. */
  async #fetch(state: OpenReading, message: bigint): Promise<void> {
    const chunks = this.#waiting + CHUNKS > MOST_WAITING ? 1 : CHUNKS;
    const found = await this.#read(chunksOf(message, state.next, Math.min(state.next + chunks, state.chunks)));
    // One that is missing shows when it is asked for.
    for (const [i, chunk] of found.entries()) if (chunk.n === state.next + i) state.waiting.push(chunk);
    this.#waiting += state.waiting.length;
  }

  #release(content: number): void {
    const state = this.#opened.open(content);
    this.#opened.release(content);
    if (state === undefined) return;
    this.#waiting -= state.waiting.length;
    for (const { sealed } of state.waiting) this.#discard(sealed);
    state.waiting.length = 0;
  }
}

/** In the order of uids, the sums of octets decide how far: bodies that do not fit are not read. */
const entriesOf = (account: number, uid: number, below: number, ahead: number) => sql.all(ENTRY)`
  SELECT e.uid, e.message, e.octets, c.data_key, c.chunks, ${wholeBody}
    FROM (SELECT uid, message, octets, sum(octets) OVER (ORDER BY uid) AS total FROM entry
           WHERE account = ${account} AND uid >= ${uid} AND uid < ${below} ORDER BY uid LIMIT ${ahead === 0 ? 1 : MAX_AHEAD}) e
    JOIN content c ON c.message = e.message
   WHERE e.uid = ${uid} OR e.total <= ${ahead} ORDER BY e.uid`;

const messageOf = (message: bigint) => sql.all(ENTRY)`
  SELECT 0 AS uid, m.id AS message, m.octets, c.data_key, c.chunks, ${wholeBody}
    FROM content c JOIN message m ON m.id = c.message WHERE c.message = ${message}`;

const headerOf = (message: bigint) => sql.first({ dataKey: bytes, submittedHeader: orNull(bytes) })`
  SELECT data_key, submitted_header FROM content WHERE message = ${message}`;

const contentOf = (message: bigint) => sql.first({ dataKey: bytes, chunks: int })`
  SELECT data_key, chunks FROM content WHERE message = ${message}`;

const chunksOf = (message: bigint, from: number, below: number) => sql.all({ n: int, ...CHUNK })`
  SELECT n, sealed, tag FROM chunk WHERE message = ${message} AND n >= ${from} AND n < ${below} ORDER BY n`;

const keysOf = (after: bigint, below: bigint, limit: number) => sql.all({ message: long, wrapped: bytes })`
  SELECT message, data_key AS wrapped FROM content
   WHERE message > ${after} AND message < ${below} ORDER BY message LIMIT ${limit}`;
