/**
 * How every message of ours reads: both languages, the organisation's own first, short paragraphs,
 * facts in a table, where to ask.
 *
 * Read by a practice assistant between two telephone calls: what happened, to which message, what
 * to do. Technical lines come last.
 */
import { type Helpdesk, helpdeskLine } from '../domain/helpdesk.ts';
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { TIME_ZONE } from '../domain/working-days.ts';
import { factLines, wrapText } from '../mime/text.ts';

/** Values of strangers stay on their line and keep a length. */
export const plainLine = (text: string, max = 240): string => {
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}\s]+/gu, ' ').trim();
  return plain.length > max ? `${plain.slice(0, max - 3)}...` : plain;
};

const formats: Readonly<Record<Language, { readonly day: Intl.DateTimeFormat; readonly time: Intl.DateTimeFormat }>> = {
  nl: dateFormats('nl-NL'),
  en: dateFormats('en-GB'),
};
function dateFormats(locale: string): { readonly day: Intl.DateTimeFormat; readonly time: Intl.DateTimeFormat } {
  return {
    day: new Intl.DateTimeFormat(locale, {
      timeZone: TIME_ZONE,
      weekday: 'long',
      day: 'numeric',
      month: 'long',
      year: 'numeric',
    }),
    time: new Intl.DateTimeFormat(locale, {
      timeZone: TIME_ZONE,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    }),
  };
}

/** For example `woensdag 25 november 2026`. Amsterdam time. */
export const dayText = (at: Instant, language: Language): string => formats[language].day.format(at).replace(',', '');
/** For example `woensdag 25 november 2026 om 13:05`. */
export const timeText = (at: Instant, language: Language): string =>
  `${dayText(at, language)} ${language === 'nl' ? 'om' : 'at'} ${formats[language].time.format(at)}`;

export type Block =
  /** A paragraph, wrapped. */
  | { readonly kind: 'text'; readonly text: string }
  /** Lines that stand out: addresses. */
  | { readonly kind: 'lines'; readonly lines: readonly string[] }
  /** Lines as somebody wrote them; only what is too long is wrapped. */
  | { readonly kind: 'written'; readonly lines: readonly string[] }
  | { readonly kind: 'facts'; readonly title: string; readonly facts: readonly (readonly [string, string])[] };

export const text = (words: string): Block => ({ kind: 'text', text: words });
export const lines = (...shown: readonly string[]): Block => ({ kind: 'lines', lines: shown });
export const facts = (title: string, of: readonly (readonly [string, string])[]): Block => ({
  kind: 'facts',
  title,
  facts: of,
});

/** The half of a letter in one language. */
export interface Letter {
  readonly subject: string;
  readonly blocks: readonly Block[];
}
export type Letters = Readonly<Record<Language, Letter>>;

/** Longer lines of somebody else's text are wrapped. */
const WIDTH = 76;

const blockLines = (block: Block): string[] => {
  switch (block.kind) {
    case 'text':
      return wrapText(block.text);
    case 'lines':
      return block.lines.map((line) => `    ${plainLine(line, 400)}`);
    case 'written':
      return block.lines.flatMap((line) => (line.length <= WIDTH ? [line] : wrapText(line)));
    case 'facts':
      return [
        block.title,
        ...factLines(block.facts.map(([name, value]) => [name, plainLine(value, 900)] as const)).map(
          (line) => `  ${line}`,
        ),
      ];
  }
};

const CLOSING: Readonly<Record<Language, (contact: string) => string>> = {
  nl: (contact) =>
    `Dit bericht is automatisch gemaakt. Een antwoord wordt niet gelezen. Vragen? Neem contact op met de helpdesk: ${contact}`,
  en: (contact) => `This message was made automatically. A reply is not read. Questions? Ask the helpdesk: ${contact}`,
};
const closing = (language: Language, helpdesk: Helpdesk): Block =>
  text(CLOSING[language](helpdeskLine(helpdesk, language)));
const OTHER: Readonly<Record<Language, string>> = { nl: '(English text below)', en: '(Nederlandse tekst hieronder)' };
const RULE = '-'.repeat(72);

export interface WrittenLetter {
  readonly subject: string;
  readonly lines: readonly string[];
  readonly languages: readonly [Language, Language];
}

/** Both halves, each with whom to ask; the subject is the first language's. */
export function writeLetter(letters: Letters, first: Language, helpdesk: Helpdesk): WrittenLetter {
  const second = first === 'nl' ? 'en' : 'nl';
  // A text that is the same in both languages is not written twice.
  if (letters.nl === letters.en) {
    const blocks = [...letters[first].blocks, closing(first, helpdesk), closing(second, helpdesk)];
    const lines = blocks.flatMap((block) => [...blockLines(block), '']);
    return { subject: plainLine(letters[first].subject, 120), lines, languages: [first, second] };
  }
  const half = (language: Language): string[] =>
    [...letters[language].blocks, closing(language, helpdesk)].flatMap((block) => [...blockLines(block), '']);
  return {
    subject: plainLine(letters[first].subject, 120),
    lines: [OTHER[first], '', ...half(first), RULE, '', ...half(second)],
    languages: [first, second],
  };
}

/** What we know of the message that a letter is about. */
export interface AboutMessage {
  /** When the gateway accepted the message. */
  readonly at: Instant;
  readonly messageId: string;
  /** Ours: the operator's key to everything about it. */
  readonly id: string;
  readonly subject?: string;
}

const ABOUT = {
  nl: {
    title: 'Het gaat om dit bericht:',
    sent: 'Verstuurd',
    subject: 'Onderwerp',
    id: 'Bericht-ID',
    ours: 'Ons kenmerk',
  },
  en: { title: 'It is about this message:', sent: 'Sent', subject: 'Subject', id: 'Message-ID', ours: 'Our reference' },
} as const;

export function aboutBlock(message: AboutMessage, language: Language): Block {
  const words = ABOUT[language];
  return facts(words.title, [
    [words.sent, timeText(message.at, language)],
    ...(message.subject === undefined || message.subject === '' ? [] : [[words.subject, message.subject] as const]),
    ...(message.messageId === '' ? [] : [[words.id, `<${message.messageId}>`] as const]),
    [words.ours, message.id],
  ]);
}
