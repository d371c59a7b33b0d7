/** Words for the TLS of listeners: grades, findings, and why there is nothing to say. */
import type { ExaminedListener } from '../../domain/examined.ts';
import type { Language } from '../../domain/registry.ts';
import type { Both } from './claim.ts';

/** The grades by their English names in the guideline, the best first. */
export const GRADES: Readonly<Record<string, Both & { readonly about: Both }>> = {
  good: {
    nl: 'goed',
    en: 'good',
    about: { nl: 'veilig, ook voor de komende jaren', en: 'secure, also for the years to come' },
  },
  sufficient: {
    nl: 'voldoende',
    en: 'sufficient',
    about: { nl: 'veilig; iets beters bestaat', en: 'secure; something better exists' },
  },
  'phase out': {
    nl: 'uit te faseren',
    en: 'phase out',
    about: {
      nl: 'nu nog bruikbaar, en bekend als zwak; het moet op tijd verdwijnen',
      en: 'usable for now, and known to be weak; it has to go in time',
    },
  },
  insufficient: {
    nl: 'onvoldoende',
    en: 'insufficient',
    about: { nl: 'niet veilig; niet gebruiken', en: 'not secure; not to be used' },
  },
};

/** Words for the moment at which TLS begins. */
export const BEGINS: Readonly<Record<string, Both>> = {
  implicit: { nl: 'vanaf het begin', en: 'from the start' },
  starttls: { nl: 'voor het inloggen (STARTTLS)', en: 'before login (STARTTLS)' },
};

export const PROBLEMS: Readonly<Record<NonNullable<ExaminedListener['problem']>, Both>> = {
  ended: { nl: 'hij is gesloten, want zijn laatste dag is voorbij', en: 'it is closed, since its last day is over' },
  'no gateway': { nl: 'er draait nu geen gateway die zijn poort kent', en: 'no gateway runs now that knows its port' },
  'no answer': { nl: 'hij antwoordde niet', en: 'it did not answer' },
};

export const ABOUTS: Readonly<Record<string, Both>> = {
  version: { nl: 'versie', en: 'version' },
  suite: { nl: 'versleuteling', en: 'encryption' },
  curve: { nl: 'sleuteluitwisseling', en: 'key exchange' },
  certificate: { nl: 'certificaat', en: 'certificate' },
  signature: { nl: 'handtekening', en: 'signature' },
  renegotiation: { nl: 'heronderhandelen', en: 'renegotiation' },
};

/**
 * The English findings of doctor, with their Dutch words. In a finding about a certificate, they
 * follow the name of its key.
 */
const FOUND: readonly (readonly [RegExp, string])[] = [
  [/: key$/, ': de sleutel'],
  [/: signed with an unknown algorithm$/, ': ondertekend met iets onbekends'],
  [/: signed with (.+)$/, ': ondertekend met $1'],
  [/: ended on (.+)$/, ': verliep op $1'],
  [/: ends on (.+)$/, ': geldig tot $1'],
  [/: does not name (.+)$/, ': noemt $1 niet'],
  [/: names (.+)$/, ': noemt $1'],
  [/^handshake signed with SHA-1$/, 'begin van de verbinding ondertekend met SHA-1'],
  [/^no SHA-1 in the handshake$/, 'geen SHA-1 aan het begin van de verbinding'],
  [/^a client can renegotiate$/, 'een programma kan heronderhandelen'],
  [/^a client cannot renegotiate$/, 'een programma kan niet heronderhandelen'],
];

export function foundIn(language: Language, what: string): string {
  if (language === 'en') return what;
  const [pattern, by] = FOUND.find(([one]) => one.test(what)) ?? [];
  return pattern === undefined || by === undefined ? what : what.replace(pattern, by);
}
