/**
 * What differs from run to run, named instead: times, ids, keys, sizes that depend on the moment.
 * What is left is what a command promises.
 */

/** In this order: what is longer or surer comes first. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g, '<$1>'],
  [/\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?/g, '<time>'],
  [/\b\d{4}-\d\d-\d\d \d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z| CES?T)?/g, '<time>'],
  [/\b\d{4}-?\d\d-?\d\dT\d{6}Z\b/g, '<time>'],
  [/\b[A-Z][a-z]{2}, \d{1,2} [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/g, '<time>'],
  [/\b\d{4}-\d\d-\d\d\b/g, '<day>'],
  [/\b\d{4}-\d\d(?![\d-])\b/g, '<month>'],
  [
    /\b\d{1,2} (?:januari|februari|maart|april|mei|juni|juli|augustus|september|oktober|november|december) \d{4}\b/g,
    '<day>',
  ],
  [
    /\b\d{1,2} (?:January|February|March|April|May|June|July|August|September|October|November|December) \d{4}\b/g,
    '<day>',
  ],
  // A letter names the day of the week before it, which is another one on the next day.
  [/\b(?:(?:maan|dins|woens|donder|vrij|zater|zon)dag|(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day),? (?=<day>)/g, ''],
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, '<uuid>'],
  [/\b(?:[0-9A-HJKMNP-TV-Z]{4}[- ]){5}[0-9A-HJKMNP-TV-Z]{4}\b/g, '<code>'],
  [/\b(?:[0-9a-z]{4}-){5}[0-9a-z]{4}\b/g, '<code>'],
  [/\b[A-Z2-7]{4}-[A-Z2-7]{4}\b/g, '<request>'],
  [/("set": )"[A-Z2-7]{8}"/g, '$1"<set>"'],
  [/\b[0-9a-f]{10}-\d+\b/g, '<session>'],
  [/\b(?:[0-9a-f]{4} ){7,}[0-9a-f]{4}\b/g, '<hex groups>'],
  [/\b[0-9a-f]{128}\b/gi, '<hex 128>'],
  [/\b[0-9a-f]{64}\b/gi, '<hex 64>'],
  [/\b[0-9a-f]{40}\b/gi, '<hex 40>'],
  [/\b[0-9a-f]{16,}\b/gi, '<hex>'],
  // A message that went back into the maildir of an old server.
  [/\b\d{10}\.S[0-7][0-9a-hjkmnp-tv-z]{12}\.sluis\b/g, '<returned>.sluis'],
  [/\b[0-7][0-9a-hjkmnp-tv-z]{12}\b/g, '<id>'],
  [/(?<![A-Za-z0-9+/=_-])(?=[^\s]*[A-Z])(?=[^\s]*[0-9])[A-Za-z0-9+/_-]{40,}={0,2}/g, '<base64>'],
  [/\bp=[A-Za-z0-9+/]{40,}={0,2}/g, 'p=<base64>'],
  [/\b(127\.0\.0\.1|localhost)(:| +)\d{4,5}\b/g, '$1$2<port>'],
  [/^(Process: +|.*\bprocess=)\d+/gm, '$1<number>'],
  [/\bport \d{5}\b/g, 'port <port>'],
  // What every migration changes.
  [/\b\d+ pages are whole\b/g, '<number> pages are whole'],
  [/\bversion \d+(?=, which this program can serve)/g, 'version <number>'],
  [/\b\d+ rows in \d+ tables\b/g, '<number> rows in <number> tables'],
  [/\b\d+(?:\.\d+)? (?:octets|bytes|KiB|MiB|GiB|TiB)\b/g, '<size>'],
  [/\b\d+(?:\.\d+)? (?:ms|s)\b/g, '<seconds>'],
  // In CSV a number has no name. A date in a notice makes it longer or shorter.
  [/(,fetched,\d+,[^,]*,[^,]*,[^,]*,)\d+(?=,)/g, '$1<octets>'],
];

/**
 * Numbers that say how long, how large or in which process, by the last word of their name. A date
 * in a letter makes it longer or shorter.
 */
