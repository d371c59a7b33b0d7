/**
 * A kind of value that commands take, and the basic kinds that others are made of: text, a choice,
 * a number. Each has a zod schema of what comes over the socket or HTTPS. So one line gives the
 * type, the check, the text of a refusal and what is generated. Each also says how the value is
 * written on a command line.
 */
import { z } from '../../config/zod.ts';
import type { Language } from '../../domain/registry.ts';
import type { Instant } from '../../domain/units.ts';

/**
 * What a value names. The row of a call in the trail records it, and it leads to the organisation
 * that owns it.
 */
export type Of =
  | 'account'
  | 'address'
  | 'organisation'
  | 'partner'
  | 'message'
  | 'delivery'
  | 'certificate'
  | 'key'
  | 'operator'
  | 'webhook'
  | 'other';

/** What a command can use of its surroundings to read its words. */
export interface Outside {
  /** The text of a file; `-` is standard input. Throws if it cannot be read. */
  readonly textOf: (file: string) => string;
  /** The first line of standard input. The rest stays there for the next reader. */
  readonly lineOf: () => string;
  readonly now: () => Instant;
}

/**
 * What is expected, as the end of "expected ..." and of "Verwacht: ...": a command line and a
 * program read the English, a form the language of its reader.
 */
export type Expected = Readonly<Record<Language, string>>;

/** `W`: the value as JSON over the socket. `T`: the value that the operation gets. */
export interface Kind<T, W = string> {
  readonly schema: z.ZodType<T, W>;
  readonly expected: Expected;
  /** The word for the value in a usage line, such as `login` in `<login>`. */
  readonly word: string;
  /** Set if the value says what a call was about. */
  readonly of?: Of;
  /** The value is never shown, not even in a refusal. */
  readonly secret?: true;
  /** All values that it can have, if they are few. */
  readonly choices?: readonly string[];
  /** Reads a word of the command line. Undefined if it is not what is expected. */
  readonly fromText: (text: string, outside: Outside) => W | undefined;
}

/** Says why a value is not what is expected, if that is known. */
export class Refused {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

/**
 * Makes a kind. `read` returns undefined, or a `Refused` with the reason, for a value that is not
 * what is expected.
 */
export function kind<T, W = string>(
  word: string,
  expected: Expected,
  wire: z.ZodType<W>,
  read: (value: W) => T | Refused | undefined,
  fromText: Kind<T, W>['fromText'],
): Kind<T, W> {
  const schema = wire.transform((value, context): T => {
    const found = read(value);
    if (found !== undefined && !(found instanceof Refused)) return found;
    const message = found instanceof Refused ? `${expected.en} (${found.why})` : expected.en;
    context.issues.push({ code: 'custom', message, input: value });
    return z.NEVER;
  }) as unknown as z.ZodType<T, W>;
  return { schema, expected, word, fromText };
}

const MAX_TEXT = 512;
// Control characters could forge a line of the log or move a terminal's cursor.
const CONTROL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u;

/** A kind of one line of text that `read` takes. */
export const ofText = <T>(
  word: string,
  expected: Expected,
  read: (text: string) => T | Refused | undefined,
  max = MAX_TEXT,
): Kind<T> =>
  kind(
    word,
    expected,
    z.string().max(max),
    (text) => (CONTROL.test(text) ? undefined : read(text)),
    (text) => text,
  );

/** `naming('account', login)`: the same kind, whose value says what a call is about. */
export const naming = <T, W>(of: Of, given: Kind<T, W>): Kind<T, W> => ({ ...given, of });

/** A kind of one line that is not empty. */
export const text = (word: string, max = MAX_TEXT): Kind<string> =>
  ofText(
    word,
    { en: `1 to ${max} characters in one line`, nl: `1 tot en met ${max} tekens op één regel` },
    (value) => (value.trim() === '' ? undefined : value),
    max,
  );

/** One line of which nothing is asked but its length: it may be empty. */
export const anyText = (word: string, max: number): Kind<string> =>
  ofText(
    word,
    { en: `one line of at most ${max} characters`, nl: `één regel van hoogstens ${max} tekens` },
    (value) => value,
    max,
  );

/** A kind of text that names something, such as `named('certificate', 'serial')`. */
export const named = (of: Of, word: string, max = MAX_TEXT): Kind<string> => naming(of, text(word, max));

export const choice = <const C extends string>(word: string, choices: readonly C[]): Kind<C> => ({
  ...ofText(word, { en: choices.join(' or '), nl: choices.join(' of ') }, (value) =>
    choices.find((one) => one === value),
  ),
  choices,
});

/** A whole number. */
export const count = (
  word: string,
  { min = 0, max }: { readonly min?: number; readonly max: number },
): Kind<number, number> =>
  kind(
    word,
    { en: `a whole number from ${min} to ${max}`, nl: `een heel getal van ${min} tot en met ${max}` },
    z.number(),
    (n) => (Number.isInteger(n) && n >= min && n <= max ? n : undefined),
    (value) => (/^\d{1,15}$/.test(value) ? Number(value) : undefined),
  );
