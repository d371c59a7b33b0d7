/** What the operator reads when somebody got in with the account for emergencies. */
import { iso, type Instant } from '../domain/units.ts';
import { type Letters, facts, text } from './letter.ts';

export interface BrokenGlass {
  /** The range that it came from. */
  readonly network: string;
  readonly at: Instant;
}

export function breakGlassLetters({ network, at }: BrokenGlass): Letters {
  return {
    nl: {
      subject: 'Er is ingelogd met het noodaccount van de console',
      blocks: [
        text('Iemand heeft ingelogd met het noodaccount. Dat mag alleen als niemand anders kan inloggen.'),
        facts('Het gaat om deze keer:', [
          ['Tijd (UTC)', iso(at)],
          ['Netwerk', network],
        ]),
        text(
          'Wat u moet doen: zoek uit wie het was. Was het niet de bedoeling, beëindig dan de sessie met "sluis operator session end". Maak daarna nieuwe geheimen met "sluis operator break-glass make": de oude zijn nu gebruikt.',
        ),
      ],
    },
    en: {
      subject: 'Somebody logged in with the break-glass account of the console',
      blocks: [
        text('Somebody has logged in with the break-glass account. It is for when nobody else can log in.'),
        facts('It is about this login:', [
          ['Time (UTC)', iso(at)],
          ['Network', network],
        ]),
        text(
          'What you have to do: find out who it was. If it should not have happened, end the session with "sluis operator session end". Then make new secrets with "sluis operator break-glass make": the old ones have been used.',
        ),
      ],
    },
  };
}
