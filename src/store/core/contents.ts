/**
 * Content on its way out. Small bodies come whole from the reader, with those of the next entries
 * behind them, because a client that fetches all asks for them next: most RETRs then need no other
 * thread. Large ones come slice by slice, one under way for each reading.
 */
import type { Log } from '../../domain/effects.ts';
import { type AccountId, type EntryUid, type MessageId, messageIdOf, messageNumber } from '../../domain/ids.ts';
import { type Octets, octets } from '../../domain/units.ts';
import { makeDiscard } from '../../platform/discard.ts';
import { ContentDamaged } from '../store.ts';
import type { StoredContent } from '../body.ts';
import type { EngineContents, EntriesData, EntryData } from './engine.ts';

/**
 * Read ahead in the first request of a session, which may be its only one, and in those that follow
 * in sequence.
 */
const FIRST_AHEAD = 32 * 1024;
const NEXT_AHEAD = 128 * 1024;
/** Read ahead for all sessions together; beyond it each reads what it asks for. */
const ALL_AHEAD = 16 * 1024 * 1024;

/** What one request brought: the contents of several entries in one piece of memory. */
interface Block {
  readonly octets: Uint8Array;
  /** Contents of it that somebody may still look at. */
  left: number;
}

interface Ready {
  readonly entry: EntryData;
  readonly content: Uint8Array;
}

/** What was read ahead for one lock. */
export interface ReadAhead {
  readonly ready: Map<number, Ready>;
  block: Block;
  /**
   * The uid behind the last one that was read ahead: asked for next, the client reads in sequence.
   */
  next: number;
  held: number;
  /**
   * Somebody waits for the reader to fill it. Who comes meanwhile gets what it asks for and no
   * more.
   */
  filling: boolean;
}

class SmallContent implements StoredContent {
  readonly id: MessageId;
  readonly octets: Octets;
  #content: Uint8Array | undefined;
  readonly #released: () => void;

  constructor(id: MessageId, content: Uint8Array, released: () => void) {
    this.id = id;
    this.octets = octets(content.length);
    this.#content = content;
    this.#released = released;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- a generator of one value that is there; the port is asynchronous
  async *slices(): AsyncGenerator<Uint8Array> {
    if (this.#content === undefined) throw new RangeError('The content was released and cannot be read again');
    if (this.#content.length > 0) yield this.#content;
  }

  release(): void {
    if (this.#content === undefined) return;
    this.#content = undefined;
    this.#released();
  }
}

type ContentCalls = Pick<EngineContents, 'entries' | 'message' | 'submittedHeader' | 'slice' | 'release'>;

export class Contents {
  readonly #reader: ContentCalls;
  readonly #log: Log;
  readonly #discard = makeDiscard();
  #numbers = 0;
  #held = 0;

  constructor(reader: ContentCalls, log: Log) {
    this.#reader = reader;
    this.#log = log;
  }

  /** Octets read ahead for all locks. */
  get held(): number {
    return this.#held;
  }

  readAhead(): ReadAhead {
    return { ready: new Map(), block: { octets: new Uint8Array(0), left: 0 }, next: -1, held: 0, filling: false };
  }

  drop(ahead: ReadAhead): void {
    this.#let(ahead.block, ahead.ready.size);
    ahead.ready.clear();
    this.#held -= ahead.held;
    ahead.held = 0;
  }

  async open(account: AccountId, uid: EntryUid, below: number, ahead: ReadAhead): Promise<StoredContent> {
    const ready = ahead.ready.get(uid);
    if (ready !== undefined) {
      ahead.ready.delete(uid);
      if (ahead.ready.size === 0) this.drop(ahead);
      return this.#contentOf(ready.entry, ready.content, ahead.block);
    }
    if (ahead.filling) return this.#take(await this.#entries(account, uid, below, 0), this.readAhead());
    const sequential = ahead.next >= 0 && uid >= ahead.next;
    this.drop(ahead);
    const room = this.#held < ALL_AHEAD ? (sequential ? NEXT_AHEAD : FIRST_AHEAD) : 0;
    ahead.filling = true;
    try {
      return this.#take(await this.#entries(account, uid, below, room), ahead);
    } finally {
      ahead.filling = false;
    }
  }

  async #entries(account: AccountId, uid: EntryUid, below: number, room: number): Promise<EntriesData> {
    const data = await this.#reader.entries(account, uid, below, room);
    if (data === undefined) throw new RangeError(`There is no entry ${uid} in the maildrop of account ${account}`);
    return data;
  }

  /** A message's content by itself; undefined when it is no longer kept. */
  async openMessage(id: MessageId): Promise<StoredContent | undefined> {
    const data = await this.#reader.message(messageNumber(id));
    return data === undefined ? undefined : this.#take(data, this.readAhead());
  }

  async submittedHeader(copy: MessageId): Promise<Buffer | undefined> {
    const header = await this.#reader.submittedHeader(messageNumber(copy));
    if (header === 'damaged') throw this.#damaged(copy, 'the seal of the submitted header does not verify');
    return header === undefined ? undefined : Buffer.from(header.buffer, header.byteOffset, header.byteLength);
  }

  #take({ entries, octets: all }: EntriesData, ahead: ReadAhead): StoredContent {
    const [first, ...following] = entries;
    if (first === undefined) throw new RangeError('The reader found no entry');
    const contentOf = (entry: EntryData): Uint8Array =>
      entry.at < 0 ? new Uint8Array(0) : all.subarray(entry.at, entry.at + entry.size);
    const block: Block = { octets: all, left: entries.length };
    for (const entry of following) ahead.ready.set(entry.uid, { entry, content: contentOf(entry) });
    ahead.block = block;
    ahead.next = (entries.at(-1)?.uid ?? 0) + 1;
    if (following.length > 0) {
      ahead.held = all.length;
      this.#held += all.length;
    }
    return this.#contentOf(first, contentOf(first), block);
  }

  /** So many contents of a block are done with; with the last one its memory goes. */
  #let(block: Block, contents: number): void {
    block.left -= contents;
    if (block.left === 0) this.#discard(block.octets);
  }

  #contentOf(entry: EntryData, content: Uint8Array, block: Block): StoredContent {
    const id = messageIdOf(entry.message);
    if (entry.at >= 0) return new SmallContent(id, content, () => this.#let(block, 1));
    if (entry.at === -2) throw this.#damaged(id, 'its seal does not verify, or its length is another');
    return {
      id,
      octets: octets(entry.size),
      slices: () => this.#slices(entry, id),
      release: (slice) => this.#discard(slice),
    };
  }

  async *#slices({ message, size }: EntryData, id: MessageId): AsyncGenerator<Uint8Array> {
    const content = ++this.#numbers;
    // The reader closes it by itself after the last slice and after damage.
    let open = true;
    let seen = 0;
    try {
      for (let n = 0; open; n += 1) {
        const slice = await this.#reader.slice(content, message, n);
        open = slice.kind === 'slice' && !slice.last;
        if (slice.kind === 'damaged') throw this.#damaged(id, slice.why);
        seen += slice.octets.length;
        if (seen > size || (slice.last && seen < size))
          throw this.#damaged(id, `it has ${slice.last ? seen : `more than ${size}`} octets, expected ${size}`);
        yield slice.octets;
      }
    } finally {
      if (open) this.#reader.release(content).catch(() => undefined);
    }
  }

  #damaged(id: MessageId, why: string): ContentDamaged {
    this.#log.error('store.content-damaged', { id, why });
    return new ContentDamaged(
      `The stored content of message ${id} is damaged: ${why}; it is not handed out. Keep the database, restore the message from a backup`,
    );
  }
}
