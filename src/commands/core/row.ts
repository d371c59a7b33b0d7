/**
 * A command of `sluis`, said once: what it takes, what it answers, what it does and who may do it.
 * Everything else is made from this: the command line with its help, the control socket, the pages
 * of the documents.
 *
 *   export const addresses = subject('address', 'registered addresses', {
 *     add: changes({ about: 'register an address ...', in: { login: arg(login, 'the account') }, out: z.object({...}), ... }),
 *     absence: subject('absence', 'who is away', { add: ..., list: ... }),
 *   });
 */
import { z } from '../../config/zod.ts';
import type { AdminContext } from '../../admin/context.ts';
import type { Call, CallOptions } from '../../admin/call.ts';
import type { Input } from '../../admin/input.ts';
import type { CommandFacts } from '../../cli/command-tree.ts';
import type { exitCodes } from '../../cli/exit-codes.ts';
import type { SharedOptions } from '../../cli/options.ts';
import type { Cell } from '../../cli/output.ts';
import type { Terminal } from '../../cli/terminal.ts';
import type { Config } from '../../config/schema.ts';
import { defined } from '../../domain/defined.ts';
import type { Right } from '../../domain/roles.ts';
import type { SecondPersonVerb } from '../../domain/second-person.ts';
import type { Params, Values } from './params.ts';
import type { InApi } from './in-api.ts';

/** Properties that every command has. */
interface Said<P extends Params, O> {
  /**
   * How it is reached over the API, as a resource; left out: it is not in the API. Several: the
   * same under several paths.
   */
  readonly api?: InApi | readonly InApi[];
  /** What it does, in the imperative, without a full stop. */
  readonly about: string;
  readonly in: P;
  readonly out: z.ZodType<O>;
  /** The least that somebody must be allowed. */
  readonly right: Right;
  /** What stands behind `sluis GROUP NAME`, as a person would type it: the help shows it. */
  readonly examples: readonly [string, ...string[]];
  /**
   * Names that it had in the version before: they are taken still, with a line on standard error.
   */
  readonly was?: readonly string[];
  /**
   * Why values that are right each by itself cannot be used together; undefined: they can. Checked
   * before anything is done.
   */
  check?(input: Values<NoInfer<P>>): string | undefined;
}
interface Answers<P extends Params, O> {
  /** The text that a person reads. */
  say(result: O, input: Values<P>): string;
  /** What `--json` prints, where that is not the answer as it is. */
  readonly json?: { readonly out: z.ZodType; of(result: O): unknown };
  /** Warnings on standard error, `Warning: ...`, without a full stop. */
  warnings?(result: O): readonly string[];
  /**
   * It was done, and the command still ends with another code than 0; the text stands on standard
   * error.
   */
  fails?(result: O, input: Values<P>): { readonly code: keyof typeof exitCodes; readonly text?: string } | undefined;
  /** The lines that `--csv` prints. */
  readonly csv?: { readonly header: readonly string[]; rows(result: O): readonly (readonly Cell[])[] };
  /** True: `--watch` shows the answer again and again. */
  readonly watch?: true;
  /** Shown while it works, as in "Importing: [###---] 20 of 40 accounts". */
  readonly progress?: {
    readonly phase: string;
    readonly unit: string;
    /** Another unit to count, for some inputs. */
    unitOf?(input: Values<P>): string | undefined;
  };
  /**
   * Whatever it does, the trail says why: `optional` takes a reason, `needed` refuses to work
   * without. What changes something takes one anyway.
   */
  readonly reason?: 'optional' | 'needed';
  /** Two operators must have signed for it where the configuration asks for that. */
  readonly second?: SecondPersonVerb;
  /**
   * The input only asks what would be: it needs no signature and no reason, and nobody is asked
   * whether he is sure.
   */
  isLook?(input: Values<P>): boolean;
}
/** Properties of a row that changes something. */
interface Effect<P extends Params> {
  /** Of what nothing takes back: what is typed to confirm it, and how it is called. */
  readonly confirm?: {
    name(input: Values<P>): string;
    what(input: Values<P>): string;
    /**
     * What goes along, in whole lines, with counts. Left out: what the command says with
     * `--dry-run`.
     */
    goes?(here: Here, input: Values<P>): Promise<string>;
  };
  /** Events that it leaves in the trail, besides the row of the call. */
  readonly trail: readonly string[];
  /** The command that takes it back, or how that is done; left out: nothing does. */
  readonly undo?: string;
}
export interface Upload {
  readonly about: string;
  readonly needed?: true;
  /**
   * Where its name is typed: `argument`, behind the others; else the option of that name, `from`
   * where it is left out.
   */
  readonly as?: string;
  /**
   * In the version before: its option's `name`; and which option a value under today's name was,
   * where it stood beside the first argument.
   */
  readonly was?: { readonly name: string; readonly beside: string };
}
interface Operates<P extends Params, O> extends Said<P, O> {
  readonly at: 'gateway';
  run(context: AdminContext, input: Values<P>, call: Call): Promise<O>;
  /**
   * A file that may come along; the call has it as `upload`. Where two must sign, its SHA-256 goes
   * with the input: they sign for this file.
   */
  readonly upload?: Upload;
  /** It takes the file as it comes, and keeps nothing of it: one of any length is taken. */
  readonly streams?: true;
}
export interface Reading<P extends Params, O> extends Operates<P, O>, Answers<P, O> {
  readonly effect: 'reads';
}
export interface Change<P extends Params, O> extends Operates<P, O>, Answers<P, O>, Effect<P> {
  readonly effect: 'changes' | 'ends';
}
export type Row<P extends Params, O> = Reading<P, O> | Change<P, O>;

