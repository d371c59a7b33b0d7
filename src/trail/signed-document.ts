/**
 * A signed document: one mail message (multipart/signed, RFC 8551) with a text for people and files
 * for programs, that any editor shows, any mail program opens and `openssl cms -verify` checks.
 *
 * The same content at the same time gives the same octets, and every octet of the file follows from
 * what is signed: so a reader that writes it again finds each change, also one where no signature
 * reaches.
 */
import { createHash } from 'node:crypto';
import { evidenceAddress, type EvidenceKey } from '../crypto/trail/evidence-keys.ts';
import { clearSigned, type Entity } from '../crypto/smime/protect.ts';
import type { Instant } from '../domain/units.ts';
import { base64Lines } from '../mime/base64-encoder.ts';
import { formatDate } from '../mime/date.ts';

export const DOCUMENT_FORMAT = 'sluis signed document 1';

export interface DocumentHead {
  readonly hostname: string;
  /** One line of ASCII. */
  readonly subject: string;
  readonly made: Instant;
}

export interface DocumentPart {
  /** A file name: letters, digits, `-` and `.`. */
  readonly name: string;
  readonly type: string;
  /** UTF-8 text in pieces, with LF as line end. */
  readonly text: () => AsyncIterable<string> | Iterable<string>;
}

/** Part that every document ends with: what it is, and what the others come to. */
export const ABOUT = 'about.json';

export interface DocumentAbout {
  readonly format: typeof DOCUMENT_FORMAT;
  readonly hostname: string;
  readonly subject: string;
  /** Milliseconds since 1970. */
  readonly made: number;
  readonly parts: readonly { readonly name: string; readonly octets: number; readonly sha256: string }[];
}

/** Never in base64, nor at the beginning of a line of the text: such a line gets a blank. */
export const partBoundary = '=_sluis-part';
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

export const outerHeader = ({ hostname, subject, made }: DocumentHead): Buffer =>
  latin1(
    `From: Evidence <${evidenceAddress(hostname)}>\r\nDate: ${formatDate(made)}\r\nSubject: ${subject}\r\nMIME-Version: 1.0\r\n`,
  );

/** The text from which `clearSigned` makes its boundary. */
const boundarySeed = (head: DocumentHead): Buffer =>
  createHash('sha256')
    .update(JSON.stringify([head.hostname, head.subject, head.made]))
    .digest()
    .subarray(0, 16);
export const outerBoundary = (head: DocumentHead): string => `sluis-${boundarySeed(head).toString('hex')}`;

/**
 * `text` is shown by mail programs. Throws what its sources throw; nothing half made has a
 * signature.
 */
export async function* signedDocument(
  head: DocumentHead,
  { text, parts }: { readonly text: string; readonly parts: readonly DocumentPart[] },
  { certificate, privateKey }: EvidenceKey,
): Entity {
  yield outerHeader(head);
  const signing = { signers: [{ certificate, privateKey }], signingTime: head.made };
  yield* clearSigned(content(head, text, parts), signing, { random: () => boundarySeed(head), eightBit: true });
}

async function* content(head: DocumentHead, text: string, parts: readonly DocumentPart[]): Entity {
  yield latin1(`Content-Type: multipart/mixed; boundary="${partBoundary}"\r\nContent-Transfer-Encoding: 8bit\r\n\r\n`);
  yield latin1(
    `--${partBoundary}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n` +
      'Content-Disposition: inline; filename="summary.txt"\r\n\r\n',
  );
  yield Buffer.from(asLines(text));
  const told: DocumentAbout['parts'][number][] = [];
  for (const part of parts) {
    const counted = new Counted(part.text());
    yield* attachment(part, counted.octets());
    told.push({ name: part.name, ...counted.told() });
  }
  const about: DocumentAbout = { format: DOCUMENT_FORMAT, ...head, parts: told };
  yield* attachment(
    { name: ABOUT, type: 'application/json' },
    new Counted([`${JSON.stringify(about, undefined, 1)}\n`]).octets(),
  );
  yield latin1(`\r\n--${partBoundary}--`);
}

const asLines = (text: string): string =>
  text
    .split('\n')
    .map((line) => (line.startsWith('--') ? ` ${line}` : line))
    .join('\r\n');

async function* attachment({ name, type }: Pick<DocumentPart, 'name' | 'type'>, octets: AsyncIterable<Buffer>): Entity {
  yield latin1(
    `\r\n--${partBoundary}\r\nContent-Type: ${type}; charset=utf-8; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n` +
      `Content-Disposition: attachment; filename="${name}"\r\n\r\n`,
  );
  yield* base64Lines(octets);
}

/** Text on its way, counted and hashed. */
class Counted {
  readonly #hash = createHash('sha256');
  readonly #text: AsyncIterable<string> | Iterable<string>;
  #octets = 0;

  constructor(text: AsyncIterable<string> | Iterable<string>) {
    this.#text = text;
  }

  async *octets(): AsyncGenerator<Buffer, void, void> {
    for await (const piece of this.#text) {
      const octets = Buffer.from(piece);
      this.#octets += octets.length;
      this.#hash.update(octets);
      yield octets;
    }
  }

  told(): { readonly octets: number; readonly sha256: string } {
    return { octets: this.#octets, sha256: this.#hash.digest('hex') };
  }
}
