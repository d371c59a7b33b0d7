/**
 * Letters with a code, for the post: plain text to print, filled from what is registered and
 * configured.
 */
import { dayText, timeText } from '../../letters/letter.ts';
import { type LetterTemplate, fillLetter } from '../../domain/letter-template.ts';
import type { Helpdesk } from '../../domain/helpdesk.ts';
import type { Language, Organisation } from '../../domain/registry.ts';
import type { ServedPort } from '../../domain/served-port.ts';
import type { Instant } from '../../domain/units.ts';
import type { AccountSummary } from '../../store/registry.ts';
import type { MadeCode } from './password-codes.ts';

export interface LetterParts {
  readonly servers: readonly ServedPort[];
  /** Address of the page where codes are used; absent: there is none. */
  readonly page?: string;
  readonly gateway: string;
  readonly helpdesk: Helpdesk;
  /** The letter as it is configured now. Throws ConfigError. */
  readonly template: (language: Language) => LetterTemplate;
}

const WORDS = {
  nl: { smtp: 'Versturen', pop3: 'Ophalen', port: 'poort', tls: { implicit: 'SSL/TLS', starttls: 'STARTTLS' } },
  en: { smtp: 'Sending', pop3: 'Collecting', port: 'port', tls: { implicit: 'SSL/TLS', starttls: 'STARTTLS' } },
} as const;

/** A line for each port that the account may use, sending first. */
export function serverLines(servers: readonly ServedPort[], login: string, language: Language): string[] {
  const words = WORDS[language];
  return servers
    .filter(({ accounts }) => accounts === undefined || accounts.includes(login))
    .sort((a, b) => (a.protocol === b.protocol ? a.port - b.port : a.protocol === 'smtp' ? -1 : 1))
    .map(
      ({ protocol, host, port, tls }) =>
        `${words[protocol]} (${protocol.toUpperCase()}): ${host}, ${words.port} ${port}, ${words.tls[tls]}`,
    );
}

export interface LetterTo {
  readonly summary: AccountSummary;
  readonly organisation: Organisation;
  readonly made: MadeCode;
  readonly now: Instant;
}

/** The text of one letter, with a line end at its end. */
export function codeLetter(parts: LetterParts, { summary, organisation, made, now }: LetterTo): string {
  const { language, name, title, post = [] } = organisation;
  const { login } = summary.account;
  const { expiresAt, notAfter, password } = made.enrolment;
  const lines = fillLetter(parts.template(language), {
    organisation: name,
    title,
    post,
    login,
    name: password,
    code: made.code,
    addresses: summary.addresses.filter(({ state }) => state === 'active').map(({ address }) => address),
    expires: timeText(expiresAt, language),
    ends: notAfter === undefined ? '' : timeText(notAfter, language),
    servers: serverLines(parts.servers, login, language),
    page: parts.page ?? '',
    operator: parts.helpdesk.address,
    helpdesk: parts.helpdesk.name ?? '',
    telephone: parts.helpdesk.telephone ?? '',
    hours: parts.helpdesk.hours ?? '',
    gateway: parts.gateway,
    date: dayText(now, language),
  });
  return `${lines.join('\n')}\n`;
}
