/**
 * Where notices are written: text and fields become a sealed body and an acceptance that files it, once.
 *
 * Everything that the gateway itself says by mail passes here: reports about deliveries, receipts, warnings, digests. Null reverse path, no
 * notice about a notice (RFC 3461 section 6.1: NOTIFY=NEVER), no quota, `Auto-Submitted`.
 */
import { Buffer } from 'node:buffer';
import type { Address } from '../domain/address.ts';
import { Counts } from '../domain/counts.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log, RandomBytes } from '../domain/effects.ts';
import type { Helpdesk } from '../domain/helpdesk.ts';
import type { MessageId } from '../domain/ids.ts';
import { type Octets, octets } from '../domain/units.ts';
import { type Letters, writeLetter } from '../letters/letter.ts';
import { type Dsn, type DsnRecipient, type OwnHeader, type Returned, ownHeader, writeDsn } from '../mime/dsn.ts';
import { textPart } from '../mime/text.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { MessageRecord } from '../store/deliveries.ts';
import type { NoticeProtected, WrittenNotice } from '../store/notices.ts';
import {
  type Acceptance,
  type BodyWriter,
  ContentDamaged,
  OPERATOR,
  type PreparedNotice,
  type StoredContent,
} from '../store/store.ts';
import type { Store } from '../store/port/store.ts';
import type { Original, OriginalReader } from './original.ts';
import { type NoticeDestination, type DestinationRegistry, NoticeDestinations } from './notice-destinations.ts';

export interface NoticeWriterParts {
  readonly store: Pick<Store, 'openBody'> & {
    readonly registry: DestinationRegistry;
    readonly audit: Pick<AuditTrail, 'note'>;
    readonly deliveries: OriginalReader;
  };
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
  readonly hostname: string;
  /** A registered address: reads digests, and what nobody else could be told. */
  readonly operator: Address;
  /** How else it is reached: stands in every letter. */
  readonly helpdesk?: Omit<Helpdesk, 'address'>;
  /** Largest message that comes back whole with a failure; of a larger one the header (RET=FULL). */
  readonly returnLimit: Octets;
  /** Protects a notice as any mail to its addressee; without it nothing is protected. */
  readonly protect?: (notice: WrittenNotice) => Promise<NoticeProtected>;
}

/** What protects has no room at this moment: write the notice again later, and settle nothing without it. */
export class NoticeWaits extends Error {
  override readonly name = 'NoticeWaits';
}

/** Its addressee requires protection, and there is no key for it. */
class NotProtected extends Error {
  override readonly name = 'NotProtected';
}

/** Stable names, for log and audit. */
export type NoticeKind =
  | 'failed'
  | 'delayed'
  | 'relayed'
  | 'filed'
  | 'collected'
  | 'not-collected'
  | 'expired'
  | 'rhythm'
  | 'digest'
  | 'observation-over'
  | `certificate-ends-${number}`
  | `pgp-key-ends-${number}`
  | `gateway-certificate-ends-${number}`
  | 'consumers'
  | 'stuck'
  | 'quota'
  | 'password-code'
  | 'contact-changed'
  | 'absence'
  | 'withdrawn'
  | 'held'
  | 'held-operator'
  | 'contrl'
  | 'restored'
  | `${'backup' | 'offsite' | 'drill' | 'keys' | 'log'}-failed`
  | 'webhook-stopped'
  | 'break-glass'
  | 'self-service-code'
  | 'operator'
  | 'test';

export interface Said {
  readonly kind: NoticeKind;
  /** Key of `Acceptance.once`; absent: whoever calls remembers by itself. */
  readonly once?: string;
  /** It says once more what was said before: the trail tells so. */
  readonly again?: true;
  readonly letters: Letters;
  /** The one message that it is about. */
  readonly about?: Pick<MessageRecord, 'id' | 'messageIdField'>;
  /** Message-ID of a message that it answers and that was filed nowhere. */
  readonly answers?: string;
}

/** A message of one part that a program reads. */
export interface FiledPart extends Omit<Said, 'letters' | 'answers'> {
  readonly about: NonNullable<Said['about']>;
  readonly subject: string;
  /** Content-Type with its parameters. */
  readonly type: string;
  /** One character an octet (Latin-1). */
  readonly content: string;
}

export interface Report extends Said {
  readonly message: Pick<MessageRecord, 'id' | 'messageIdField' | 'receivedAt' | 'octets' | 'envelope'>;
  readonly recipients: readonly DsnRecipient[];
  readonly original?: Pick<Original, 'header'> & { readonly content?: StoredContent };
  /** The message itself comes back where its sender asked for that. Only with a failure (RFC 3461 section 4.3). */
  readonly whole?: boolean;
}

interface Written {
  readonly head: string;
  readonly content?: StoredContent;
  readonly tail: string;
  readonly envelope: Acceptance['envelope'];
}

export class NoticeWriter {
  readonly places: NoticeDestinations;
  /** Notices that were sent to nobody: `nowhere`, `not-protected`. */
  readonly unsent = new Counts(['why'], 10);
  readonly #parts: NoticeWriterParts;

