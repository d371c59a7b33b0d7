/** What can be typed after each command, as the scripts for all shells need it. */
import type { CommandFacts, OptionFacts } from './command-tree.ts';

export interface Offer {
  readonly word: string;
  readonly about: string;
}

/** A place on the command line: after `sluis` and the words of `at`. */
export interface Point {
  /** Such as `account password`; empty directly after `sluis`. */
  readonly at: string;
  readonly commands: readonly Offer[];
  readonly options: readonly Offer[];
  /** Options whose value is the name of a file or folder. */
  readonly files: readonly string[];
  /** Options whose value is free text, for which nothing is offered. */
  readonly texts: readonly string[];
  readonly choices: readonly { readonly option: string; readonly words: readonly string[] }[];
  /** Fixed values of the arguments. */
  readonly values: readonly string[];
  /** True if one of the arguments is the name of a file or folder. */
  readonly takesFile: boolean;
}

const FILES = /^(?:file|folder|path|pem|backup|share|dir|maildir)$/;

export const pointsOf = (command: CommandFacts): readonly Point[] => [
  pointOf(command),
  ...command.commands.flatMap(pointsOf),
];

function pointOf({ words, commands, options, arguments: taken }: CommandFacts): Point {
  const isFile = ({ value }: OptionFacts): boolean => FILES.test(value ?? '');
  const named = options.filter(({ value, choices }) => value !== undefined && choices.length === 0);
  return {
    at: words.join(' '),
    commands: commands.map((one) => ({ word: one.words.at(-1) ?? '', about: one.about })),
    options: options.map(({ name, about }) => ({ word: name, about })),
    files: named.filter(isFile).map(({ name }) => name),
    texts: named.filter((option) => !isFile(option)).map(({ name }) => name),
    choices: options
      .filter(({ choices }) => choices.length > 0)
      .map(({ name, choices }) => ({ option: name, words: choices })),
    values: taken.flatMap(({ choices }) => choices),
    takesFile: taken.some(({ name }) => FILES.test(name)),
  };
}

/**
 * The text in single quotes, in a form that all three shells read. Backslashes are removed, since
 * inside quotes fish reads them differently from the others.
 */
export const quoted = (text: string): string => `'${text.replaceAll('\\', '').replaceAll("'", "'\\''")}'`;