const NUMBERS = new Set([
  'process',
  'pid',
  'port',
  'octets',
  'used',
  'size',
  'seconds',
  'milliseconds',
  'free',
  // Each migration is one more.
  'schema',
  'submitted',
  'written',
  'after',
]);
/** Strings that are drawn at random, and what they are. */
const DRAWN: Readonly<Record<string, string>> = { enrolment: '<enrolment>', set: '<set>' };
/** A UIDL of ours: 128 random bits. */
const UIDL = /^[A-Za-z0-9_-]{22}$/;
/**
 * Ids that are no words of a language: of a request for a second person as the input has it, of a
 * code.
 */
const IDS = /^(?:[A-Z2-7]{8}|[0-9a-z]{8})$/;
/** From here on a number is a time in milliseconds: in the year 2001. */
const TIMES = 1e12;

export type Plain = string | number | boolean | null | readonly Plain[] | { readonly [name: string]: Plain };

/** Whether the clock is kept is this machine's affair. */
const isOfMachine = (text: unknown): boolean =>
  typeof text === 'string' && /^(?:Warning: )?(?:nobody can tell whether the clock|the clock is)/.test(text);

/** Not inside of another word: the digits of a port stand in some fingerprint. */
const standsAlone = (text: string): RegExp =>
  new RegExp(`(?<![A-Za-z0-9])${text.replace(/[^A-Za-z0-9]/g, '\\$&')}(?![A-Za-z0-9])`, 'g');

export class Words {
  readonly #own: readonly (readonly [RegExp, string])[];

  /** `own`: texts of this run and what they are called, such as the path of its folder. */
  constructor(own: readonly (readonly [string, string])[]) {
    this.#own = own.map(([text, word]) => [standsAlone(text), word]);
  }

  text(text: string): string {
    let said = text;
    for (const [pattern, word] of [...this.#own, ...WORDS]) said = said.replace(pattern, word);
    return said;
  }

  /** For people: how wide a column is depends on what is in it. */
  lines(text: string): readonly string[] {
    return this.text(text)
      .split('\n')
      .map((line) => line.replace(/ {2,}/g, '  ').trimEnd())
      .filter((line, i, all) => (line !== '' || i < all.length - 1) && !isOfMachine(line));
  }

  /** The same fields, nested as they are; values as they are where they are the same each time. */
  value(value: unknown, name = ''): Plain {
    // The sentence of a setting may be said better at any time.
    if (name === 'about' && typeof value === 'string' && value.length > 30) return '<sentence>';
    if (name === 'uidl' && typeof value === 'string' && UIDL.test(value)) return '<uidl>';
    if (typeof value === 'string') return DRAWN[name] ?? (name === 'id' && IDS.test(value) ? '<id>' : this.text(value));
    if (typeof value === 'number' && value > TIMES) return '<time>';
    if (typeof value === 'number')
      return NUMBERS.has((/[A-Za-z][a-z]*$/.exec(name)?.[0] ?? name).toLowerCase()) ? '<number>' : value;
    if (Array.isArray(value)) return value.filter((one) => !isOfMachine(one)).map((one) => this.value(one, name));
    if (typeof value !== 'object' || value === null) return value as Plain;
    return Object.fromEntries(Object.entries(value).map(([key, of]) => [this.text(key), this.value(of, key)]));
  }
}

const WIDEST = 150;

/** JSON that a person reads in a diff: what fits in a line stands in one. */
export function readable(value: Plain, indent = ''): string {
  const short = JSON.stringify(value);
  if (typeof value !== 'object' || value === null || short.length + indent.length <= WIDEST) return short;
  const deeper = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((one: Plain) => readable(one, deeper))
    : Object.entries(value).map(([name, of]) => `${JSON.stringify(name)}: ${readable(of, deeper)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${parts.map((part) => deeper + part).join(',\n')}\n${indent}${close}`;
}

/** Fields and their types alone, of a list the first: for what a library or the machine says. */
export function shapeOf(value: Plain): Plain {
  if (Array.isArray(value)) return (value as readonly Plain[]).slice(0, 1).map(shapeOf);
  if (typeof value !== 'object' || value === null) return `<${value === null ? 'null' : typeof value}>`;
  return Object.fromEntries(Object.entries(value).map(([name, of]) => [name, shapeOf(of)]));
}
