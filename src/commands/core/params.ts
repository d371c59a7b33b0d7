/** What commands take: each value once, for the command line, the socket and what is generated. */
import type { Kind } from './kind.ts';

export interface Param<T = unknown> {
  readonly kind: Kind<T, never> | undefined;
  readonly about: string;
  /**
   * On the command line: in its place, all that are left, `--name <word>`, that several times,
   * `--name` alone, or `--no-name` alone. Over the socket all have their names; of `rest` and
   * `many` a list comes. `secret`: core/secret.ts.
   */
  readonly as: 'argument' | 'rest' | 'option' | 'many' | 'flag' | 'no' | 'secret';
  readonly optional: boolean;
  /** Most entries of a list, if not `MAX_LIST`. */
  readonly most?: number;
  /** Value if none is given. */
  readonly initial?: unknown;
  /**
   * Of a secret: asked for where the option of this name is given, as it stands elsewhere. Left
   * out: a new one, always.
   */
  readonly beside?: string;
  /** Of an option that may stand without a word: what it means then, as it is written. */
  readonly bare?: string;
  /** Other names that it keeps for good: files that are read for decades say them. */
  readonly also?: readonly string[];
  /** Names that the option had in the version before. */
  readonly was?: readonly string[];
  /** A word of the version before that asked for what another command does, which is this one. */
  readonly moved?: string;
}
export type Params = Readonly<Record<string, Param>>;
export type Values<P extends Params> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never };

/** Entries of a list that comes with one call. */
export const MAX_LIST = 1000;

/**
 * One page of a list that is whole in memory: the rows behind the one that `after` names; the first
 * ones where no row has that name.
 */
export function pageOf<T>(
  all: readonly T[],
  { after, limit }: { readonly after?: string | undefined; readonly limit: number },
  nameOf: (row: T) => string,
): readonly T[] {
  const from = after === undefined ? 0 : all.findIndex((row) => nameOf(row) === after) + 1;
  return all.slice(from, from + limit);
}

/** A parameter that none of the builders below makes. */
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

/** `old(opt(...), 'from-file')`: the option was called so in the version before. */
export const old = <T>(of: Param<T>, ...was: readonly [string, ...string[]]): Param<T> => ({ ...of, was });

/** `also(opt(...), 'key')`: the option may be called so as well, for good. */
export const also = <T>(of: Param<T>, ...names: readonly [string, ...string[]]): Param<T> => ({ ...of, also: names });

/**
 * `moved(flag('...'), 'account enforce')`: whoever gives it is told that it is another command now.
 */
export const moved = <T>(of: Param<T>, command: string): Param<T> => ({ ...of, moved: command });

/** `bare(opt(...), '-')`: the option by its name alone means that. */
export const bare = <T>(of: Param<T>, alone: string): Param<T> => ({ ...of, bare: alone });

/** `take-back` for `takeBack`: its name in a call, and behind `--`. */
export const nameOf = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
