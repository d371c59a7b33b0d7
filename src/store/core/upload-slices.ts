/**
 * Reads a sealed body before it is filed: what protects or opens a message needs its octets, and
 * nobody else may have them yet.
 *
 * It is opened here, not in the reader thread: the data key stays with the caller of this file
 * until the acceptance carries it along.
 */
import { type KeyObject, createHash, hash } from 'node:crypto';
import { SealBroken, type Sealed, openChunk, openWhole } from '../../crypto/keys/sealing.ts';
import { ContentDamaged, StoreFailed } from '../store.ts';

/** What `accept` needs of a sealed body; kept by the store, not by the caller. */
export interface SealedParts {
  readonly octets: number;
  readonly sha256: Buffer;
  readonly dataKey: Uint8Array;
  readonly chunks: number;
  readonly day: string;
  readonly body: Uint8Array | null;
}

export interface UploadParts {
  readonly id: bigint;
  readonly key: KeyObject;
  readonly sealed: SealedParts;
  /** A stored chunk; undefined if it is missing. */
  readonly chunk: (n: number) => Promise<Sealed | undefined>;
  /** False once the body was filed or given up. */
  readonly readable: () => boolean;
}

/**
 * Slices of at most 256 KiB; each verified by its tag, and the whole by its hash before the last
 * one.
 */
export async function* uploadSlices(parts: UploadParts): AsyncGenerator<Uint8Array, void, void> {
  try {
    if (parts.sealed.body === null) yield* chunks(parts);
    else yield* whole(parts, parts.sealed.body);
  } catch (error) {
    if (!(error instanceof SealBroken)) throw error;
    throw new ContentDamaged(`The body of message ${parts.id} is damaged before it was filed: ${error.message}`);
  }
}

function* whole({ id, key, sealed, readable }: UploadParts, body: Uint8Array): Generator<Uint8Array, void, void> {
  mustBe(readable());
  const plain = openWhole(key, id, body);
  if (!hash('sha256', plain, 'buffer').equals(sealed.sha256)) throw new SealBroken('its hash does not match');
  if (plain.length > 0) yield plain;
}

async function* chunks({ id, key, sealed, chunk, readable }: UploadParts): AsyncGenerator<Uint8Array, void, void> {
  const digest = createHash('sha256');
  for (let n = 0; n < sealed.chunks; n += 1) {
    mustBe(readable());
    const stored = await chunk(n);
    mustBe(readable());
    if (stored === undefined) throw new SealBroken(`chunk ${n} is missing`);
    const last = n === sealed.chunks - 1;
    const plain = openChunk(key, id, n, last, stored);
    digest.update(plain);
    if (last && !digest.digest().equals(sealed.sha256)) throw new SealBroken('the hash of the whole does not match');
    yield plain;
  }
}

function mustBe(readable: boolean): void {
  if (!readable) throw new StoreFailed('The body was filed or given up: it can no longer be read as an upload');
}
