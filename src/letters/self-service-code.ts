/**
 * The code with which somebody logs in to the pages of an account. The letter says nothing else,
 * since its reader may be another person than the one who logs in.
 */
import { type Instant, minutes } from '../domain/units.ts';
import { MAILED_LIFE } from '../domain/self-service.ts';
import { type Letters, facts, text, timeText } from './letter.ts';

export interface MailedLetter {
  readonly login: string;
  /** The code as it is typed. */
  readonly code: string;
  readonly expires: Instant;
}

const LIFE = MAILED_LIFE / minutes(1);

export function mailedCodeLetters({ login, code, expires }: MailedLetter): Letters {
  return {
    nl: {
      subject: 'Uw code om in te loggen',
      blocks: [
        text(
          `Iemand logt in op de eigen pagina van een account, en kende het wachtwoord. Met deze code is het inloggen klaar.`,
        ),
        facts('Dit is nodig:', [
          ['Account', login],
          ['Code', code],
          ['Geldig tot', timeText(expires, 'nl')],
        ]),
        text(
          `De code geldt ${LIFE} minuten en werkt één keer. Geef hem alleen aan wie nu met dit account inlogt, en nooit aan iemand die erom belt.`,
        ),
        text(
          'Logt niemand van u in? Doe dan niets met de code, en bel de helpdesk: iemand anders kent het wachtwoord.',
        ),
      ],
    },
    en: {
      subject: 'Your code to log in',
      blocks: [
        text(
          `Somebody is logging in to the own page of an account, and knew the password. This code completes the login.`,
        ),
        facts('This is needed:', [
          ['Account', login],
          ['Code', code],
          ['Valid until', timeText(expires, 'en')],
        ]),
        text(
          `The code is valid for ${LIFE} minutes and works once. Give it to whoever logs in with this account now, and never to anybody who calls and asks for it.`,
        ),
        text(
          'Is nobody of yours logging in? Then do nothing with the code, and call the helpdesk: somebody else knows the password.',
        ),
      ],
    },
  };
}
