/**
 * What a sender reads when its message was fetched.
 *
 * Fetched is what we know: a program of the addressee took every octet. It is never worded as read
 * or processed.
 */
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { type AboutMessage, type Block, type Letters, aboutBlock, facts, lines, text, timeText } from './letter.ts';

/** One file inside a message. */
export interface Attachment {
  /** As the sender wrote it; empty for a part without a name. */
  readonly name: string;
  /** SHA-256 of the decoded octets, 64 hexadecimal digits. */
  readonly sha256: string;
  /** Its encoding is damaged: another program may decode other octets. */
  readonly damaged?: true;
}

export interface Collection {
  readonly message: AboutMessage;
  readonly recipients: readonly string[];
  readonly organisation: string;
  readonly at: Instant;
  /** For example `TLSv1.3`. */
  readonly tls: string;
  /**
   * `quit`: the program confirmed it. `twice`: it took the whole message a second time, without
   * confirming. Absent: it is no longer known.
   */
  readonly by?: 'quit' | 'twice' | 'hung-up';
  /** True: the receipt repeats an earlier one. */
  readonly again?: true;
  /**
   * Of the whole message as it was submitted, our own lines on top included. Absent if its facts
   * are no longer kept.
   */
  readonly sha256?: string;
  readonly attachments: readonly Attachment[];
}

const HOW = {
  nl: { quit: ' en dat bevestigd', twice: ', voor de tweede keer', 'hung-up': ' en daarna de verbinding gesloten' },
  en: { quit: ' and confirmed that', twice: ', for the second time', 'hung-up': ' and then closed the connection' },
} as const;

/** Attachments that a letter names; the report's fields hold more. */
const MAX_NAMED = 30;

const PROOF = {
  nl: {
    title: 'Controlegetallen (SHA-256):',
    whole: 'Hele bericht',
    part: 'Bijlage',
    more: 'Verder',
    damaged: '(codering beschadigd)',
  },
  en: {
    title: 'Check sums (SHA-256):',
    whole: 'Whole message',
    part: 'Attachment',
    more: 'Also',
    damaged: '(encoding damaged)',
  },
} as const;

function proof({ sha256, attachments }: Collection, language: Language): Block {
  const words = PROOF[language];
  const rest = attachments.length - MAX_NAMED;
  return facts(words.title, [
    ...(sha256 === undefined ? [] : [[words.whole, sha256] as const]),
    ...attachments
      .slice(0, MAX_NAMED)
      .map(
        ({ name, sha256: hash, damaged }, i) =>
          [`${words.part} ${i + 1}`, `${hash} ${damaged === true ? words.damaged : ''} ${name}`] as const,
      ),
    ...(rest > 0 ? [[words.more, String(rest)] as const] : []),
  ]);
}

const AGAIN = {
  nl: 'Dit is een herhaling, omdat daarom is gevraagd: u kreeg dit bericht al eerder. Er is niets opnieuw opgehaald.',
  en: 'This is sent again, on request: you were told this before. Nothing was fetched again.',
} as const;

export function collectedLetters(collection: Collection): Letters {
  const { message, recipients, organisation, at, tls, by, again } = collection;
  const to = recipients[0] ?? '';
  const first = (language: Language): Block[] => (again === true ? [text(AGAIN[language])] : []);
  const how = (language: Language): string => (by === undefined ? '' : HOW[language][by]);
  return {
    nl: {
      subject: `Opgehaald: uw bericht aan ${to}`,
      blocks: [
        ...first('nl'),
        text('Uw bericht is opgehaald door het systeem van:'),
        lines(...recipients, organisation),
        text(
          `Dat gebeurde op ${timeText(at, 'nl')} over een beveiligde verbinding (${tls}). Het systeem heeft het hele bericht ontvangen${how('nl')}.`,
        ),
        text('Dit betekent niet dat iemand het bericht heeft gelezen of verwerkt.'),
        aboutBlock(message, 'nl'),
        proof(collection, 'nl'),
      ],
    },
    en: {
      subject: `Fetched: your message to ${to}`,
      blocks: [
        ...first('en'),
        text('Your message was fetched by the system of:'),
        lines(...recipients, organisation),
        text(
          `That was on ${timeText(at, 'en')} over a protected connection (${tls}). The system received the whole message${how('en')}.`,
        ),
        text('This does not mean that anybody has read or processed the message.'),
        aboutBlock(message, 'en'),
        proof(collection, 'en'),
      ],
    },
  };
}
