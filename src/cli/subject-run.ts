/**
 * Runs a row: asks for confirmation if it must, calls the operation or does the work here, and
 * prints the result.
 */
import { createHash } from 'node:crypto';
import type { Input } from '../admin/input.ts';
import { inputOf } from '../commands/core/operations.ts';
import type { Params, Values } from '../commands/core/params.ts';
import { type AnyRow, type Here, type ListRow, type LocalRow, type Row, confirmOf } from '../commands/core/row.ts';
import { defined } from '../domain/defined.ts';
import { askToDestroy } from './ask.ts';
import type { CommandFacts } from './command-tree.ts';
import { PAGE, pages } from './pages.ts';
import { CommandError, exitCodes } from './exit.ts';
import { OneConnection, withHere } from './here.ts';
import { printPages } from './listing.ts';
import type { SharedOptions } from './options.ts';
import { csv, print } from './output.ts';
import { showProgress } from './progress.ts';
import type { Secret } from './secret.ts';
import type { SecretOptions } from './secret-options.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

// What comes from commander has the names in the rows; the rows know the types.
export type Given = SharedOptions &
  SecretOptions & {
    /** False for `--no-password`: so commander says it. */
    readonly password?: boolean;
    readonly csv?: boolean;
    /** The file that goes along. */
    readonly upload?: string;
    readonly limit?: number;
    readonly watch?: number;
  } & Readonly<Record<string, unknown>>;
type One = Row<Params, unknown>;
type List = ListRow<Params, unknown>;
type Local = LocalRow<Params, unknown>;

/** `words`: gives every command that is loaded. */
export async function runRow(
  terminal: Terminal,
  options: Given,
  row: AnyRow,
  input: Input,
  words: () => CommandFacts,
): Promise<void> {
  if (options.csv !== undefined && options.json === true)
    throw new CommandError('usage', 'Cannot print JSON and CSV in one output; leave out --json or --csv');
  // Values that are right one by one but not together are refused before a gateway is asked. A
  // password is not known yet.
  if (row.check !== undefined && !takesSecret(row)) inputOf(row, input);
  if (row.effect === 'lists') return await list(terminal, options, row, input, words);
  if (
    row.reason === 'needed' &&
    options.reason === undefined &&
    options.approval === undefined &&
    row.isLook?.(inputOf(row, input)) !== true
  )
    throw new CommandError('usage', 'Cannot do it without --reason TEXT: the audit trail records it');
  await withHere(terminal, options, words, async (here) => {
    const sure = await asked(here, row, input);
    const secret = await secretOf(sure, row);
    const whole = secret === undefined ? input : { ...input, password: secret.password };
    const once = async ({ terminal: shown }: Pick<Here, 'terminal'> = sure): Promise<void> => {
      const result =
        row.at === 'here' ? await row.run(sure, inputOf(row, whole), whole) : await calling(sure, row, whole);
      told({ terminal: shown, options: sure.options }, row, result, inputOf(row, whole), secret?.written);
    };
    try {
      if (options.watch === undefined) await once();
      else await again(terminal, options, once);
    } catch (error) {
      // If the command failed, a password file that was already written is removed: somebody would
      // believe that its password works.
      secret?.undo();
      throw error;
    } finally {
      await sure.close();
    }
  });
}

const takesSecret = (row: { readonly in: Params }): boolean => Object.values(row.in).some(({ as }) => as === 'secret');

/**
 * Shows the result again and again. A result that counts as a failure ends a command, but not a
 * watch.
 */
async function again(
  terminal: Terminal,
  { watch: seconds = 1, json }: Given,
  once: (here: Pick<Here, 'terminal'>) => Promise<void>,
): Promise<void> {
  const { watched } = await import('./watch.ts');
  await watched(terminal, { seconds, ...defined({ json }) }, async (shown) => {
    try {
      await once({ terminal: shown });
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      shown.err(`${error.message}\n`);
    }
  });
}

/** The password that the row takes (core/secret.ts); undefined if it must have none. */
async function secretOf({ terminal, options }: Here, { in: params }: One | Local): Promise<Secret | undefined> {
  const param = Object.values(params).find(({ as }) => as === 'secret');
  if (param === undefined) return undefined;
  const { password: isWanted, generate, passwordFile, out } = options as Given;
  if (isWanted === false && (generate === true || passwordFile !== undefined))
    throw new CommandError('usage', 'Cannot use --no-password with a password; leave one of them out');
  if (isWanted === false) return undefined;
  const { kept, readGivenPassword, readSecret } = await import('./secret.ts');
  if (param.beside !== undefined) {
    const isAsked = (options as Given)[param.beside] !== undefined || passwordFile !== undefined;
    return isAsked ? kept(await readGivenPassword(terminal, passwordFile)) : undefined;
  }
  return await readSecret(terminal, defined({ generate, passwordFile, out }));
}

