/**
 * What a field of a form takes, in the language of the reader, and dates as the Dutch write them.
 *
 * The kinds of the command table say in English what they expect: for a command line, and for the
 * English page. A Dutch page has its own words for them, and for a kind without any a sentence that
 * sends the reader to the hint of the field; never the English.
 */
import type { Language } from '../../domain/registry.ts';

const DUTCH: readonly (readonly [RegExp, string])[] = [
  [/^a day such as \S+, tomorrow, or 14d from now$/, 'een dag zoals 31-12-2027, of 14d: over twee weken'],
  [
    /^a day such as \S+, tomorrow, 14d from now, or a time such as (\S+)$/,
    'een dag zoals 31-12-2027, 14d (over twee weken), of een tijd zoals $1',
  ],
  [
    /^a day such as \S+, yesterday, 2h or 14d ago, or a time such as (\S+)$/,
    'een dag zoals 31-12-2027, 14d (twee weken terug), of een tijd zoals $1',
  ],
  [/^(\d+) to (\d+) characters in one line$/, '$1 tot en met $2 tekens op één regel'],
  [
    /^(\d+) to (\d+) characters a-z, 0-9(, -)? and ([-.]), such as (\S+)$/,
    '$1 tot en met $2 tekens a-z, 0-9$3 en $4, zoals $5',
  ],
  [/^one line of at most (\d+) characters$/, 'één regel van hoogstens $1 tekens'],
  [/^a number of days up to (\d+), such as (\S+)$/, 'een aantal dagen, hoogstens $1, zoals $2'],
  [/^a whole number from (\d+) to (\d+)$/, 'een heel getal van $1 tot en met $2'],
  [/^a size from (\S+) to (\S+), such as (\S+)$/, 'een grootte van $1 tot en met $2, zoals $3'],
  [/^an address such as (\S+)$/, 'een adres zoals $1'],
  [/^an address or a network, such as (\S+) or (\S+)$/, 'een adres of een netwerk, zoals $1 of $2'],
  [
    /^a login name without spaces, colons, quotes or angle brackets$/,
    'een gebruikersnaam zonder spaties, dubbele punten, aanhalingstekens of punthaken',
  ],
  [/^a host name or an IP address$/, 'een hostnaam of een IP-adres'],
  [/^a host name$/, 'een hostnaam'],
  [/^a domain such as (\S+)$/, 'een domein zoals $1'],
  [/^a URL such as (\S+)$/, 'een adres zoals $1'],
  [/^a telephone number of at least (\d+) digits$/, 'een telefoonnummer van minstens $1 cijfers'],
  [/^PEM(, or DER in base64)?, of at most (\S+)$|^PEM of at most (\S+)$/, 'PEM van hoogstens $2$3'],
];

/** `expected`: what the kind says. `choices`: where it has a few values. */
export function expectedWords(language: Language, expected: string, choices?: readonly string[]): string {
  if (language === 'en') return `Expected: ${expected}`;
  if (choices !== undefined) return `Verwacht: ${choices.join(' of ')}`;
  const found = DUTCH.find(([english]) => english.test(expected));
  return found === undefined
    ? 'Dit kan hier niet; kijk wat erboven staat.'
    : `Verwacht: ${expected.replace(found[0], found[1])}`;
}

/** `31-12-2027`, as a Dutch calendar has it; the other way round no form takes it. */
const DUTCH_DAY = /^(\d{1,2})-(\d{1,2})-(\d{4})$/;
/** Words of the kinds that take a day. */
const DAYS: ReadonlySet<string> = new Set(['day', 'date', 'moment']);

/**
 * What was typed in a field, with a Dutch date as the kinds of days read one: `2027-12-31`. `word`:
 * that of the kind.
 */
export function asTyped(word: string, text: string): string {
  const [, day = '', month = '', year = ''] = DAYS.has(word) ? (DUTCH_DAY.exec(text) ?? []) : [];
  return year === '' ? text : `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}