export interface Page {
  readonly limit: number;
  readonly after: string | undefined;
}
export interface ListRow<P extends Params, R> extends Said<P, R> {
  readonly effect: 'lists';
  readonly at: 'gateway';
  /** At most `limit` rows, those behind `after`. `out` is of one row. */
  run(context: AdminContext, input: Values<P> & Page, call: Call): Promise<readonly R[]>;
  /** Header of the table. */
  readonly header: readonly string[];
  /** Where options ask for another table: its header, and what is said where nothing is listed. */
  other?(input: Values<P>): { readonly header: readonly string[]; readonly none?: string } | undefined;
  cells(row: R): readonly Cell[];
  /** Where the page after this row begins. */
  after(row: R): string;
  /** Printed where there is none, in place of the header. */
  readonly none?: string;
  /** With `--csv`, where a program needs other words than those of the table. */
  readonly csvHeader?: readonly string[];
  readonly reason?: 'optional';
  /**
   * Rows come newest first, and a person asks for the last of them: so many where he names no
   * `--limit`. They are shown oldest first.
   */
  readonly newest?: number;
}

/**
 * Operations by their rows, or by their names where a row would load more than it is called for.
 * `input` as it goes over the socket.
 */
export interface Calls {
  call<R extends AnyOperation>(row: R, input: Input, options?: CallOptions): Promise<OutputOf<R>>;
  callNamed<T>(operation: string, input: Input, options?: CallOptions): Promise<T>;
}
/**
 * What a command has that runs in its own process: where it runs, and the operations of the
 * gateway, all over one connection.
 */
export interface Here extends Calls {
  readonly terminal: Terminal;
  /** Options that all commands share: configuration, `--json`, reason, approval. */
  readonly options: SharedOptions;
  /** The configuration, read and checked at its first use. */
  config(): Config;
  /** The commands of `sluis` that are loaded: for `completion` it is every one (cli/groups.ts). */
  words(): CommandFacts;
  /**
   * Asks the gateway that runs, over a connection of its own, and never opens the store; undefined:
   * none runs. Rejects with AdminError, kind `unavailable`, where it takes longer than `within`
   * milliseconds.
   */
  running<T>(ask: (gateway: Calls) => Promise<T>, within?: number): Promise<T | undefined>;
  /**
   * One call with these options, such as a reason that was typed. What was opened for it, perhaps
   * the store, is closed when it resolves.
   */
  callOnce<R extends AnyOperation>(options: SharedOptions, row: R, input: Input): Promise<OutputOf<R>>;
}

/**
 * Runs in the command's own process, and may call operations: it writes files, asks, or works
 * without a gateway. It is not one itself.
 */