async function list(
  terminal: Terminal,
  options: Given,
  row: List,
  input: Input,
  words: () => CommandFacts,
): Promise<void> {
  await withHere(terminal, options, words, async (here) => {
    const limit = row.newest === undefined ? undefined : (options.limit ?? row.newest);
    const all = pages(
      async (page) => await here.call(row, { ...input, ...page }),
      (one) => row.after(one),
      Math.min(PAGE, limit ?? PAGE),
    );
    const { csvHeader } = row;
    const { header, none } = row.other?.(inputOf(row, input)) ?? row;
    const shown = limit === undefined ? all : newestOf(all, limit);
    await printPages(terminal, options, shown, {
      header,
      row: (one) => row.cells(one),
      ...defined({ none, csvHeader }),
    });
  });
}

/** Of rows that come newest first, the first `limit`, in one page, with the oldest first. */
export async function* newestOf(
  pages: AsyncIterable<readonly unknown[]>,
  limit: number,
): AsyncGenerator<readonly unknown[], void, undefined> {
  const rows: unknown[] = [];
  for await (const page of pages) {
    rows.push(...page.slice(0, limit - rows.length));
    if (rows.length >= limit) break;
  }
  yield rows.reverse();
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Calls the row's operation, with its file and its progress bar. */
async function calling(here: Here, row: One, input: Input): Promise<unknown> {
  const { upload: file } = here.options as Given;
  const upload = row.upload === undefined || file === undefined ? undefined : readUpload(here.terminal, file);
  if (row.upload?.needed === true && upload === undefined)
    throw new CommandError('usage', `Cannot do it without --${row.upload.as ?? 'from'} FILE: ${row.upload.about}`);
  const exact = upload === undefined || row.second === undefined ? {} : { sha256: sha256(upload) };
  const bar =
    row.progress === undefined
      ? undefined
      : showProgress(row.progress.phase, row.progress.unitOf?.(inputOf(row, input)) ?? row.progress.unit);
  try {
    return await here.call(row, { ...input, ...exact }, defined({ upload, progress: bar?.show }));
  } finally {
    bar?.end();
  }
}

/**
 * Asks the person to confirm. Returns options with the reason that was typed. Throws CommandError,
 * kind `usage`, if he does not confirm.
 */
async function asked(here: OneConnection, row: One | Local, input: Input): Promise<OneConnection> {
  const confirm = confirmOf(row);
  if (confirm === undefined) return here;
  // Input that the gateway would refuse is refused here, before anybody is asked to confirm.
  const values = inputOf(row, input);
  if (row.isLook?.(values) === true) return here;
  const look = async (): Promise<string> => {
    if (row.at === 'here') return '';
    return row.say(await calling(here, row, { ...input, 'dry-run': true }), values);
  };
  const options = await askToDestroy(here.terminal, here.options, {
    what: confirm.what(values),
    name: confirm.name(values),
    goes: async () => {
      const text = confirm.goes === undefined ? await look() : await confirm.goes(here, values);
      // A person may think for long. A store that was opened for this command must not block a
      // gateway that starts meanwhile.
      await here.close();
      return text;
    },
  });
  return here.with(options);
}

function told(
  { terminal, options }: Pick<Here, 'terminal' | 'options'>,
  row: One | Local,
  result: unknown,
  values: Values<Params>,
  where: string | undefined,
): void {
  // The command has already printed its result piece by piece.
  if (result === undefined) return;
  for (const warning of row.warnings?.(result) ?? []) terminal.err(`Warning: ${warning}.\n`);
  const looked = confirmOf(row) !== undefined && row.isLook?.(values) === true;
  if ((options as Given).csv === true && row.csv !== undefined)
    terminal.out(`${csv(row.csv.header, row.csv.rows(result))}\n`);
  else {
    const value = row.json === undefined ? result : row.json.of(result);
    print(terminal, options, value, () => {
      const text = (looked ? 'Nothing was done. ' : '') + row.say(result, values);
      return where === undefined ? text : `${text}\n${where}`;
    });
  }
  const failed = row.fails?.(result, values);
  if (failed?.text !== undefined) throw new CommandError(failed.code, failed.text);
  if (failed !== undefined) terminal.code = exitCodes[failed.code];
}
