/**
 * What an organisation's former contact reads when its contact changes. Codes for passwords go to
 * the new contact from then on: when somebody had it changed in another's name, that other person
 * reads of it here.
 */
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { type Block, type Letters, facts, text, timeText } from './letter.ts';

export interface ContactChange {
  /** Its title. */
  readonly organisation: string;
  readonly at: Instant;
  /** Only what is another one now; empty: none. */
  readonly now: {
    readonly contact?: string;
    readonly telephone?: string;
    readonly post?: readonly string[];
  };
}

export function contactChangedLetters(change: ContactChange): Letters {
  const { organisation } = change;
  return {
    nl: {
      subject: `Contactgegevens gewijzigd: ${organisation}`,
      blocks: [
        text(
          `De helpdesk heeft veranderd hoe ${organisation} te bereiken is. U krijgt dit bericht, omdat berichten voor de organisatie tot nu toe naar u gingen.`,
        ),
        itsFacts(change, 'nl'),
        text(
          'Berichten en brieven voor de organisatie gaan voortaan hierheen, ook codes voor nieuwe wachtwoorden. Klopt het? Dan hoeft u niets te doen.',
        ),
        text(
          'Klopt het niet, of weet u het niet zeker? Bel dan nu de helpdesk, op een nummer dat u al had: iemand heeft zich misschien voor u uitgegeven, en kan zo wachtwoorden van uw accounts krijgen.',
        ),
      ],
    },
    en: {
      subject: `Contact details changed: ${organisation}`,
      blocks: [
        text(
          `The helpdesk changed how ${organisation} is reached. You get this message because messages for the organisation went to you until now.`,
        ),
        itsFacts(change, 'en'),
        text(
          'Messages and letters for the organisation go there from now on, codes for new passwords too. Is it right? Then there is nothing to do.',
        ),
        text(
          'Is it wrong, or are you not sure? Then call the helpdesk now, on a number that you had before: somebody may have pretended to be you, and can get passwords of your accounts this way.',
        ),
      ],
    },
  };
}

const WORDS = {
  nl: {
    title: 'Zo is het nu:',
    at: 'Gewijzigd',
    contact: 'Contact',
    telephone: 'Telefoon',
    post: 'Postadres',
    none: 'geen',
  },
  en: {
    title: 'It is now:',
    at: 'Changed',
    contact: 'Contact',
    telephone: 'Telephone',
    post: 'Postal address',
    none: 'none',
  },
} as const;

function itsFacts({ at, now: { contact, telephone, post } }: ContactChange, language: Language): Block {
  const words = WORDS[language];
  const shown = (name: string, value: string | undefined): (readonly [string, string])[] =>
    value === undefined ? [] : [[name, value === '' ? words.none : value]];
  return facts(words.title, [
    ...shown(words.contact, contact),
    ...shown(words.telephone, telephone),
    ...shown(words.post, post?.join(', ')),
    [words.at, timeText(at, language)],
  ]);
}
