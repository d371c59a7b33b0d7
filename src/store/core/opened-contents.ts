/**
 * Opens sealed contents for an engine that has read their rows. A tag is verified before any octet
 * leaves this file.
 *
 * The tags bind message, position and end, so that they prove the whole as well; it is not hashed
 * again (decision 1518).
 */
import type { KeyObject } from 'node:crypto';
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../../crypto/keys/key-folder-refused.ts';
import { dayOf } from '../../domain/utc-day.ts';
import { SealBroken, openBeside, openChunk, openWhole } from '../../crypto/keys/sealing.ts';
import { idTime } from '../message-ids.ts';
import type { EntriesData, EntryData, SealedChunk, SliceData } from './engine.ts';

export type Slice = Extract<SliceData, { readonly kind: 'slice' }>;

/** [uid, message, octets, data_key, chunks, body]; `body` is null if it lies in chunks. */
export type EntryRow = readonly [
  uid: bigint | number,
  message: bigint,
  octets: bigint | number,
  dataKey: Uint8Array,
  chunks: bigint | number,
  body: Uint8Array | null,
];

/** A content that is being read by slices. */
export interface OpenContent {
  readonly key: KeyObject;
  readonly chunks: number;
  next: number;
}

/**
 * Contents that are being read by slices at the same time; the gateway's limits on sessions lie
 * well below.
 */
const MAX_OPEN = 10_000;
/** Entries that one request opens at most, however small they are. */
export const MAX_AHEAD = 64;

/**
 * True for errors about the seal of a content, or about its key; other errors are no damage of the
 * content.
 */
export const isDamage = (error: unknown): error is Error =>
  error instanceof SealBroken || error instanceof KeyFolderRefused;

export class OpenedContents<Content extends OpenContent = OpenContent> {
  readonly #keys: KeyFolder;
  readonly #open = new Map<number, Content>();

  constructor(keys: KeyFolder) {
    this.#keys = keys;
  }

  dataKey(message: bigint, wrapped: Uint8Array): KeyObject {
    return this.#keys.dataKeyOf(dayOf(idTime(message)), message, wrapped);
  }

  /**
   * The first row must be of `uid`; those that follow are taken while their contents fit `ahead`
   * octets.
   */
  entries(rows: Iterable<EntryRow>, uid: number, ahead: number): EntriesData | undefined {
    const entries: EntryData[] = [];
    const contents: Buffer[] = [];
    let length = 0;
    for (const [found, message, octets, wrapped, chunks, body] of rows) {
      if (entries.length === 0 && Number(found) !== uid) return undefined;
      const size = Number(octets);
      if (entries.length > 0 && (body === null || length + size > ahead)) break;
      const content = body === null ? undefined : this.#whole(message, wrapped, size, body);
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
    return { entries, octets: all };
  }

  /** What was sealed beside the content of a copy. `damaged`: its seal does not verify. */
  beside(message: bigint, wrapped: Uint8Array, header: Uint8Array): Uint8Array | 'damaged' {
    try {
      return openBeside(this.dataKey(message, wrapped), message, header);
    } catch (error) {
      if (isDamage(error)) return 'damaged';
      throw error;
    }
  }

  /**
   * The content `content`, whose slice `n` is asked for. Undefined: slice 0 of a content that is
   * not open yet.
   */
  at(content: number, n: number): Content | undefined {
    const known = this.#open.get(content);
    if (known !== undefined) {
      if (known.next !== n) throw new Error(`slice ${n} was asked for, ${known.next} is next`);
      return known;
    }
    if (n !== 0) throw new Error(`slice ${n} of a content that is not open`);
    if (this.#open.size >= MAX_OPEN) throw new Error(`more than ${MAX_OPEN} contents are being read`);
    return undefined;
  }

  /** The open content with this number. */
  open(content: number): Content | undefined {
    return this.#open.get(content);
  }

  begin(content: number, state: Content): Content {
    this.#open.set(content, state);
    return state;
  }

  /** Opens the next slice of `state`, and ends the content with its last one. Throws SealBroken. */
  slice(content: number, state: Content, message: bigint, chunk: SealedChunk | undefined): Slice {
    const n = state.next;
    if (chunk === undefined) throw new SealBroken(`chunk ${n} is missing`);
    const last = n === state.chunks - 1;
    const plain = openChunk(state.key, message, n, last, { octets: chunk.sealed, tag: chunk.tag });
    state.next = n + 1;
    if (last) this.#open.delete(content);
    return { kind: 'slice', octets: plain.length === plain.buffer.byteLength ? plain : new Uint8Array(plain), last };
  }

  /** Drops a content whose other slices are not wanted. */
  release(content: number): void {
    this.#open.delete(content);
  }

  forgetDay(day: string): void {
    this.#keys.forget(day);
  }

  /**
   * Undefined when it does not verify, or is not as long as its row says: cut by that length it
   * would end in a neighbour's octets.
   */
  #whole(message: bigint, wrapped: Uint8Array, size: number, body: Uint8Array): Buffer | undefined {
    try {
      const content = openWhole(this.dataKey(message, wrapped), message, body);
      return content.length === size ? content : undefined;
    } catch (error) {
      if (isDamage(error)) return undefined;
      throw error;
    }
  }
}
