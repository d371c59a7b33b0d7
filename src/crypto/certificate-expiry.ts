/**
 * Which warnings about the end of a certificate are due, and the message that goes into the account's own mailbox.
 *
 * The mailbox is the one place that old systems show: a log line or a web page reaches nobody in a practice. Pure: what was warned of
 * before comes in, what is to be sent goes out.
 */
import type { Address } from '../domain/address.ts';
import type { Language } from '../domain/registry.ts';
import { type Instant, days } from '../domain/units.ts';

/** Days before the end. */
export const WARNING_DAYS = [60, 30, 7] as const;
export type WarningDay = (typeof WARNING_DAYS)[number];

export interface WarningState {
  readonly notAfter: Instant;
  /** Warnings already sent for this certificate. */
  readonly warned: readonly WarningDay[];
  /** Another certificate of the account for the same use is valid for longer: nobody needs to do anything. */
  readonly replaced: boolean;
}

/**
 * The one warning to send now. After a pause of the gateway only the most urgent of several missed ones is sent, and an earlier one is
 * never sent after a later one. Undefined when none is due, or when it is too late to warn.
 */
export function dueWarning({ notAfter, warned, replaced }: WarningState, now: Instant): WarningDay | undefined {
  if (replaced || now >= notAfter) return undefined;
  const passed = WARNING_DAYS.filter((day) => now >= notAfter - days(day));
  const latest = passed.at(-1);
  return latest === undefined || warned.some((day) => day <= latest) ? undefined : latest;
}

/** Whole days left, rounded down; 0 on the last day. */
export const daysLeft = (notAfter: Instant, now: Instant): number =>
  Math.max(0, Math.floor((notAfter - now) / days(1)));

export interface WarningMessage {
  readonly language: Language;
  readonly from: Address;
  readonly to: Address;
  readonly date: Instant;
  /** With its angle brackets. */
  readonly messageId: string;
  readonly use: 'login' | 'mail';
  /** For people: the subject of the certificate. */
  readonly subject: string;
  readonly serial: string;
  readonly notAfter: Instant;
  /** Whom to ask: a telephone number or an address. */
  readonly contact?: string;
}

const MONTHS: Readonly<Record<Language, readonly string[]>> = {
  nl: [
    'januari',
    'februari',
    'maart',
    'april',
    'mei',
    'juni',
    'juli',
    'augustus',
    'september',
    'oktober',
    'november',
    'december',
  ],
  en: [
    'January',
    'February',
    'March',
    'April',
    'May',
    'June',
    'July',
    'August',
    'September',
    'October',
    'November',
    'December',
  ],
};
const day = (at: Instant, language: Language): string => {
  const date = new Date(at);
  return `${date.getUTCDate()} ${MONTHS[language][date.getUTCMonth()] ?? ''} ${date.getUTCFullYear()}`;
};

type Texts = (m: { readonly left: number; readonly end: string; readonly message: WarningMessage }) => {
  readonly subject: string;
  readonly lines: readonly string[];
};

const dutch: Texts = ({ left, end, message }) => {
  const when = left === 0 ? 'vandaag' : left === 1 ? 'over 1 dag' : `over ${left} dagen`;
  return {
    subject: `Uw certificaat verloopt ${when}`,
    lines: [
      `Het certificaat van ${message.to} verloopt ${when}, op ${end}.`,
      '',
      ...(message.use === 'login'
        ? ['Uw systeem logt ermee in. Daarna kan het geen berichten meer', 'versturen of ophalen.']
        : ['Het beveiligt uw berichten. Daarna kunnen anderen u geen versleutelde', 'berichten meer sturen.']),
      '',
      'Wat u moet doen: geef dit bericht aan degene die uw systeem beheert',
      'en vraag om een nieuw certificaat. Oud en nieuw zijn een tijd naast',
      'elkaar geldig; u kunt dus wisselen zonder onderbreking.',
      ...(message.contact === undefined ? [] : ['', `Vragen? ${message.contact}`]),
      '',
      `Certificaat:  ${message.subject}`,
      `Serienummer:  ${message.serial}`,
      `Geldig tot:   ${end}`,
      '',
      'Dit bericht is automatisch gemaakt; een antwoord wordt niet gelezen.',
    ],
  };
};

const english: Texts = ({ left, end, message }) => {
  const when = left === 0 ? 'today' : left === 1 ? 'in 1 day' : `in ${left} days`;
  return {
    subject: `Your certificate expires ${when}`,
    lines: [
      `The certificate of ${message.to} expires ${when}, on ${end}.`,
      '',
      ...(message.use === 'login'
        ? ['Your system logs in with it. After that it can neither send nor fetch', 'messages.']
        : ['It protects your messages. After that nobody can send you encrypted', 'messages.']),
      '',
      'What to do: give this message to the person who looks after your system',
      'and ask for a new certificate. The old and the new one are valid side by',
      'side for a while, so that you can change without an interruption.',
      ...(message.contact === undefined ? [] : ['', `Questions? ${message.contact}`]),
      '',
      `Certificate:    ${message.subject}`,
      `Serial number:  ${message.serial}`,
      `Valid until:    ${end}`,
      '',
      'This message was made automatically; a reply will not be read.',
    ],
  };
};

/** Values of strangers (a subject, a contact) stay on their line: no header and no line can be smuggled in. */
const plain = (text: string): string => text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ').slice(0, 240);

/** RFC 5322 date in UTC. */
const dateHeader = (at: Instant): string => new Date(at).toUTCString().replace('GMT', '+0000');

/** The whole message, CRLF line ends. ASCII, or UTF-8 where a name needs it (RFC 6532). */
export function warningMessage(message: WarningMessage): string {
  const { language, notAfter, date } = message;
  const given = {
    ...message,
    subject: plain(message.subject),
    ...(message.contact !== undefined && { contact: plain(message.contact) }),
  };
  const write = language === 'nl' ? dutch : english;
  const { subject, lines } = write({ left: daysLeft(notAfter, date), end: day(notAfter, language), message: given });
  const ascii = [...lines, message.to].every((line) => /^[\x20-\x7e]*$/.test(line));
  return [
    `From: ${message.from}`,
    `To: ${message.to}`,
    `Subject: ${subject}`,
    `Date: ${dateHeader(date)}`,
    `Message-ID: ${message.messageId}`,
    'Auto-Submitted: auto-generated',
    `Content-Language: ${language}`,
    'MIME-Version: 1.0',
    `Content-Type: text/plain; charset=${ascii ? 'us-ascii' : 'utf-8'}`,
    `Content-Transfer-Encoding: ${ascii ? '7bit' : '8bit'}`,
    '',
    ...lines,
    '',
  ].join('\r\n');
}