interface Local<P extends Params, O> extends Said<P, O> {
  readonly at: 'here';
  /** `wire`: the same input as it would go over the socket, for an operation that takes it too. */
  run(here: Here, input: Values<P>, wire: Input): Promise<O>;
  /**
   * Which of the options that all commands share it has, where it is not all of them: it needs no
   * configuration, or there is no trail where a reason could stand.
   */
  readonly shares?: readonly ('config' | 'json')[];
}
export interface LocalReading<P extends Params, O> extends Local<P, O>, Answers<P, O> {
  readonly effect: 'reads';
}
export interface LocalChange<P extends Params, O> extends Local<P, O>, Answers<P, O>, Effect<P> {
  readonly effect: 'changes' | 'ends';
}
/** Goes on until a signal ends it; `run` then puts the exit code into `here.terminal`. */
export interface LocalRun<P extends Params, O> extends Local<P, O>, Answers<P, O> {
  readonly effect: 'runs';
}
export type LocalRow<P extends Params, O> = LocalReading<P, O> | LocalChange<P, O> | LocalRun<P, O>;

/**
 * Of any type: what each takes and answers is told by `OutputOf`. Methods of a row are checked in
 * both directions, so each is one of these.
 */
export type AnyOperation = Row<Params, unknown> | ListRow<Params, unknown>;
export type AnyRow = AnyOperation | LocalRow<Params, unknown>;

/** The form of what `--json` prints: of a list, of one row. */
export const printedOf = (row: AnyRow): z.ZodType => (row.effect === 'lists' ? row.out : (row.json?.out ?? row.out));

/** A row that others are made like, as a resource of the API. */
export const inApi = <R extends AnyRow>(row: R, ...api: readonly InApi[]): R => ({ ...row, api });

type Given<R> = Omit<R, 'effect' | 'at'>;

export const reads = <P extends Params, O>(row: Given<Reading<P, O>>): Reading<P, O> => ({
  ...row,
  effect: 'reads',
  at: 'gateway',
});
export const changes = <P extends Params, O>(row: Given<Change<P, O>>): Change<P, O> => ({
  ...row,
  effect: 'changes',
  at: 'gateway',
});
export const lists = <P extends Params, R>(row: Given<ListRow<P, R>>): ListRow<P, R> => ({
  ...row,
  effect: 'lists',
  at: 'gateway',
});
export const readsHere = <P extends Params, O>(row: Given<LocalReading<P, O>>): LocalReading<P, O> => ({
  ...row,
  effect: 'reads',
  at: 'here',
});
export const changesHere = <P extends Params, O>(row: Given<LocalChange<P, O>>): LocalChange<P, O> => ({
  ...row,
  effect: 'changes',
  at: 'here',
});
export const runsHere = <P extends Params>(
  row: Omit<Given<LocalRun<P, undefined>>, 'out' | 'say'>,
): LocalRun<P, undefined> => ({ ...row, out: z.undefined(), say: () => '', effect: 'runs', at: 'here' });

/** How an operation without an undo is confirmed. */
export const confirmOf = (row: AnyRow): LocalChange<Params, unknown>['confirm'] =>
  row.effect === 'changes' || row.effect === 'ends' ? row.confirm : undefined;

/**
 * Of `parts`: what a command asks of the gateway while it reads or writes files. Nobody types it,
 * and nobody reads what it answers.
 */
export const part = <P extends Params, O>(row: Omit<Given<Change<P, O>>, 'examples' | 'say'>): Change<P, O> =>
  changes({ ...row, examples: [''], say: () => '' });

/** A `part` that only looks and changes nothing. */
export const lookPart = <P extends Params, O>(row: Omit<Given<Reading<P, O>>, 'examples' | 'say'>): Reading<P, O> =>
  reads({ ...row, examples: [''], say: () => '' });

type Rules = Pick<Change<Params, unknown>, 'right' | 'second' | 'trail' | 'undo'>;
/**
 * `...ruledAs(part)`, of a command that does the work of that part: who may, whose signature it
 * needs, what it leaves in the trail, what takes it back.
 */
export const ruledAs = ({ right, second, trail, undo }: Rules): Rules => ({
  right,
  trail,
  ...defined({ second, undo }),
});

export type OutputOf<R> = R extends { run(...given: never): Promise<infer O> } ? O : never;
