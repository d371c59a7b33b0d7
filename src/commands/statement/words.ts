/**
 * Words of the statement that are no claims: titles, table headings, what the statement is, and how
 * it is checked.
 */
import type { Both } from './claim.ts';
import type { Owner } from './controls.ts';

export const WORDS = {
  title: { nl: 'Verklaring over informatiebeveiliging', en: 'Statement about information security' },
  about: {
    nl: 'De gateway maakte deze verklaring zelf, uit wat draait en wat is gemeten. Achter elke zin staan de dag en het bestand met de cijfers.',
    en: 'The gateway made this statement itself, from what runs and what was measured. Behind each sentence stand the day and the file with the figures.',
  },
  gateway: { nl: 'Gateway', en: 'Gateway' },
  version: { nl: 'Versie', en: 'Version' },
  made: { nl: 'Gemaakt', en: 'Made' },
  for: { nl: 'Voor', en: 'For' },
  notInPlace: { nl: 'Niet ingericht', en: 'Not in place' },
  inPlace: { nl: 'Ingericht', en: 'In place' },
  notInPlaceAbout: {
    nl: 'Dit is niet ingericht, nooit beproefd, of niet goed genoeg:',
    en: 'This is not configured, was never tried, or is not good enough:',
  },
  nothing: { nl: 'Niets.', en: 'Nothing.' },
  protocols: { nl: 'Protocollen en hosts', en: 'Protocols and hosts' },
  controls: {
    nl: 'Bijlage: maatregelen van NEN 7510-2:2024 en ISO 27001 bijlage A',
    en: 'Annex: controls of NEN 7510-2:2024 and ISO 27001 Annex A',
  },
  controlsAbout: {
    nl: 'De tekst van een maatregel staat in de norm. "Product" betekent: de gateway kan het. Hierboven staat of het is ingericht. Vraag de operator de opdracht in de laatste kolom te tonen, met de woorden in hoofdletters ingevuld.',
    en: 'The text of a control is in the norm. "Product" means: the gateway can do it. Above stands whether it is in place. Ask the operator to show the command in the last column, with the words in capitals filled in.',
  },
  control: { nl: 'Nr.', en: 'No.' },
  subject: { nl: 'Onderwerp', en: 'Subject' },
  owner: { nl: 'Van wie', en: 'Whose' },
  shownBy: { nl: 'Te zien met', en: 'Shown by' },
  tls: { nl: 'Bijlage: TLS van elke listener en host', en: 'Annex: TLS of each listener and host' },
  grade: { nl: 'Oordeel', en: 'Grade' },
  what: { nl: 'Wat', en: 'What' },
  gradesAbout: {
    nl: 'Het oordeel volgt de TLS-richtlijn van het NCSC (2025-05). Een listener krijgt het slechtste oordeel van wat hij aanbiedt:',
    en: 'The grades are those of the TLS guideline of the NCSC (2025-05). A listener gets the worst grade of what it offers:',
  },
  unknownHost: { nl: 'nog niet bekend', en: 'not known yet' },
  unexamined: { nl: 'niet onderzocht', en: 'not examined' },
  unprobed: { nl: 'Niet te vragen vanaf hier, dus niet beoordeeld', en: 'Cannot be asked from here, so not judged' },
  check: { nl: 'Nakijken', en: 'How to check' },
  checkAbout: {
    nl: 'Vraag de operator langs een andere weg om evidence.pem. Typ daarna:',
    en: 'Ask the operator for evidence.pem by another way. Then type:',
  },
} as const satisfies Record<string, Both>;

export const OWNERS: Readonly<Record<Owner, Both>> = {
  product: { nl: 'product', en: 'product' },
  organisation: { nl: 'organisatie', en: 'organisation' },
  'not applicable': { nl: 'niet van toepassing', en: 'not applicable' },
};

export const CHECK = 'openssl cms -verify -in statement.eml -CAfile evidence.pem -out content.eml';