  constructor(parts: NoticeWriterParts) {
    this.#parts = parts;
    this.places = new NoticeDestinations({ registry: parts.store.registry, operator: parts.operator });
  }

  /** A message in plain text. Rejects with StoreFull or StoreFailed. */
  async letter(place: NoticeDestination | undefined, said: Said): Promise<PreparedNotice | undefined> {
    if (place === undefined) return this.#nowhere(said);
    return await this.#prepare(place, said, (writer) => {
      const { header, lines } = this.#opening(place, said, writer.id);
      const part = textPart(lines);
      const ascii = isAscii(place.address);
      const type = `Content-Type: text/plain; charset=${part.charset}\r\nContent-Transfer-Encoding: ${part.encoding}\r\n\r\n`;
      return {
        head: ownHeader(header) + type + part.body,
        tail: '',
        envelope: { body: ascii ? '7BIT' : '8BITMIME', smtpUtf8: !ascii },
      };
    });
  }

  /** One part for a program, nothing for people. Rejects with StoreFull or StoreFailed. */
  async file(place: NoticeDestination, filed: FiledPart): Promise<PreparedNotice | undefined> {
    return await this.#prepare(place, filed, (writer) => {
      const { address, language } = place;
      const seven = isAscii(address);
      // Old importers read plain octets; only what they could not carry is encoded.
      const plain = /^[\r\n\x20-\x7e]*$/.test(filed.content);
      const octets = Buffer.from(filed.content, 'latin1').toString('base64').replace(/.{76}/g, '$&\r\n');
      const type = `Content-Type: ${filed.type}\r\nContent-Transfer-Encoding: ${plain ? '7bit' : 'base64'}\r\n\r\n`;
      const header: OwnHeader = {
        from: `postmaster@${this.#parts.hostname}` as Address,
        to: address,
        date: this.#parts.clock.now(),
        messageId: `${writer.id}@${this.#parts.hostname}`,
        subject: filed.subject,
        ...(filed.about.messageIdField === '' ? {} : { about: filed.about.messageIdField }),
        language: [language],
        automatic: 'auto-replied',
      };
      return {
        head: ownHeader(header) + type + (plain ? filed.content : `${octets}\r\n`),
        tail: '',
        envelope: { body: seven ? '7BIT' : '8BITMIME', smtpUtf8: !seven },
      };
    });
  }

  /** A delivery status notification. Rejects with StoreFull or StoreFailed. */
  async report(place: NoticeDestination | undefined, report: Report): Promise<PreparedNotice | undefined> {
    if (place === undefined) return this.#nowhere(report);
    try {
      return await this.#report(place, report);
    } catch (error) {
      // Content that cannot be read any more, or is too large once it is protected, must not keep its sender from hearing of the failure.
      const without = error instanceof ContentDamaged || (error instanceof NotProtected && report.whole === true);
      if (without) return await this.report(place, { ...report, whole: false });
      if (error instanceof NotProtected) return this.#notProtected(report, error);
      throw error;
    }
  }

  async #report(place: NoticeDestination, report: Report): Promise<PreparedNotice> {
    return await this.#written(place, report, (writer) => {
      const { header, lines } = this.#opening(place, report, writer.id);
      const { envelope, receivedAt } = report.message;
      const returned = this.#returned(place, report);
      const dsn: Dsn = {
        header,
        text: lines,
        reportingMta: this.#parts.hostname,
        ...defined({ envelopeId: envelope.envid }),
        arrival: receivedAt,
        recipients: report.recipients,
        returned,
        utf8: envelope.smtpUtf8,
        boundary: `${writer.id}-${Buffer.from(this.#parts.random(15)).toString('hex')}`,
      };
      const { head, tail, body, smtpUtf8 } = writeDsn(dsn);
      const content = returned.kind === 'full' ? report.original?.content : undefined;
      return { head, tail, envelope: { body, smtpUtf8 }, ...defined({ content }) };
    });
  }

  #returned(place: NoticeDestination, { original, whole, message }: Report): Returned {
    if (original === undefined) return { kind: 'nothing' };
    const eightBit = message.envelope.body === '8BITMIME' || message.envelope.smtpUtf8;
    const full =
      whole === true &&
      message.envelope.ret === 'FULL' &&
      // RFC 8689 section 5: what had to travel protected does not come back whole by another road.
      message.envelope.requireTls !== true &&
      original.content !== undefined &&
      original.content.octets <= this.#parts.returnLimit &&
      // A notice that the sender's server refuses for its octets would be lost: nobody hears of a notice's failure.
      !(eightBit && 'partner' in place);
    return full ? { kind: 'full', eightBit } : { kind: 'headers', octets: original.header };
  }

  #opening(
    place: NoticeDestination,
    { letters, about, answers }: Said,
    id: MessageId,
  ): { readonly header: OwnHeader; readonly lines: readonly string[] } {
    const from = `postmaster@${this.#parts.hostname}` as Address;
    const { subject, lines, languages } = writeLetter(letters, place.language, {
      ...this.#parts.helpdesk,
      address: this.#parts.operator,
    });
    const answered = answers ?? about?.messageIdField ?? '';
    const header: OwnHeader = {
      from,
      to: place.address,
      date: this.#parts.clock.now(),
      messageId: `${id}@${this.#parts.hostname}`,
      subject,
      ...(answered === '' ? {} : { about: answered }),
      language: languages,
      automatic: about === undefined && answers === undefined ? 'auto-generated' : 'auto-replied',
    };
    return { header, lines };
  }

  async #prepare(
    place: NoticeDestination,
    said: Omit<Said, 'letters'>,
    write: (writer: BodyWriter) => Written,
  ): Promise<PreparedNotice | undefined> {
    try {
      return await this.#written(place, said, write);
    } catch (error) {
      if (error instanceof NotProtected) return this.#notProtected(said, error);
      throw error;
    }
  }

  /** Throws NotProtected. */
  async #written(
    place: NoticeDestination,
    said: Omit<Said, 'letters'>,
    write: (writer: BodyWriter) => Written,
  ): Promise<PreparedNotice> {
    const writer = this.#parts.store.openBody(octets(0));
    try {
      const { head, content, tail, envelope } = write(writer);
      await writer.write(Buffer.from(head));
      if (content !== undefined) for await (const slice of content.slices()) await writer.write(slice);
      if (tail !== '') await writer.write(Buffer.from(tail));
      const body = await writer.seal();
      const at = this.#parts.clock.now();
      const acceptance = acceptanceOf(place, said, { body, envelope, at }, this.#parts.hostname);
      const prepared = { acceptance, discard: () => writer.abort() };
      return await this.#protected(prepared, head);
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  /** Its addressee gets the protected copy alone; the clear one is kept nowhere. */
  async #protected(prepared: PreparedNotice, head: string): Promise<PreparedNotice> {
    const { protect } = this.#parts;
    const { acceptance } = prepared;
    const { body, envelope, messageIdField: messageId, receivedAt: at, recipients } = acceptance;
    const [to] = recipients;
    if (protect === undefined || to === undefined) return prepared;
    const eightBit = envelope.body === '8BITMIME';
    const made = await protect({ body, head, messageId, eightBit, to, at });
    if (made.kind === 'refused') {
      const why = made.refusal.detail ?? made.refusal.text;
      throw made.busy ? new NoticeWaits(why) : new NotProtected(why);
    }
    const audit = [...acceptance.audit, ...made.audit];
    if (made.kind === 'plain') return { ...prepared, acceptance: { ...acceptance, audit } };
    const { copy, header } = made;
    return {
      acceptance: { ...acceptance, audit, recipients: [], copies: [copy], ...defined({ header }) },
      discard: async () => {
        await made.discard();
        await prepared.discard();
      },
    };
  }

  /** Told to the operator's eyes at least: silence never means failure. */
  #nowhere({ kind, about }: Said): undefined {
    this.#parts.log.error('notice.nowhere', { notice: kind, message: about?.id });
    this.#noteUnsent('nowhere', { kind, about });
  }

  /** In the clear it would tell what its addressee wants nobody else to read. */
  #notProtected({ kind, about }: Pick<Said, 'kind' | 'about'>, { message: why }: NotProtected): undefined {
    this.#parts.log.error('notice.not-protected', { notice: kind, message: about?.id, why });
    this.#noteUnsent('not-protected', { kind, about });
  }

  #noteUnsent(why: 'nowhere' | 'not-protected', { kind, about }: Pick<Said, 'kind'> & { about: Said['about'] }): void {
    this.unsent.add([why]);
    this.#parts.store.audit.note({
      event: `notice.${why}`,
      outcome: 'failure',
      ...defined({ message: about?.id }),
      facts: { notice: kind },
    });
  }
}

function acceptanceOf(
  place: NoticeDestination,
  { kind, once, about, again }: Omit<Said, 'letters'>,
  { body, envelope, at }: Pick<Acceptance, 'body' | 'envelope'> & { readonly at: Acceptance['receivedAt'] },
  hostname: string,
): Acceptance {
  const to = 'partner' in place ? { partner: place.partner } : { mailbox: place.mailbox };
  return {
    body,
    receivedAt: at,
    submitter: OPERATOR,
    sender: '',
    messageIdField: `${body.id}@${hostname}`,
    envelope,
    recipients: [{ address: place.address, notify: ['NEVER'], ...to }],
    system: true,
    ...defined({ once }),
    audit: [
      {
        event: 'message.accepted',
        outcome: 'success',
        message: body.id,
        facts: { octets: body.octets, sha256: body.sha256, recipients: 1, notice: kind },
        personal: { recipients: [place.address] },
      },
      // In the trace of the message that it is about.
      ...(about === undefined
        ? []
        : [
            {
              event: 'notice.filed',
              outcome: 'success' as const,
              message: about.id,
              facts: { notice: kind, as: body.id, to: place.as, ...defined({ again }) },
            },
          ]),
    ],
  };
}

const isAscii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text);
