/**
 * A command of `sluis`, said once: what it takes, what it answers, what it does and who may do it. Everything else is made from this: the command line with
 * its help, the control socket, the pages of the documents.
 *
 *   export const addresses = subject('address', 'registered addresses', {
 *     add: changes({ about: 'register an address ...', in: { login: arg(login, 'the account') }, out: z.object({...}), ... }),
 *   });
 */
import type { z } from '../../config/zod.ts';
import type { AdminContext, Call } from '../../admin/context.ts';
import type { Cell } from '../../cli/output.ts';
import type { SecondPersonVerb } from '../../domain/second-person.ts';
import type { Kind } from './kinds.ts';

/** The least that somebody must be allowed. Declared for all that is to come; nothing asks for it yet. */
export type Right = 'read' | 'support' | 'registry' | 'security' | 'owner';

export interface Param<T = unknown> {
  readonly kind: Kind<T, never> | undefined;
  readonly about: string;
  /** On the command line: in its place, all that are left, `--name <word>`, or `--name` alone. Over the socket all have their names. */
  readonly as: 'argument' | 'rest' | 'option' | 'flag';
  readonly optional: boolean;
}
export type Params = Readonly<Record<string, Param>>;
export type Values<P extends Params> = { readonly [K in keyof P]: P[K] extends Param<infer T> ? T : never };

const param = <T>(as: Param['as'], kind: Kind<T, never> | undefined, about: string, optional: boolean): Param<T> => ({
  as,
  kind,
  about,
  optional,
});

/** Must be given. */
export const arg = <T, W>(kind: Kind<T, W>, about: string): Param<T> =>
  param('argument', kind as Kind<T, never>, about, false);
export const opt = <T, W>(kind: Kind<T, W>, about: string): Param<T | undefined> =>
  param('option', kind as Kind<T, never>, about, true);
export const flag = (about: string): Param<boolean> => param<boolean>('flag', undefined, about, true);

interface Said<P extends Params, O> {
  /** What it does, in the imperative, without a full stop. */
  readonly about: string;
  readonly in: P;
  readonly out: z.ZodType<O>;
  readonly right: Right;
  /** What stands behind `sluis GROUP NAME`, as a person would type it: the help shows it. */
  readonly examples: readonly [string, ...string[]];
}
export interface Row<P extends Params, O> extends Said<P, O> {
  readonly effect: 'reads' | 'changes' | 'ends';
  run(context: AdminContext, input: Values<P>, call: Call): Promise<O>;
  /** What a person reads. */
  say(result: O, input: Values<P>): string;
  /** Two operators must have signed for it where the configuration asks for that; not where the input only looks. */
  readonly second?: { readonly verb: SecondPersonVerb; isLook?(input: Values<P>): boolean };
  /** Of what cannot be undone: what is typed to confirm it, and how it is called. Its `dry-run` says what goes along. */
  readonly confirm?: { name(input: Values<P>): string; what(input: Values<P>): string };
}
export interface Page {
  readonly limit: number;
  readonly after: string | undefined;
}
export interface ListRow<P extends Params, R> extends Said<P, R> {
  readonly effect: 'lists';
  /** At most `limit` rows, those behind `after`. `out` is of one row. */
  run(context: AdminContext, input: Values<P> & Page, call: Call): Promise<readonly R[]>;
  /** Of the table. */
  readonly header: readonly string[];
  cells(row: R): readonly Cell[];
  /** Where the page after this row begins. */
  after(row: R): string;
  /** Printed where there is none, in place of the header. */
  readonly none?: string;
}
/** Of any type: what each takes and answers is told by `OutputOf`. Methods of a row are checked in both directions, so each is one of these. */
export type AnyRow = Row<Params, unknown> | ListRow<Params, unknown>;

export const reads = <P extends Params, O>(row: Omit<Row<P, O>, 'effect'>): Row<P, O> => ({ ...row, effect: 'reads' });
export const changes = <P extends Params, O>(row: Omit<Row<P, O>, 'effect'>): Row<P, O> => ({
  ...row,
  effect: 'changes',
});
export const lists = <P extends Params, R>(row: Omit<ListRow<P, R>, 'effect'>): ListRow<P, R> => ({
  ...row,
  effect: 'lists',
});

export interface Subject<N extends string, R extends Readonly<Record<string, AnyRow>>> {
  readonly name: N;
  readonly about: string;
  readonly rows: R;
}
export const subject = <const N extends string, R extends Readonly<Record<string, AnyRow>>>(
  name: N,
  about: string,
  rows: R,
): Subject<N, R> => ({ name, about, rows });

export type OutputOf<R> = R extends ListRow<never, infer O> ? readonly O[] : R extends Row<never, infer O> ? O : never;

/** `take-back` for `takeBack`: its name in a call, and behind `--`. */
export const nameOf = (key: string): string => key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
