/**
 * What an organisation's contact reads when a code for a password of one of its accounts was asked
 * for.
 */
import type { Language } from '../domain/registry.ts';
import type { Instant } from '../domain/units.ts';
import { type Block, type Letters, dayText, facts, lines, text, timeText } from './letter.ts';

export interface CodeForContact {
  readonly login: string;
  readonly organisation: string;
  readonly addresses: readonly string[];
  /** Name of the password. */
  readonly name: string;
  readonly code: string;
  readonly expires: Instant;
  /** All other passwords go as well. */
  readonly others: boolean;
  readonly page?: string;
}

/** Most addresses in the letter; more would be a page of its own. */
const MOST_ADDRESSES = 10;

export function passwordCodeLetters(about: CodeForContact): Letters {
  return {
    nl: {
      subject: `Code voor een nieuw wachtwoord: ${about.login}`,
      blocks: [
        text(
          `Voor dit account van ${about.organisation} is een nieuw wachtwoord aangevraagd. U krijgt de code, omdat u het contact van de organisatie bent. Geef de code aan wie het account gebruikt, en aan niemand anders.`,
        ),
        facts('Dit hebt u nodig:', [
          ['Gebruikersnaam', about.login],
          ['Code', about.code],
          ['Geldig tot', timeText(about.expires, 'nl')],
        ]),
        ...(about.page === undefined
          ? [
              text(
                'Wat u moet doen: bel de helpdesk, of geef dit bericht aan wie het systeem beheert. De helpdesk voert de code in.',
              ),
            ]
          : [
              text(
                'Wat u moet doen: open deze pagina en typ gebruikersnaam en code in. U ziet dan het nieuwe wachtwoord, één keer.',
              ),
              lines(about.page),
            ]),
        text(
          about.others
            ? 'De code werkt één keer. Tot dan blijven de huidige wachtwoorden werken; daarna werkt alleen nog het nieuwe.'
            : 'De code werkt één keer. Tot dan blijft het huidige wachtwoord gewoon werken.',
        ),
        text(
          'Heeft niemand bij u hierom gevraagd? Doe dan niets met de code en bel de helpdesk: iemand heeft zich misschien voor u uitgegeven.',
        ),
        itsAddresses(about, 'nl'),
      ],
    },
    en: {
      subject: `Code for a new password: ${about.login}`,
      blocks: [
        text(
          `A new password was asked for, for this account of ${about.organisation}. You get the code because you are the contact of the organisation. Give it to whoever uses the account, and to nobody else.`,
        ),
        facts('This is what you need:', [
          ['User name', about.login],
          ['Code', about.code],
          ['Valid until', timeText(about.expires, 'en')],
        ]),
        ...(about.page === undefined
          ? [
              text(
                'What to do: call the helpdesk, or give this message to whoever looks after the system. The helpdesk enters the code.',
              ),
            ]
          : [
              text('What to do: open this page and type user name and code. You then see the new password, once.'),
              lines(about.page),
            ]),
        text(
          about.others
            ? 'The code works once. Until then the present passwords keep working; after that only the new one works.'
            : 'The code works once. Until then the present password keeps working.',
        ),
        text(
          'Did nobody of yours ask for this? Then do nothing with the code and call the helpdesk: somebody may have pretended to be you.',
        ),
        itsAddresses(about, 'en'),
      ],
    },
  };
}

const WORDS = {
  nl: { title: 'Het gaat om dit account:', addresses: 'Adressen', name: 'Naam van het wachtwoord', day: 'Laatste dag' },
  en: { title: 'It is about this account:', addresses: 'Addresses', name: 'Name of the password', day: 'Last day' },
} as const;

function itsAddresses({ addresses, name, expires }: CodeForContact, language: Language): Block {
  const words = WORDS[language];
  return facts(words.title, [
    [words.addresses, addresses.length === 0 ? '-' : addresses.slice(0, MOST_ADDRESSES).join(', ')],
    [words.name, name],
    [words.day, dayText(expires, language)],
  ]);
}
