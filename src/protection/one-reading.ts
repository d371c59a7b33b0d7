/**
 * Whether everybody who reads a signed message is shown what was signed.
 *
 * A signature covers octets, and a mail program shows what it reads in them. Where two programs
 * read them differently (two boundaries, a parameter that stands twice, a part that names another
 * author) a right signature is no `pass`: the verdict is `neutral`, with the reason, and the
 * content goes out as it came. S/MIME and PGP alike.
 */
import type { Message } from '../crypto/smime/message.ts';
import { type Address, addressKey, parseAddress } from '../domain/address.ts';
import type { MessageParts } from '../domain/message-part.ts';
import { readMailboxes } from '../mime/address-list.ts';
import type { AuthenticationResult } from '../mime/authentication-results.ts';
import { NulFound, canonicalLines } from '../mime/canonical.ts';
import { type Header, fieldText, fieldsNamed } from '../mime/header.ts';
import { MimeWalk } from '../mime/walk.ts';
import { asBuffer } from '../platform/bytes.ts';

type Seen = Pick<MessageParts, 'doubt' | 'authors'>;

/**
 * Why two programs may show different content; undefined if they agree. `from`: the author that the
 * message names.
 */
export function doubtOf(seen: Seen, from: Address, header?: Header): string | undefined {
  return (
    (header === undefined ? undefined : versionDoubt(header)) ??
    seen.doubt ??
    (seen.authors?.every((author) => isBy(author, from)) === false ? 'a part of it names another author' : undefined)
  );
}

/**
 * Does the same for what was opened, in the form in which it is handed out; its MIME-Version is
 * ours.
 */
export async function doubtIn({ source }: Message, from: Address): Promise<string | undefined> {
  const walk = new MimeWalk();
  try {
    for await (const slice of canonicalLines(source.slices())) walk.write(slice);
  } catch (error) {
    if (error instanceof NulFound) return 'it has a NUL octet';
    throw error;
  }
  return doubtOf(walk.end(), from);
}

/** A walk over content that comes in slices, with any line ends. */
export class ContentWalk {
  readonly #walk = new MimeWalk();
  #cr = false;

  /** The slice is read before this returns. */
  readonly write = (slice: Uint8Array): void => {
    const text = asBuffer(slice).toString('latin1');
    // A CR at the end waits for what follows it.
    const whole = (this.#cr ? '\r' : '') + text;
    this.#cr = whole.endsWith('\r');
    const taken = this.#cr ? whole.slice(0, -1) : whole;
    this.#walk.write(Buffer.from(taken.replace(/\r\n|\r|\n/g, '\r\n'), 'latin1'));
  };

  end(): Seen {
    if (this.#cr) this.#walk.write(Buffer.from('\r\n'));
    return this.#walk.end();
  }
}

/** Turns a right signature over content that may be shown in two ways into `neutral`. */
export const withDoubt = (
  results: readonly AuthenticationResult[],
  doubt: string | undefined,
): readonly AuthenticationResult[] =>
  doubt === undefined
    ? results
    : results.map((each) =>
        each.result === 'pass'
          ? { ...each, result: 'neutral', reason: `programs may show other content than was signed: ${doubt}` }
          : each,
      );

/** Facts about a doubt for the trail, which name nobody. */
export const doubtFacts = (doubt: string | undefined): Record<string, string> => (doubt === undefined ? {} : { doubt });

/**
 * RFC 2045 section 4: `1.0`, with comments. A program that finds another version, or two, may take
 * the content for plain text.
 */
function versionDoubt(header: Header): string | undefined {
  const fields = fieldsNamed(header, 'mime-version');
  if (fields.length > 1) return 'MIME-Version stands twice';
  const [field] = fields;
  if (field === undefined) return undefined;
  if (field.spaced) return 'a space stands before the colon of MIME-Version';
  const version = fieldText(header, field).replace(/\([^()]{0,200}\)/g, '');
  return /^\s*1\s*\.\s*0\s*$/.test(version) ? undefined : 'MIME-Version is not 1.0';
}

function isBy(author: string, from: Address): boolean {
  const mailboxes = readMailboxes(author);
  if (!mailboxes.ok) return false;
  return mailboxes.value.every((mailbox) => {
    const address = parseAddress(mailbox);
    return address.ok && addressKey(address.value) === addressKey(from);
  });
}
