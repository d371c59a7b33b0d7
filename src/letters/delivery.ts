/** What a sender reads about a delivery that failed, is late, was handed on or was filed. */
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { causeOf } from './cause.ts';
import {
  type AboutMessage,
  type Block,
  type Letters,
  aboutBlock,
  facts,
  lines,
  plainLine,
  text,
  timeText,
} from './letter.ts';

export interface DeliveryEnd {
  readonly message: AboutMessage;
  readonly recipients: readonly string[];
  readonly status: string;
  readonly reply: string;
  /** Last attempt. */
  readonly at: Instant;
  readonly remote?: string;
  /** Set for a delay. */
  readonly until?: Instant;
  /** Set for a failure by an operator's command. */
  readonly reason?: string;
  /** Set if nobody decided about a held message. */
  readonly held?: true;
}

const TECHNICAL = {
  nl: {
    title: 'Voor uw systeembeheerder:',
    answer: 'Antwoord',
    server: 'Server',
    code: 'Code',
    last: 'Laatste poging',
  },
  en: {
    title: 'For your system administrator:',
    answer: 'Answer',
    server: 'Server',
    code: 'Code',
    last: 'Last attempt',
  },
} as const;

function technical(end: DeliveryEnd, language: Language): Block {
  const words = TECHNICAL[language];
  return facts(words.title, [
    [words.code, end.status],
    ...(end.reply === '' ? [] : [[words.answer, plainLine(end.reply, 400)] as const]),
    ...(end.remote === undefined ? [] : [[words.server, end.remote] as const]),
    [words.last, timeText(end.at, language)],
  ]);
}

const first = (end: DeliveryEnd): string => end.recipients[0] ?? '';

export function failedLetters(end: DeliveryEnd): Letters {
  const hand = end.held === true ? 'held' : end.reason === undefined ? undefined : 'stopped';
  const why = causeOf(end.status, hand);
  const reason = plainLine(end.reason ?? '');
  return {
    nl: {
      subject: `Niet bezorgd: uw bericht aan ${first(end)}`,
      blocks: [
        text('Uw bericht is NIET bezorgd bij:'),
        lines(...end.recipients),
        text(`Oorzaak: ${why.nl.cause}${reason === '' ? '' : ` De helpdesk schreef: "${reason}".`}`),
        text(`Wat u kunt doen: ${why.nl.advice}`),
        text('We proberen het niet opnieuw.'),
        aboutBlock(end.message, 'nl'),
        technical(end, 'nl'),
      ],
    },
    en: {
      subject: `Not delivered: your message to ${first(end)}`,
      blocks: [
        text('Your message was NOT delivered to:'),
        lines(...end.recipients),
        text(`Cause: ${why.en.cause}${reason === '' ? '' : ` The helpdesk wrote: "${reason}".`}`),
        text(`What you can do: ${why.en.advice}`),
        text('We will not try again.'),
        aboutBlock(end.message, 'en'),
        technical(end, 'en'),
      ],
    },
  };
}

export function delayedLetters(end: DeliveryEnd): Letters {
  const { until } = end;
  return {
    nl: {
      subject: `Vertraagd: uw bericht aan ${first(end)}`,
      blocks: [
        text('Uw bericht is nog niet bezorgd bij:'),
        lines(...end.recipients),
        text(
          'Oorzaak: de mailserver van de ontvangende organisatie is niet bereikbaar of neemt op dit moment geen berichten aan.',
        ),
        text(
          `U hoeft niets te doen: we blijven het proberen${until === undefined ? '' : ` tot ${timeText(until, 'nl')}`}. Lukt het dan niet, dan krijgt u daarover bericht. Stuur het bericht niet opnieuw; is het dringend, bel dan de ontvanger.`,
        ),
        aboutBlock(end.message, 'nl'),
        technical(end, 'nl'),
      ],
    },
    en: {
      subject: `Delayed: your message to ${first(end)}`,
      blocks: [
        text('Your message has not been delivered yet to:'),
        lines(...end.recipients),
        text(
          "Cause: the receiving organisation's mail server cannot be reached, or accepts no messages at the moment.",
        ),
        text(
          `You need not do anything: we keep trying${until === undefined ? '' : ` until ${timeText(until, 'en')}`}. If that fails, we will tell you. Do not send the message again; if it is urgent, call the addressee.`,
        ),
        aboutBlock(end.message, 'en'),
        technical(end, 'en'),
      ],
    },
  };
}

export function relayedLetters(end: DeliveryEnd): Letters {
  return {
    nl: {
      subject: `Doorgegeven: uw bericht aan ${first(end)}`,
      blocks: [
        text('De mailserver van de ontvangende organisatie heeft uw bericht aangenomen voor:'),
        lines(...end.recipients),
        text(
          'Die mailserver geeft geen ontvangstberichten. Of het bericht daarna in de postbus is gekomen en is gelezen, kunnen wij niet zien.',
        ),
        aboutBlock(end.message, 'nl'),
        technical(end, 'nl'),
      ],
    },
    en: {
      subject: `Passed on: your message to ${first(end)}`,
      blocks: [
        text("The receiving organisation's mail server has accepted your message for:"),
        lines(...end.recipients),
        text(
          'That server gives no delivery notices. Whether the message then reached the mailbox, and whether it was read, we cannot see.',
        ),
        aboutBlock(end.message, 'en'),
        technical(end, 'en'),
      ],
    },
  };
}

export interface Filed {
  readonly message: AboutMessage;
  readonly recipients: readonly string[];
}

export function filedLetters({ message, recipients }: Filed): Letters {
  const [only] = recipients;
  const many = recipients.length > 1;
  return {
    nl: {
      subject: `Bezorgd: uw bericht aan ${only ?? ''}${many ? ' en anderen' : ''}`,
      blocks: [
        text(`Uw bericht staat in de postbus van:`),
        lines(...recipients),
        text('Dat betekent nog niet dat het is opgehaald of gelezen.'),
        aboutBlock(message, 'nl'),
      ],
    },
    en: {
      subject: `Delivered: your message to ${only ?? ''}${many ? ' and others' : ''}`,
      blocks: [
        text(`Your message is in the mailbox of:`),
        lines(...recipients),
        text('That does not mean yet that it was fetched or read.'),
        aboutBlock(message, 'en'),
      ],
    },
  };
}
