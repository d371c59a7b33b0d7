/**
 * What the frame of these pages says, and pages that say why something was not done, in both
 * languages.
 */
import type { OwnProblems } from '../../web/look/problem.ts';

export const FRAME = {
  nl: {
    links: [
      ['/', 'Overzicht'],
      ['/messages', 'Verzonden bericht'],
      ['/passwords', 'Wachtwoorden en certificaten'],
      ['/absence', 'Afwezigheid'],
      ['/directory', 'Adresboek'],
      ['/program', 'Mailprogramma'],
      ['/organisation', 'Organisatie'],
    ],
  },
  en: {
    links: [
      ['/', 'Overview'],
      ['/messages', 'Sent message'],
      ['/passwords', 'Passwords and certificates'],
      ['/absence', 'Absence'],
      ['/directory', 'Address book'],
      ['/program', 'Mail program'],
      ['/organisation', 'Organisation'],
    ],
  },
} as const;

export const PROBLEMS: OwnProblems = {
  nl: {
    back: 'Naar het overzicht',
    missing: ['Deze pagina is er niet', 'Kijk of het adres klopt, of ga naar het overzicht.'],
    forbidden: ['Dit kan hier niet', 'Bel de helpdesk en zeg wat u wilt doen.'],
    unknown: ['Dat bestaat niet', 'Kijk of de naam klopt. Wat van een ander is, ziet u hier niet.'],
    host: ['Dit adres klopt niet', 'Gebruik het adres dat u van de helpdesk kreeg.'],
  },
  en: {
    back: 'To the overview',
    missing: ['This page does not exist', 'See whether the address is right, or go to the overview.'],
    forbidden: ['This cannot be done here', 'Call the helpdesk and say what you want to do.'],
    unknown: ['That does not exist', 'See whether the name is right. What belongs to others is not shown here.'],
    host: ['This address is not right', 'Use the address that the helpdesk gave you.'],
  },
};
