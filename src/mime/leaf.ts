/**
 * One leaf of a message's tree of parts: what it says of itself, and what its decoded octets are.
 */
import { type Hash, createHash, hash } from 'node:crypto';
import type { MessagePart, TransferEncoding } from '../domain/message-part.ts';
import { Base64Decoder } from './base64-decoder.ts';
import type { ContentFields } from './content-fields.ts';
import { QuotedPrintableDecoder } from './quoted-printable-decoder.ts';
import type { TransferDecoder } from './transfer-decoder.ts';
import { UuScanner } from './uu-scanner.ts';

/** Looks at a leaf's decoded octets as they pass. */
export interface LeafObserver {
  /** `octets` are valid until the call returns. */
  write(octets: Buffer): void;
  end(): void;
}

export type Observe = (path: string, fields: LeafFields) => LeafObserver | undefined;

/** What the header of a leaf says of it. */
export type LeafFields = Pick<ContentFields, 'type' | 'name' | 'encoding' | 'charset'>;

/** Takes the encoded octets of one leaf and makes its `MessagePart`. */
export class LeafRecorder {
  readonly path: string;
  readonly #fields: LeafFields;
  readonly #decoder: TransferDecoder | undefined;
  readonly #observer: LeafObserver | undefined;
  readonly #uu: UuScanner | undefined;
  #octets = 0;
  /**
   * Octets that are not hashed yet. A leaf that comes in one slice is hashed in one call, at a
   * third of the cost.
   */
  #pending: Buffer | undefined;
  #hash: Hash | undefined;
  #exact = true;
  #part: MessagePart | undefined;

  /**
   * `openFile` gives the recorder of a uuencoded file found inside, undefined if there may be no
   * more leaves.
   */
  constructor(
    path: string,
    fields: LeafFields,
    observe: Observe | undefined,
    openFile?: (path: string, name: string) => LeafRecorder | undefined,
  ) {
    this.path = path;
    this.#fields = fields;
    this.#decoder = decoderFor(fields.encoding);
    this.#observer = observe?.(path, fields);
    if (openFile !== undefined && (fields.type === 'text/plain' || fields.encoding === 'uuencode')) {
      let files = 0;
      this.#uu = new UuScanner((name) => openFile(`${path}.u${++files}`, name));
    }
  }

  write(slice: Buffer): void {
    if (this.#decoder === undefined) return this.take(slice);
    // The decoder is about to write over the memory that is pending.
    this.flush();
    this.take(this.#decoder.push(slice));
  }

  /** Takes decoded octets. */
  take(octets: Buffer): void {
    if (octets.length === 0) return;
    this.flush();
    this.#pending = octets;
    this.#octets += octets.length;
    this.#observer?.write(octets);
    this.#uu?.push(octets);
  }

  /** Hashes what is pending, since its memory belongs to the caller. */
  flush(): void {
    if (this.#pending === undefined) return;
    (this.#hash ??= createHash('sha256')).update(this.#pending);
    this.#pending = undefined;
  }

  /** Notes that two programs may read this leaf differently. */
  doubt(): void {
    this.#exact = false;
  }

  /** The first call ends the leaf; later ones give the same part. */
  end(): MessagePart {
    return (this.#part ??= this.#finish());
  }

  #finish(): MessagePart {
    if (this.#decoder !== undefined) {
      this.flush();
      this.take(this.#decoder.end());
      if (!this.#decoder.exact) this.doubt();
    }
    this.#observer?.end();
    this.#uu?.end();
    const { type, name, encoding } = this.#fields;
    return { path: this.path, type, name, encoding, octets: this.#octets, sha256: this.#digest(), exact: this.#exact };
  }

  #digest(): string {
    if (this.#hash === undefined) return hash('sha256', this.#pending ?? '', 'hex');
    this.flush();
    return this.#hash.digest('hex');
  }
}

function decoderFor(encoding: TransferEncoding): TransferDecoder | undefined {
  if (encoding === 'base64') return new Base64Decoder();
  return encoding === 'quoted-printable' ? new QuotedPrintableDecoder() : undefined;
}
