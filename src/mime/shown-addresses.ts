/**
 * Finds every address that a reader of an address field would see in it, even if it is not one by
 * the rules: in the display name, in a comment, in an encoded word, in letters that only look like
 * ASCII.
 *
 * Most mail programs show the name and hide the address, so that an address in the name is taken
 * for the sender's. What counts here is therefore what is shown: encoded words are decoded (RFC
 * 2047), comments and quotes opened, letters folded to their plain form (NFKC: a full-width `@` is
 * an `@`), invisible characters left out.
 */
import { type Result, fail, ok } from '../domain/result.ts';
import { joinSmall } from '../platform/bytes.ts';
import { wordOctets } from './encoded-word.ts';

/** Characters of a field. A hundred addresses fit; the name of a person is far shorter. */
export const MAX_FIELD = 16 * 1024;
/** Most addresses in one field: more is no list of people. */
const MAX_ADDRESSES = 200;
/** Most characters on each side of an `@` that are looked at (RFC 5321 section 4.5.3.1). */
const MAX_REACH = 320;
/** An encoded word may decode to another one, and some programs decode again. */
const MAX_ROUNDS = 3;

const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\p{Cf}\u2800]/gu;
/**
 * Characters that turn the direction of writing: text that stands backwards may be shown as an
 * address.
 */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/;
const ENCODED = /=\?([^?\s]{1,80})\?([bq])\?([^?]*)\?=/gi;
const NAME_CHARACTER = /[^\s@<>(),:;"\\[\]]/u;
const DOMAIN = /^[\p{L}\p{N}\p{M}_-]+(?:\.[\p{L}\p{N}\p{M}_-]+)*|^\[[^\]\s]{1,80}\]/u;

/**
 * Character sets that contain ASCII unchanged, so that an `@` in them is found without a table: the
 * code pages of DOS, in which old systems write names, and the words of programs that do not know
 * their own character set.
 */
const LIKE_ASCII = /^(?:(?:cp|ibm|pc|dos)-?(?:437|7\d\d|85\d|86\d)|(?:x-)?unknown(?:-8bit)?|default|ansi)$/i;

/**
 * The addresses as they are shown, the field's own among them. A plain field with one address gives
 * none: nothing but its own is shown. `text`: the unfolded value. The error says what cannot be
 * read.
 */
export function addressesShown(text: string): Result<readonly string[], string> {
  if (isPlain(text)) return ok([]);
  if (text.length > MAX_FIELD) return fail(`it is longer than ${MAX_FIELD} characters`);
  const decoded = decodedWords(text);
  if (!decoded.ok) return decoded;
  const turned = TURNS.test(decoded.value);
  const found = new Set<string>();
  for (const reading of readings(decoded.value)) {
    let seen = 0;
    for (let at = reading.indexOf('@'); at >= 0; at = reading.indexOf('@', at + 1)) {
      if (++seen > MAX_ADDRESSES) return fail(`more than ${MAX_ADDRESSES} addresses are in it`);
      const address = addressAt(reading, at, turned);
      if (address !== undefined) found.add(address);
    }
  }
  return ok([...found]);
}

/** An address as `addressesShown` writes it, for comparison. */
export const asShown = (address: string): string => address.normalize('NFKC').toLowerCase();

/** The addresses that are shown in a field and are none of `mailboxes`, which it really holds. */
export function addressesBeside(text: string, mailboxes: readonly string[]): Result<readonly string[], string> {
  const shown = addressesShown(text);
  if (!shown.ok) return shown;
  const held = new Set(mailboxes.map(asShown));
  return ok(shown.value.filter((address) => !held.has(asShown(address))));
}

/** One address and nothing to decode: the usual field, which costs no more than this. */
const isPlain = (text: string): boolean =>
  text.indexOf('@') === text.lastIndexOf('@') && !text.includes('=?') && /^[\t\x20-\x7e]*$/.test(text);

