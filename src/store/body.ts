/**
 * Octets of a message: as they come in, as they are kept until they are filed, and as they are read
 * again.
 */
import type { MessageId } from '../domain/ids.ts';
import type { Octets } from '../domain/units.ts';

/**
 * Takes one message's octets (canonical: CRLF line ends, un-stuffed, ending in CRLF). Holds at most
 * 512 KiB of them in memory: await each write. Octets are copied or handed on before `write`
 * resolves; the caller may not change `chunk` until then.
 */
export interface BodyWriter {
  readonly id: MessageId;
  /** Octets taken so far. */
  readonly written: Octets;
  /** Rejects with StoreFull or StoreFailed. */
  write(chunk: Uint8Array): Promise<void>;
  /** Ends the body. A sealed body is filed by one `accept`, or given up by `abort`. */
  seal(): Promise<SealedBody>;
  /**
   * Gives the body up, also after `seal`. What was stored of it is gone when this resolves; what a
   * crash leaves over is swept. Never rejects.
   */
  abort(): Promise<void>;
}

/**
 * Of octets that come in slices. 16 octets: to be compared inside the gateway, and shown to nobody.
 */
export interface ContentFingerprint {
  /** Octets in order; read before this returns. */
  update(octets: Uint8Array): void;
  /** Once, behind the last octet. */
  digest(): Uint8Array;
}

export interface SealedBody {
  readonly id: MessageId;
  readonly octets: Octets;
  /** SHA-256 of the canonical octets, 64 hexadecimal digits. */
  readonly sha256: string;
  /**
   * The octets again, as often as needed until the body is filed or given up: slices of at most 256
   * KiB, verified as those of `StoredContent`. Throws StoreFailed after that, ContentDamaged where
   * they do not verify.
   */
  slices(): AsyncIterable<Uint8Array>;
}

/** A message's octets, to be read as often as needed. */
export interface StoredContent {
  readonly id: MessageId;
  readonly octets: Octets;
  /** Slices of at most 256 KiB. Returning early from the iteration ends the read. */
  slices(): AsyncIterable<Uint8Array>;
  /**
   * Nothing refers to this slice any more: its memory goes at once, without waiting for the garbage
   * collector. Need not be called; a slice that was released must never be looked at again, and a
   * content of a single slice not be read again.
   */
  release?(slice: Uint8Array): void;
}
