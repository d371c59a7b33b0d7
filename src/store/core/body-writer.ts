/**
 * Takes a body, seals it here (not in the writer, which has the disk to wait for) and streams what
 * is longer than 64 KiB into the store.
 *
 * In memory: one chunk that fills (256 KiB) and one sealed chunk under way.
 */
import { type Hash, type KeyObject, createHash, createSecretKey, hash } from 'node:crypto';
import {
  CHUNK_OCTETS,
  type Sealed,
  dataKeyPurpose,
  sealBeside,
  sealChunk,
  sealWhole,
  wrapKey,
} from '../../crypto/keys/sealing.ts';
import type { RandomBytes } from '../../domain/effects.ts';
import { type MessageId, messageIdOf } from '../../domain/ids.ts';
import { type Octets, octets } from '../../domain/units.ts';
import { StoreFailed, StoreFull } from '../store.ts';
import type { BodyWriter, SealedBody } from '../body.ts';
import type { Chunk } from './engine.ts';
import { type SealedParts, uploadSlices } from './upload-slices.ts';

/** A body up to this size travels inside the accept transaction. */
export const INLINE_OCTETS = 64 * 1024;
const FIRST_OCTETS = 16 * 1024;

export interface BodyParts {
  readonly id: bigint;
  readonly day: string;
  /**
   * Resolves when octets that are sealed on this day may be written, and it is known with which
   * key; undefined: both hold already.
   */
  readonly ready: Promise<void> | undefined;
  /** The key of the day; asked for once `ready` has resolved. */
  readonly dayKey: () => KeyObject;
  readonly startedAt: number;
  /** Account whose turn the pieces of this body take; 0: the gateway's own. */
  readonly account: number;
  readonly random: RandomBytes;
  readonly maxBody: Octets;
  /** Resolves when the chunk is committed. */
  readonly store: (chunk: Chunk) => Promise<unknown>;
  /** A chunk that was committed, still sealed. */
  readonly chunk: (n: number) => Promise<Sealed | undefined>;
  /** Called when the body was filed or given up. */
  readonly ended: () => void;
  /** Removes the stored chunks of a body that was given up. Never rejects. */
  readonly giveBack: () => Promise<void>;
}

export class SealingBodyWriter implements BodyWriter {
  readonly id: MessageId;
  readonly #p: BodyParts;
  readonly #key: KeyObject;
  #buffer = Buffer.allocUnsafeSlow(FIRST_OCTETS);
  #filled = 0;
  #written = 0;
  #chunks = 0;
  #hash: Hash | undefined;
  #underway: Promise<unknown> = Promise.resolve();
  #failure: Error | undefined;
  #state: 'open' | 'sealed' | 'ended' = 'open';
  #sealed: SealedParts | undefined;
  #givenUp: Promise<void> | undefined;

  constructor(parts: BodyParts) {
    this.#p = parts;
    this.id = messageIdOf(parts.id);
    const key = parts.random(32);
    this.#key = createSecretKey(key);
    key.fill(0);
  }