/**
 * The text as programs show it. There are two readings if quoted strings stand behind one another:
 * some programs show a blank between them, others do not.
 */
function readings(text: string): readonly string[] {
  const folded = text
    .replace(INVISIBLE, '')
    .normalize('NFKC')
    .replace(INVISIBLE, '')
    .replace(/\u3002/g, '.');
  const shown = (quoted: string): string =>
    quoted
      .replace(/\\(?=.)/gsu, '')
      .replace(/"/g, '')
      .replace(/[()\s]+/gu, ' ')
      .replace(/ ?@ ?/g, '@');
  const apart = shown(folded);
  const joined = shown(folded.replace(/"\s*"/gu, ''));
  return joined === apart ? [apart] : [apart, joined];
}

/**
 * The address around an `@`; undefined if there is none. A domain has a dot (`C@re` is not an
 * address), unless the text may be shown backwards. An address begins with a letter or digit;
 * quotes and dashes in front of it do not belong to it.
 */
function addressAt(text: string, at: number, turned: boolean): string | undefined {
  let from = at;
  while (from > 0 && at - from < MAX_REACH && NAME_CHARACTER.test(text[from - 1] ?? '')) from -= 1;
  const local = text.slice(from, at).replace(/^[^\p{L}\p{N}]+/u, '');
  const domain = DOMAIN.exec(text.slice(at + 1, at + 1 + MAX_REACH))?.[0] ?? '';
  if (local === '' || domain === '' || !(turned || domain.includes('.') || domain.includes(':'))) return undefined;
  return `${local}@${domain}`;
}

function decodedWords(text: string): Result<string, string> {
  let read = text;
  for (let round = 0; round < MAX_ROUNDS && read.includes('=?'); round += 1) {
    const decoded = decodedOnce(read);
    if (!decoded.ok || decoded.value === read) return decoded;
    read = decoded.value.slice(0, MAX_FIELD);
  }
  return ok(read);
}

/**
 * Words behind one another in one character set are decoded together: a program may cut a character
 * in two.
 */
function decodedOnce(text: string): Result<string, string> {
  let read = '';
  let at = 0;
  let charset = '';
  let octets: Buffer[] = [];
  const flush = (): boolean => {
    const decoded = octets.length === 0 ? '' : decodedIn(joinSmall(octets), charset);
    read += decoded ?? '';
    octets = [];
    return decoded !== undefined;
  };
  const unknown = (): Result<string, string> =>
    fail(`a name is in the character set ${charset.replace(/[^\w.:+-]/g, '?')}, which is not known here`);
  for (const match of text.matchAll(ENCODED)) {
    const between = text.slice(at, match.index);
    const named = (match[1] ?? '').replace(/\*.*$/, '');
    const goesOn = octets.length > 0 && between.trim() === '' && named === charset;
    if (!goesOn && !flush()) return unknown();
    // RFC 2047 section 6.2: blanks between two encoded words are not shown.
    if (at === 0 || between.trim() !== '') read += between;
    charset = named;
    octets.push(wordOctets(match[2] ?? '', match[3] ?? ''));
    at = match.index + match[0].length;
  }
  return flush() ? ok(read + text.slice(at)) : unknown();
}

/** Undefined if the character set is unknown and may have its `@` elsewhere (UTF-7, EBCDIC). */
function decodedIn(octets: Buffer, charset: string): string | undefined {
  // Without a byte order mark, programs disagree on which octet comes first.
  if (/^utf-?16$/i.test(charset))
    return `${decodedAs(octets, 'utf-16le') ?? ''} ${decodedAs(octets, 'utf-16be') ?? ''}`;
  const decoded = decodedAs(octets, charset);
  return decoded ?? (LIKE_ASCII.test(charset) ? octets.toString('latin1') : undefined);
}

function decodedAs(octets: Buffer, charset: string): string | undefined {
  try {
    return new TextDecoder(charset).decode(octets);
  } catch (error) {
    // A label that is not known; nothing else is thrown here.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
