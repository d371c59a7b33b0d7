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

/** What every command has. */
interface Said<P extends Params, O> {
  /**
   * Where the API offers it; several if it has several paths. Without it, the API does not have it.
   */
  readonly api?: InApi | readonly InApi[];
  /** What it does, in the imperative, without a full stop. */
  readonly about: string;
  readonly in: P;
  readonly out: z.ZodType<O>;
  /** The right that a caller needs at least. */
  readonly right: Right;
  /** What stands after `sluis GROUP NAME`, as a person would type it; the help shows these. */
  readonly examples: readonly [string, ...string[]];
  /**
   * Names that it had in the previous version. They still work, with a warning on standard error.
   */
  readonly was?: readonly string[];
  /**
   * Says why values that are right one by one cannot be used together; undefined if they can. It is
   * asked before anything is done.
   */
  check?(input: Values<NoInfer<P>>): string | undefined;
}
interface Answers<P extends Params, O> {
  /** The text for people. */
  say(result: O, input: Values<P>): string;
  /** What `--json` prints, if that is not the answer as it is. */
  readonly json?: { readonly out: z.ZodType; of(result: O): unknown };
  /** Warnings for standard error. `Warning: ` is put in front, so they need no full stop. */
  warnings?(result: O): readonly string[];
  /**
   * For a command that did its work but ends with another exit code than 0. The text goes to
   * standard error.
   */
  fails?(result: O, input: Values<P>): { readonly code: keyof typeof exitCodes; readonly text?: string } | undefined;
  /** What `--csv` prints. */
  readonly csv?: { readonly header: readonly string[]; rows(result: O): readonly (readonly Cell[])[] };
  /** Offers `--watch`, which shows the answer again and again. */
  readonly watch?: true;
  /** The progress line, such as "Importing: [###---] 20 of 40 accounts". */
  readonly progress?: {
    readonly phase: string;
    readonly unit: string;
    /** Counts another unit for some inputs. */
    unitOf?(input: Values<P>): string | undefined;
  };
  /**
   * The reason for the trail, of a command that changes nothing: `optional` accepts one, `needed`
   * refuses to work without one. A command that changes something accepts one in any case.
   */
  readonly reason?: 'optional' | 'needed';
  /** Two operators must have signed, if the configuration asks that for this verb. */
  readonly second?: SecondPersonVerb;
  /**
   * True if this input only asks what would happen. Then it needs no signature, no reason and no
   * confirmation.
   */
  isLook?(input: Values<P>): boolean;
}
/** What a command that changes something has besides. */
interface Effect<P extends Params> {
  /**
   * For a change that cannot be undone: the name to type as confirmation, and how the change is
   * called.
   */
  readonly confirm?: {
    name(input: Values<P>): string;
    what(input: Values<P>): string;
    /**
     * What would be lost, in whole lines with counts. Without it, the answer to `--dry-run` is
     * shown.
     */
    goes?(here: Here, input: Values<P>): Promise<string>;
  };
  /** Events that it writes to the trail, besides the row of the call. */
  readonly trail: readonly string[];
  /** The command that undoes it, or how that is done; absent if nothing does. */
  readonly undo?: string;
}
export interface Upload {
  readonly about: string;
  readonly needed?: true;
  /**
   * Where the name of the file stands: `argument` is the last argument. Any other text is the name
   * of an option; without `as`, that is `from`.
   */
  readonly as?: string;
  /**
   * The previous version: the `name` of the option then; and `beside`, the option that a value
   * under today's name meant when the first argument was given as well.
   */
  readonly was?: { readonly name: string; readonly beside: string };
}
interface Operates<P extends Params, O> extends Said<P, O> {
  readonly at: 'gateway';
  run(context: AdminContext, input: Values<P>, call: Call): Promise<O>;
  /**
   * A file that may come along; the call has it as `upload`. If two people must sign, the input
   * holds its SHA-256, so that they sign for this very file.
   */
  readonly upload?: Upload;
  /** It reads the file piece by piece and keeps none of it, so the file may have any length. */
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
  /** Reads at most `limit` rows after `after`. `out` describes one row. */
  run(context: AdminContext, input: Values<P> & Page, call: Call): Promise<readonly R[]>;
  /** Header of the table. */
  readonly header: readonly string[];
  /** For options that ask for another table: its header, and the text if it is empty. */
  other?(input: Values<P>): { readonly header: readonly string[]; readonly none?: string } | undefined;
  cells(row: R): readonly Cell[];
  /** The cursor of the page that follows this row. */
  after(row: R): string;
  /** Text that is printed in place of the header if there are no rows. */
  readonly none?: string;
  /** The header of `--csv`, if programs need other words than the table has. */
  readonly csvHeader?: readonly string[];
  readonly reason?: 'optional';
  /**
   * For rows that come newest first: how many a person gets without `--limit`. They are shown
   * oldest first.
   */
  readonly newest?: number;
}

