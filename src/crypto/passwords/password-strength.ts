/**
 * Whether a password is made of what everybody tries first: known words, names of its owner, years,
 * rows of keys, repeats. Twelve characters keep nobody out who tries "Wachtwoord2026!" or
 * "jansenjansen1".
 *
 * The text is read as a row of parts. A known word, a year, a run of keys and a repeat are one part
 * each, whatever their length, and a part that comes again counts once; every other letter counts
 * by itself. Four parts are enough. A list of the million passwords that were found elsewhere would
 * be better and takes 10 MB; nearly all of those that have twelve characters fall to these rules.
 */

/** Least number of parts in a password. */
const ENOUGH = 4;
/** Characters that are examined: a longer password has its parts in the first of them. */
const LOOKED = 128;
/** Shorter names occur in many words by chance. */
const SHORTEST_NAME = 3;
const SHORTEST_RUN = 4;

const WORDS: ReadonlySet<string> = new Set(
  `wachtwoord wachtwoorden password passwort passw0rd welkom welcome geheim secret admin administrator beheer beheerder letmein login
   inloggen toegang gebruiker user test testen testing demo sluis mail email internet computer zomer winter herfst lente voorjaar najaar
   summer spring autumn januari februari maart april juni juli augustus september oktober november december january february march june july
   august october maandag dinsdag woensdag donderdag vrijdag zaterdag zondag monday tuesday wednesday thursday friday saturday sunday
   ziekenhuis huisarts huisartsen praktijk apotheek dokter arts patient patienten zorg kliniek laboratorium hospital doctor pharmacy practice
   nederland holland amsterdam rotterdam utrecht denhaag groningen eindhoven ajax feyenoord iloveyou liefde love hallo hello monkey dragon
   football voetbal baseball master shadow sunshine princess prinses superman batman trustno starwars pokemon michael charlie changeme verander
   nieuw default oranje koning balie kantoor office receptie company bedrijf computer vergeten forgot please correct horse battery staple`
    .split(/\s+/)
    .filter((word) => word !== ''),
);
const LONGEST_WORD = 14;
const ROWS = [
  '1234567890',
  'qwertyuiop',
  'asdfghjkl',
  'zxcvbnm',
  'qwertzuiop',
  'azertyuiop',
  'abcdefghijklmnopqrstuvwxyz',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm',
];
const RUNS = [...ROWS, ...ROWS.map((row) => Array.from(row).reverse().join(''))].map((row) => row + row);
/** Characters that people write in place of letters. */
const LETTER: Readonly<Record<string, string>> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
  '!': 'i',
};

/** Letters and digits alone, in lower case, without accents. */
const plain = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
const unleet = (text: string): string => text.replace(/[013457@$!]/g, (c) => LETTER[c] ?? c);

/** Words of a login name, an organisation and the like that a password must not be made of. */
const namesIn = (own: readonly string[]): ReadonlySet<string> =>
  new Set(
    own
      .flatMap((name) => [plain(name), ...plain(name).split(/[^a-z0-9]+/)])
      .filter((part) => part.length >= SHORTEST_NAME),
  );

/**
 * Why a password is too easy to guess, said to whoever chose it; repeats nothing of it. `own`:
 * login name, organisation, its title.
 */
export function weakness(text: string, own: readonly string[] = []): string | undefined {
  const names = namesIn(own);
  if (partsOf(plain(text).slice(0, LOOKED), names) >= ENOUGH) return undefined;
  return 'the password is one that is tried first: a known word, a name of its owner, a year, a row of keys or a repeat, with little beside it; three or four words that have nothing to do with each other are better';
}

function partsOf(text: string, names: ReadonlySet<string>): number {
  const seen = new Set<string>();
  let letters = 0;
  for (let at = 0; at < text.length;) {
    const part = partAt(text, at, names);
    if (part === undefined) {
      // Characters between words do not count.
      if (/[\p{L}\p{N}]/u.test(text[at] ?? '')) letters += 1;
      at += 1;
    } else {
      seen.add(part);
      at += part.length;
    }
  }
  return seen.size + letters;
}

/** The longest part that begins at `at`. */
function partAt(text: string, at: number, names: ReadonlySet<string>): string | undefined {
  const rest = text.slice(at);
  const meant = unleet(rest);
  const found = [
    longest([...names].filter((name) => rest.startsWith(name) || meant.startsWith(name))),
    wordAt(rest) ?? wordAt(meant),
    /^(?:19|20)\d\d/.exec(rest)?.[0],
    // Any number: three digits of it are a part.
    /^\d{1,3}/.exec(rest)?.[0],
    /^(.{1,4})\1{2,}/u.exec(rest)?.[0],
    runAt(rest),
  ].filter((part) => part !== undefined);
  return longest(found);
}

const longest = (of: readonly string[]): string | undefined => [...of].sort((a, b) => b.length - a.length)[0];

function wordAt(rest: string): string | undefined {
  for (let length = Math.min(LONGEST_WORD, rest.length); length >= SHORTEST_NAME; length -= 1)
    if (WORDS.has(rest.slice(0, length))) return rest.slice(0, length);
  return undefined;
}

/** Keys that lie beside each other, in either direction. */
function runAt(rest: string): string | undefined {
  let length = SHORTEST_RUN;
  if (rest.length < length || !RUNS.some((row) => row.includes(rest.slice(0, length)))) return undefined;
  while (length < rest.length && RUNS.some((row) => row.includes(rest.slice(0, length + 1)))) length += 1;
  return rest.slice(0, length);
}
