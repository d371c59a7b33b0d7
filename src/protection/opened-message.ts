/**
 * An opened message as it is handed out: the header that it came with, the content from inside, and
 * on top our fields about it.
 *
 * Encrypted content was not judged when it was submitted, so nothing in it is believed that would
 * have been judged then: of its header only the fields of the content count (RFC 2046 section 5.1)
 * and the subject (RFC 9788); where a whole message was inside, each field that may stand once
 * stands once, and none tells a verdict. A field with a bare CR or LF in it is left out, since
 * programs read what stands behind that as a field of its own. Line ends of the body are made
 * canonical.
 */
import { type Message, fieldOctets } from '../crypto/smime/message.ts';
import { contentHeader } from '../crypto/smime/protected-header.ts';
import { isVerdict } from '../mime/authentication-results.ts';
import { canonicalLines } from '../mime/canonical.ts';
import { isFinalField } from '../mime/final-fields.ts';
import type { Header, HeaderField } from '../mime/header.ts';
import { behind } from '../middleware/bodies.ts';

const CRLF = Buffer.from('\r\n');
const MIME_VERSION = Buffer.from('MIME-Version: 1.0\r\n');

/**
 * Fields that may stand once (RFC 5322 section 3.6, RFC 2045 section 3): which of two counts, two
 * programs would answer differently.
 */
const ONCE: ReadonlySet<string> = new Set([
  ...['from', 'sender', 'reply-to', 'to', 'cc', 'date', 'message-id', 'in-reply-to', 'references', 'subject'],
  ...['mime-version', 'content-type', 'content-transfer-encoding', 'content-disposition', 'content-id'],
]);
const HIDDEN: ReadonlySet<string> = new Set(['bcc', 'resent-bcc']);

const isContent = ({ name }: HeaderField): boolean => name.startsWith('content-');

/**
 * Picks fields for `fieldOctets`: the first of those that may stand once, and nothing that only we
 * may say.
 */
function believable(header: Header): (field: HeaderField) => boolean {
  const seen = new Set<string>();
  return (field) => {
    const { name } = field;
    if (HIDDEN.has(name) || isVerdict(name) || isFinalField(name) || hasBareLineEnd(header.octets, field)) return false;
    if (!ONCE.has(name)) return true;
    if (seen.has(name)) return false;
    seen.add(name);
    return true;
  };
}

const CR = 13;
const LF = 10;

function hasBareLineEnd(octets: Buffer, { start, end }: HeaderField): boolean {
  for (let at = start; at < end; at += 1) {
    if (octets[at] === CR && octets[at + 1] === LF) at += 1;
    else if (octets[at] === CR || octets[at] === LF) return true;
  }
  return false;
}

/** A whole message was inside: its own header, as far as it can be believed. */
const ownHeader = ({ header }: Message): readonly Buffer[] => [fieldOctets(header, believable(header))];

/**
 * An entity was inside: the header that it came with around it, with the subject from inside where
 * there is one.
 */
function headerAround(given: Message, opened: Message, subject: Buffer | undefined): readonly Buffer[] {
  const believed = believable(given.header);
  const outer = fieldOctets(
    given.header,
    (field) =>
      !isContent(field) &&
      field.name !== 'mime-version' &&
      !(subject !== undefined && field.name === 'subject') &&
      believed(field),
  );
  const content = contentHeader(opened);
  const once = believable(content);
  const inner = fieldOctets(content, (field) => isContent(field) && once(field));
  return [outer, ...(subject === undefined ? [] : [subject]), MIME_VERSION, inner];
}

export interface HandOut {
  /** The message as it was submitted. */
  readonly given: Message;
  readonly opened: Message;
  /** A whole message was inside. */
  readonly whole: boolean;
  /**
   * A subject from inside that replaces the one outside; octets of the field. If a whole message
   * was inside, its own counts.
   */
  readonly subject?: Buffer;
  /** Our fields on top, with their line ends. */
  readonly fields: string;
}

/** The message in slices. Throws NulFound. */
export async function* openedMessage({
  given,
  opened,
  whole,
  subject,
  fields,
}: HandOut): AsyncGenerator<Uint8Array, void, void> {
  const header = whole ? ownHeader(opened) : headerAround(given, opened, subject);
  yield Buffer.from(fields, 'latin1');
  yield* header;
  yield CRLF;
  yield* canonicalLines(bodyOf(opened));
}

const bodyOf = ({ source, bodyAt }: Message): AsyncGenerator<Uint8Array, void, void> =>
  behind(Buffer.alloc(0), source, bodyAt);