/**
 * Calls operations of the gateway: by their rows, or by their names if loading the row would load
 * too much. `input` is as it goes over the socket.
 */
export interface Calls {
  call<R extends AnyOperation>(row: R, input: Input, options?: CallOptions): Promise<OutputOf<R>>;
  callNamed<T>(operation: string, input: Input, options?: CallOptions): Promise<T>;
}
/**
 * What a command that runs in its own process can use: its surroundings, and the operations of the
 * gateway, all over one connection.
 */
export interface Here extends Calls {
  readonly terminal: Terminal;
  /** Options that all commands share: configuration, `--json`, reason, approval. */
  readonly options: SharedOptions;
  /** The configuration. It is read and checked when it is first used. */
  config(): Config;
  /**
   * The commands of `sluis` that are loaded; for `completion` those are all commands
   * (cli/groups.ts).
   */
  words(): CommandFacts;
  /**
   * Asks the running gateway over a connection of its own, and never opens the store. Resolves to
   * undefined if no gateway runs. Rejects with AdminError, kind `unavailable`, if it takes longer
   * than `within` milliseconds.
   */
  running<T>(ask: (gateway: Calls) => Promise<T>, within?: number): Promise<T | undefined>;
  /**
   * Makes one call with these options, such as a reason that was typed. What was opened for it,
   * perhaps the store, is closed when it resolves.
   */
  callOnce<R extends AnyOperation>(options: SharedOptions, row: R, input: Input): Promise<OutputOf<R>>;
}

/**
 * A command that runs in its own process and may call operations: it writes files, asks something,
 * or works without a gateway. It is not an operation itself.
 */
interface Local<P extends Params, O> extends Said<P, O> {
  readonly at: 'here';
  /** `wire`: the same input as it goes over the socket, for an operation that takes it too. */
  run(here: Here, input: Values<P>, wire: Input): Promise<O>;
  /**
   * The options of all commands that this one has, if it does not have all. It may need no
   * configuration, or there may be no trail to keep a reason in.
   */
  readonly shares?: readonly ('config' | 'json')[];
}
export interface LocalReading<P extends Params, O> extends Local<P, O>, Answers<P, O> {
  readonly effect: 'reads';
}
export interface LocalChange<P extends Params, O> extends Local<P, O>, Answers<P, O>, Effect<P> {
  readonly effect: 'changes' | 'ends';
}
/** A command that runs until a signal ends it. `run` puts the exit code into `here.terminal`. */
export interface LocalRun<P extends Params, O> extends Local<P, O>, Answers<P, O> {
  readonly effect: 'runs';
}
export type LocalRow<P extends Params, O> = LocalReading<P, O> | LocalChange<P, O> | LocalRun<P, O>;

/**
 * A row of any type; `OutputOf` tells what it answers. TypeScript compares the methods of a row in
 * both directions, so every row fits.
 */
export type AnyOperation = Row<Params, unknown> | ListRow<Params, unknown>;
export type AnyRow = AnyOperation | LocalRow<Params, unknown>;

/** The schema of what `--json` prints; for a list, of one row. */
export const printedOf = (row: AnyRow): z.ZodType => (row.effect === 'lists' ? row.out : (row.json?.out ?? row.out));

/** The same row, with places in the API. */
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

/** How a change that cannot be undone is confirmed. */
export const confirmOf = (row: AnyRow): LocalChange<Params, unknown>['confirm'] =>
  row.effect === 'changes' || row.effect === 'ends' ? row.confirm : undefined;

/**
 * An operation for `parts`: a command calls it while it reads or writes files. Nobody types it, and
 * nobody reads its answer.
 */
export const part = <P extends Params, O>(row: Omit<Given<Change<P, O>>, 'examples' | 'say'>): Change<P, O> =>
  changes({ ...row, examples: [''], say: () => '' });

/** A `part` that only reads and changes nothing. */
export const lookPart = <P extends Params, O>(row: Omit<Given<Reading<P, O>>, 'examples' | 'say'>): Reading<P, O> =>
  reads({ ...row, examples: [''], say: () => '' });

type Rules = Pick<Change<Params, unknown>, 'right' | 'second' | 'trail' | 'undo'>;
/**
 * `...ruledAs(part)`, for a command that does the work of that part: the same right, signature,
 * trail events and undo.
 */
export const ruledAs = ({ right, second, trail, undo }: Rules): Rules => ({
  right,
  trail,
  ...defined({ second, undo }),
});

export type OutputOf<R> = R extends { run(...given: never): Promise<infer O> } ? O : never;
