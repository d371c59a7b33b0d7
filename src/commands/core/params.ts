/**
 * The parameters of commands. Each is declared once, for the command line, the socket and what is
 * generated.
 */
import type { Kind } from './kind.ts';

export interface Param<T = unknown> {
  readonly kind: Kind<T, never> | undefined;
  readonly about: string;
  /**
   * How it stands on the command line: `argument` in its place, `rest` for all words that are left,
   * `option` as `--name <word>`, `many` for an option that may be repeated, `flag` as `--name`,
   * `no` as `--no-name`. Over the socket each has its name, and `rest` and `many` are lists. For
   * `secret` see core/secret.ts.
   */
  readonly as: 'argument' | 'rest' | 'option' | 'many' | 'flag' | 'no' | 'secret';
  readonly optional: boolean;
  /** Most entries of a list, if not `MAX_LIST`. */
  readonly most?: number;
  /** The value if none is given. */
  readonly initial?: unknown;
  /**
   * For a secret: the option that must be given with it. It is then a password that already exists
   * elsewhere. Without `beside` it is always a new one.
   */
  readonly beside?: string;
  /** For an option that may stand without a word: the word that it then means. */
  readonly bare?: string;
  /**
   * Other names that it keeps for ever, because files that people read for decades contain them.
   */
  readonly also?: readonly string[];
  /** Names that the option had in the previous version. */
  readonly was?: readonly string[];
  /**
   * A flag of the previous version whose work another command does now: the name of that command.
   */
  readonly moved?: string;
}
export type Params = Readonly<Record<string, Param>>;
export type Values<P extends Params> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never };

/** Most entries of a list in one call. */
export const MAX_LIST = 1000;

/**
 * One page of a list that is in memory as a whole: the rows after the one that `after` names. If no
 * row has that name, the page begins with the first row.
 */
export function pageOf<T>(
  all: readonly T[],
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  nameOf: (row: T) => string,
): readonly T[] {
  const from = after === undefined ? 0 : all.findIndex((row) => nameOf(row) === after) + 1;
  return all.slice(from, from + limit);
}

/** Makes a parameter that none of the functions below makes. */
export const param = <T>(
  as: Param['as'],
  kind: unknown,
  about: string,
  more: Partial<Pick<Param, 'optional' | 'initial' | 'most' | 'beside'>> = {},
): Param<T> => ({ as, kind: kind as Kind<T, never> | undefined, about, optional: false, ...more });

/** An argument in its place, which must be given. */
export const arg = <T, W>(kind: Kind<T, W>, about: string): Param<T> => param('argument', kind, about);
/** An argument in its place, which may be absent. */
export const maybe = <T, W>(kind: Kind<T, W>, about: string): Param<T | undefined> =>
  param('argument', kind, about, { optional: true });
/** A parameter that takes all remaining words, perhaps none. */
export const rest = <T, W>(kind: Kind<T, W>, about: string, most = MAX_LIST): Param<readonly T[]> =>
  param('rest', kind, about, { optional: true, initial: [], most });
/** An option that must be given. */
export const need = <T, W>(kind: Kind<T, W>, about: string): Param<T> => param('option', kind, about);
/** An option that may be given several times. */
export const many = <T, W>(kind: Kind<T, W>, about: string, most = MAX_LIST): Param<readonly T[]> =>
  param('many', kind, about, { optional: true, initial: [], most });
export const flag = (about: string): Param<boolean> => param('flag', undefined, about, { optional: true });
/** `--no-name`; true unless it is given. */
export const no = (about: string): Param<boolean> => param('no', undefined, about, { optional: true });

export function opt<T, W>(kind: Kind<T, W>, about: string): Param<T | undefined>;
export function opt<T, W>(kind: Kind<T, W>, about: string, initial: NoInfer<T>): Param<T>;
export function opt(kind: unknown, about: string, initial?: unknown): Param {
  return param('option', kind, about, { optional: true, ...(initial !== undefined && { initial }) });
}

/** `old(opt(...), 'from-file')`: the option had this name in the previous version. */
export const old = <T>(of: Param<T>, ...was: readonly [string, ...string[]]): Param<T> => ({ ...of, was });

/** `also(opt(...), 'key')`: the option may also be called so, for ever. */
export const also = <T>(of: Param<T>, ...names: readonly [string, ...string[]]): Param<T> => ({ ...of, also: names });

/** `moved(flag('...'), 'account enforce')`: whoever gives the flag is told to use that command. */
export const moved = <T>(of: Param<T>, command: string): Param<T> => ({ ...of, moved: command });

/** `bare(opt(...), '-')`: the option without a word means this word. */
export const bare = <T>(of: Param<T>, alone: string): Param<T> => ({ ...of, bare: alone });

/** The name in a call and after `--`: `take-back` for `takeBack`. */
export const nameOf = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
