/** What a sender reads when an addressee is away. */
import type { Address } from '../domain/address.ts';
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { instantOf, lastDayBefore } from '../domain/working-days.ts';
import { type AboutMessage, type Block, type Letters, aboutBlock, dayText, facts, text } from './letter.ts';

export interface Absentee {
  /** The addressee as the sender wrote it. */
  readonly addressee: Address;
  /** The first moment at which the addressee is back. */
  readonly until: Instant;
  readonly substitute: Address;
}

/** Addressees that a letter names. */
const MAX_NAMED = 20;

const WORDS = {
  nl: { until: 'Afwezig tot en met', substitute: 'Waarnemer', more: (n: number) => `En nog ${n} andere.` },
  en: { until: 'Away up to and including', substitute: 'Substitute', more: (n: number) => `And ${n} more.` },
} as const;

function named(absentees: readonly Absentee[], language: Language): Block[] {
  const words = WORDS[language];
  const rest = absentees.length - MAX_NAMED;
  return [
    ...absentees.slice(0, MAX_NAMED).map(({ addressee, until, substitute }) =>
      facts(addressee, [
        [words.until, dayText(instantOf(lastDayBefore(until)), language)],
        [words.substitute, substitute],
      ]),
    ),
    ...(rest > 0 ? [text(words.more(rest))] : []),
  ];
}

const subjectOf = ([first, ...others]: readonly Absentee[], language: Language): string =>
  `${first?.addressee ?? ''}${others.length === 0 ? '' : language === 'nl' ? ' en anderen' : ' and others'}`;

/** The message went to the substitutes. */
export function substitutedLetters(message: AboutMessage, absentees: readonly Absentee[]): Letters {
  return {
    nl: {
      subject: `Afwezig, naar de waarnemer: ${subjectOf(absentees, 'nl')}`,
      blocks: [
        text('Uw bericht is naar de waarnemer gegaan, want deze ontvanger is afwezig:'),
        ...named(absentees, 'nl'),
        text(
          'U hoeft niets te doen. Moet de ontvanger het zelf krijgen en kan het wachten? Stuur het dan na die dag opnieuw.',
        ),
        aboutBlock(message, 'nl'),
      ],
    },
    en: {
      subject: `Away, sent to the substitute: ${subjectOf(absentees, 'en')}`,
      blocks: [
        text('Your message went to the substitute, since this addressee is away:'),
        ...named(absentees, 'en'),
        text(
          'You need not do anything. Must the addressee have it in person, and can it wait? Then send it again after that day.',
        ),
        aboutBlock(message, 'en'),
      ],
    },
  };
}

/** It is encrypted for the addressees: it waits for them, and the substitutes have not got it. */
export function keptLetters(message: AboutMessage, absentees: readonly Absentee[]): Letters {
  return {
    nl: {
      subject: `Afwezig, uw bericht wacht: ${subjectOf(absentees, 'nl')}`,
      blocks: [
        text(
          'Uw bericht is versleuteld voor een ontvanger die afwezig is. Niemand anders kan het lezen: het wacht in de postbus, en de waarnemer heeft het NIET gekregen.',
        ),
        ...named(absentees, 'nl'),
        text('Wat u kunt doen: stuur het opnieuw aan de waarnemer als het niet kan wachten, of bel.'),
        aboutBlock(message, 'nl'),
      ],
    },
    en: {
      subject: `Away, your message waits: ${subjectOf(absentees, 'en')}`,
      blocks: [
        text(
          'Your message is encrypted for an addressee who is away. Nobody else can read it: it waits in the mailbox, and the substitute has NOT got it.',
        ),
        ...named(absentees, 'en'),
        text('What you can do: send it again to the substitute if it cannot wait, or call.'),
        aboutBlock(message, 'en'),
      ],
    },
  };
}