  get written(): Octets {
    return octets(this.#written);
  }

  /** The sealed body; undefined before it is sealed, and once it was filed or given up. */
  get sealed(): SealedParts | undefined {
    return this.#state === 'sealed' ? this.#sealed : undefined;
  }

  async write(chunk: Uint8Array): Promise<void> {
    if (this.#state !== 'open') throw new StoreFailed('The body has ended; nothing can be written to it');
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#written + chunk.length > this.#p.maxBody)
      throw new StoreFull(`The body is longer than ${this.#p.maxBody} octets, the most that the store takes`);
    this.#written += chunk.length;
    let at = 0;
    while (at < chunk.length) {
      // A full chunk waits until more follows: whether it is the last one is sealed into it.
      if (this.#filled === CHUNK_OCTETS) await this.#sendChunk(false);
      const taken = Math.min(chunk.length - at, CHUNK_OCTETS - this.#filled);
      this.#grow(this.#filled + taken);
      this.#buffer.set(chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
    }
  }

  #grow(needed: number): void {
    if (needed <= this.#buffer.length) return;
    let size = this.#buffer.length;
    while (size < needed) size *= 4;
    const grown = Buffer.allocUnsafeSlow(Math.min(size, CHUNK_OCTETS));
    grown.set(this.#buffer.subarray(0, this.#filled));
    this.#buffer = grown;
  }

  async #sendChunk(last: boolean): Promise<void> {
    const plain = this.#buffer.subarray(0, this.#filled);
    // Hashed while the chunk under way is still committing.
    (this.#hash ??= createHash('sha256')).update(plain);
    await this.#underway;
    await this.#p.ready;
    if (this.#failure !== undefined) throw this.#failure;
    const n = this.#chunks++;
    const { octets: made, tag } = sealChunk(this.#key, this.#p.id, n, last, plain);
    // The chunk is handed over without a copy, so it must not share its memory. A version of Node
    // that pools the results of ciphers would make it a copy; no body would be damaged.
    const sealed = made.length === made.buffer.byteLength ? made : new Uint8Array(made);
    this.#filled = 0;
    this.#underway = this.#p
      .store({ id: this.#p.id, n, sealed, tag, day: this.#p.day, at: this.#p.startedAt, account: this.#p.account })
      .catch((error: unknown) => {
        this.#failure ??= error instanceof Error ? error : new StoreFailed(String(error));
      });
  }

  async seal(): Promise<SealedBody> {
    if (this.#state !== 'open') throw new StoreFailed('The body has ended already');
    if (this.#failure !== undefined) throw this.#failure;
    const inline = this.#chunks === 0 && this.#written <= INLINE_OCTETS;
    let body: Uint8Array | null = null;
    let sha256: Buffer;
    if (inline) {
      if (this.#p.ready !== undefined) await this.#p.ready;
      const plain = this.#buffer.subarray(0, this.#filled);
      sha256 = hash('sha256', plain, 'buffer');
      body = sealWhole(this.#key, this.#p.id, plain);
      this.#chunks = 1;
    } else {
      // Nothing waits for the last chunk: the acceptance comes behind it and finds it stored, or is
      // refused.
      await this.#sendChunk(true);
      // The gateway's own bodies have no turn, so the acceptance could take another one and come
      // before its chunks.
      if (this.#p.account === 0) await this.#underway;
      sha256 = (this.#hash ?? createHash('sha256')).digest();
    }
    this.#buffer = Buffer.alloc(0);
    this.#sealed = {
      octets: this.#written,
      sha256,
      dataKey: this.#wrap(),
      chunks: this.#chunks,
      day: this.#p.day,
      body,
    };
    // A body given up while its last chunk was under way stays given up.
    if (this.#isOpen()) this.#state = 'sealed';
    return {
      id: this.id,
      octets: octets(this.#written),
      sha256: sha256.toString('hex'),
      slices: () => this.#slices(),
    };
  }

  async *#slices(): AsyncGenerator<Uint8Array, void, void> {
    // The last chunk may still be on its way to the disk.
    await this.#underway;
    if (this.#failure !== undefined) throw this.#failure;
    const { id, chunk } = this.#p;
    const sealed = this.sealed;
    if (sealed === undefined)
      throw new StoreFailed('The body was filed or given up: it can no longer be read as an upload');
    yield* uploadSlices({ id, key: this.#key, sealed, chunk, readable: () => this.#state === 'sealed' });
  }

  /** Key of the body, wrapped with that of the day. */
  #wrap(): Uint8Array {
    const { id, dayKey, random } = this.#p;
    const plain = this.#key.export();
    const wrapped = wrapKey(dayKey(), plain, dataKeyPurpose(id), random);
    plain.fill(0);
    return wrapped;
  }

  /**
   * Seals octets with the body's key, which are kept as long as its content. Once for each body.
   */
  sealBeside(octets: Uint8Array): Uint8Array {
    return sealBeside(this.#key, this.#p.id, octets);
  }

  #isOpen(): boolean {
    return this.#state === 'open';
  }

  /** The body was filed. */
  filed(): void {
    this.#end();
  }

  #end(): void {
    if (this.#state === 'ended') return;
    this.#state = 'ended';
    this.#buffer = Buffer.alloc(0);
    this.#sealed = undefined;
    this.#p.ended();
  }

  async abort(): Promise<void> {
    if (this.#state !== 'ended') this.#givenUp ??= this.#giveUp();
    await this.#givenUp;
  }

  async #giveUp(): Promise<void> {
    this.#failure ??= new StoreFailed('The body was given up');
    await this.#underway;
    this.#end();
    if (this.#hash !== undefined) await this.#p.giveBack();
  }
}
