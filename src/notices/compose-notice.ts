/**
 * How a notice is written: header and parts as octets, and what its envelope says of them. Nothing
 * is stored here.
 */
import { Buffer } from 'node:buffer';
import type { Address } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, RandomBytes } from '../domain/effects.ts';
import type { Helpdesk } from '../domain/helpdesk.ts';
import type { MessageId } from '../domain/ids.ts';
import type { Octets } from '../domain/units.ts';
import { writeLetter } from '../letters/letter.ts';
import { type OwnHeader, type Returned, ownHeader, writeDsn } from '../mime/dsn.ts';
import { textPart } from '../mime/text.ts';
import type { Acceptance } from '../store/acceptance.ts';
import type { StoredContent } from '../store/body.ts';
import type { FileContent, LetterContent, ReportContent } from './notice-content.ts';
import type { NoticeDestination } from './notice-destination.ts';

/** Sender of notices. */
export interface NoticeSender {
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly hostname: string;
  /** A registered address: reads digests, and what nobody else could be told. */
  readonly operator: Address;
  /** Other ways to reach the helpdesk, which every letter names. */
  readonly helpdesk?: Omit<Helpdesk, 'address'>;
  /**
   * Largest message that comes back whole with a failure; of a larger one the header (RET=FULL).
   */
  readonly returnLimit: Octets;
}

export interface ComposedNotice {
  readonly head: string;
  /** The message that comes back: its octets stand between `head` and `tail`. */
  readonly content?: StoredContent;
  readonly tail: string;
  readonly envelope: Acceptance['envelope'];
}

export function composeLetter(
  sender: NoticeSender,
  to: NoticeDestination,
  letter: LetterContent,
  id: MessageId,
): ComposedNotice {
  const { header, lines } = opening(sender, to, letter, id);
  const { charset, encoding, body } = textPart(lines);
  const type = `Content-Type: text/plain; charset=${charset}\r\nContent-Transfer-Encoding: ${encoding}\r\n\r\n`;
  return { head: ownHeader(header) + type + body, tail: '', envelope: envelopeTo(to) };
}

export function composeFile(
  sender: NoticeSender,
  to: NoticeDestination,
  { content, type, subject, about }: FileContent,
  id: MessageId,
): ComposedNotice {
  // Old importers read plain octets; only what they could not carry is encoded.
  const plain = /^[\r\n\x20-\x7e]*$/.test(content);
  const octets = Buffer.from(content, 'latin1').toString('base64').replace(/.{76}/g, '$&\r\n');
  const types = `Content-Type: ${type}\r\nContent-Transfer-Encoding: ${plain ? '7bit' : 'base64'}\r\n\r\n`;
  const header: OwnHeader = {
    ...addressed(sender, to, id, about.messageIdField),
    subject,
    language: [to.language],
    automatic: 'auto-replied',
  };
  return {
    head: ownHeader(header) + types + (plain ? content : `${octets}\r\n`),
    tail: '',
    envelope: envelopeTo(to),
  };
}

export function composeReport(
  sender: NoticeSender,
  to: NoticeDestination,
  report: ReportContent,
  id: MessageId,
): ComposedNotice {
  const { header, lines } = opening(sender, to, report, id);
  const { envelope, receivedAt } = report.message;
  const returned = returnedWith(sender, to, report);
  const { head, tail, body, smtpUtf8 } = writeDsn({
    header,
    text: lines,
    reportingMta: sender.hostname,
    ...defined({ envelopeId: envelope.envid }),
    arrival: receivedAt,
    recipients: report.recipients,
    returned,
    utf8: envelope.smtpUtf8,
    boundary: `${id}-${Buffer.from(sender.random(15)).toString('hex')}`,
  });
  const content = returned.kind === 'full' ? report.original?.content : undefined;
  return { head, tail, envelope: { body, smtpUtf8 }, ...defined({ content }) };
}

/** What comes back of the message. */
function returnedWith(
  { returnLimit }: NoticeSender,
  to: NoticeDestination,
  { original, whole, message }: ReportContent,
): Returned {
  if (original === undefined) return { kind: 'nothing' };
  const eightBit = message.envelope.body === '8BITMIME' || message.envelope.smtpUtf8;
  const full =
    whole === true &&
    message.envelope.ret === 'FULL' &&
    // RFC 8689 section 5: what had to travel protected does not come back whole by another road.
    message.envelope.requireTls !== true &&
    original.content !== undefined &&
    original.content.octets <= returnLimit &&
    // A notice that the sender's server refuses for its octets would be lost: nobody hears of a
    // notice's failure.
    !(eightBit && 'partner' in to);
  return full ? { kind: 'full', eightBit } : { kind: 'headers', octets: original.header };
}

/** Header and text of what people read. */
function opening(
  sender: NoticeSender,
  to: NoticeDestination,
  { letters, about, answers }: LetterContent,
  id: MessageId,
): { readonly header: OwnHeader; readonly lines: readonly string[] } {
  const reached = { ...sender.helpdesk, address: sender.operator };
  const { subject, lines, languages } = writeLetter(letters, to.language, reached);
  const header: OwnHeader = {
    ...addressed(sender, to, id, answers ?? about?.messageIdField ?? ''),
    subject,
    language: languages,
    automatic: about === undefined && answers === undefined ? 'auto-generated' : 'auto-replied',
  };
  return { header, lines };
}

/** `about`: the Message-ID of the message that it is about; empty if there is none. */
const addressed = (
  { hostname, clock }: NoticeSender,
  { address }: NoticeDestination,
  id: MessageId,
  about: string,
): Pick<OwnHeader, 'from' | 'to' | 'date' | 'messageId' | 'about'> => ({
  from: `postmaster@${hostname}` as Address,
  to: address,
  date: clock.now(),
  messageId: `${id}@${hostname}`,
  ...(about === '' ? {} : { about }),
});

/** Of one part: all that may stand outside ASCII is the address. */
const envelopeTo = ({ address }: NoticeDestination): Acceptance['envelope'] =>
  /^[\x20-\x7e]*$/.test(address) ? { body: '7BIT', smtpUtf8: false } : { body: '8BITMIME', smtpUtf8: true };
