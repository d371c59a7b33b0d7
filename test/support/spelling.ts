/**
 * Finds words that neither a dictionary nor our own list knows, in texts of two languages. A text
 * counts as the language in which fewer of its words are unknown: English pages quote Dutch
 * replies, and Dutch pages name English settings.
 */
import { execFileSync } from 'node:child_process';

export interface Text {
  /** Where the text stands. */
  readonly at: string;
  readonly text: string;
}
export type Speech = 'en' | 'nl';
/** British English, as in the pages. */
const DICTIONARIES: Readonly<Record<Speech, string>> = { en: 'en_GB', nl: 'nl_NL' };

/** The prose of a page: without fenced and indented blocks, code, addresses and marks. */
export const proseOf = (page: string): string =>
  page
    .replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '')
    .replaceAll(/^ {4}.*$/gm, '')
    .replaceAll(/<!--[\s\S]*?-->|`[^`\n]*`|(?<=\])\([^)]*\)/g, ' ');

/**
 * Splits a text into pieces of one language: sentences, cells, and what stands in brackets or
 * quotes.
 */
export const piecesOf = (text: string): readonly string[] => text.split(/\n|[|()[\]"*]|[.:;!?]\s| \/ /);

/**
 * The words of a piece without names: addresses, paths, options, settings, variables, and words
 * with a digit or a capital inside. `X` is a value in a text of the source.
 */
const wordsOf = (piece: string): readonly string[] =>
  (
    piece
      .replaceAll(/https?:\S+|\S*[@_/\\=<>{}$#]\S*|\S+\.\S*\w|(?<![\p{L}\p{N}])-\S+/gu, ' ')
      .match(/[\p{L}\p{N}]+(?:['’]\p{L}+)*/gu) ?? []
  )
    .map((word) => word.replace(/['’]s$/, ''))
    .filter((word) => /^(?!X)\p{L}\p{Ll}+(?:['’]\p{L}+)*$/u.test(word));

export type Lists = Readonly<Record<Speech, readonly string[]>>;
export interface Spelled {
  /** Words that neither the dictionary of their piece nor our list knows. */
  readonly wrong: readonly { readonly at: string; readonly word: string; readonly speech: Speech }[];
  /** Words of our lists that some text uses and that the dictionary does not know. */
  readonly used: Readonly<Record<Speech, ReadonlySet<string>>>;
}

/** A word of a list may begin a sentence. */
const withCapital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

export function spell(texts: readonly Text[], lists: Lists): Spelled {
  const pieces = texts.flatMap(({ at, text }) => piecesOf(text).map((piece) => ({ at, words: wordsOf(piece) })));
  const all = [...new Set(pieces.flatMap(({ words }) => words))].join('\n');
  const unknown = { en: judged('en', all), nl: judged('nl', all) };
  const listed = {
    en: new Map(lists.en.flatMap((word) => [word, withCapital(word)].map((as) => [as, word]))),
    nl: new Map(lists.nl.flatMap((word) => [word, withCapital(word)].map((as) => [as, word]))),
  };
  const used = { en: new Set<string>(), nl: new Set<string>() };
  const wrong = pieces.flatMap(({ at, words }) => {
    const wrongIn = (speech: Speech): readonly string[] =>
      words.filter((word) => unknown[speech].has(word) && !listed[speech].has(word));
    const [en, nl] = [wrongIn('en'), wrongIn('nl')];
    const speech = nl.length < en.length ? 'nl' : 'en';
    for (const word of words) if (unknown[speech].has(word)) used[speech].add(listed[speech].get(word) ?? word);
    return (speech === 'nl' ? nl : en).map((word) => ({ at, word, speech }) as const);
  });
  return { wrong, used };
}

function judged(speech: Speech, words: string): ReadonlySet<string> {
  const said = execFileSync('hunspell', ['-l', '-i', 'UTF-8', '-d', DICTIONARIES[speech]], {
    input: words,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    // The personal word list of whoever runs it is not used.
    env: { PATH: process.env.PATH ?? '', LC_ALL: 'C.UTF-8', HOME: '/nonexistent' },
  });
  return new Set(said.split('\n'));
}
