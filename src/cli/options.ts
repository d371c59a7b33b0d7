/** Options that commands share. */
import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import type { Caller } from '../admin/context.ts';
import { defined } from '../domain/defined.ts';

export interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

export interface ChangeOptions extends CommonOptions {
  readonly reason?: string;
  readonly approval?: string;
  readonly operatorKey?: string;
}

const configOption = (): Option =>
  new Option('--config <file>', 'configuration file').env('SLUIS_CONFIG').default('sluis.toml');

const withJson = (command: Command): Command =>
  command.addOption(configOption()).option('--json', 'print JSON for programs');

/** Commands that change nothing. */
const readers = new WeakSet<Command>();

/** Whether running it changes nothing: it was declared so, or it is a group that runs no command by its name alone, or one of those. */
export function onlyReads(command: Command): boolean {
  if (command.commands.length === 0) return readers.has(command);
  const own: unknown = Reflect.get(command, '_defaultCommandName');
  return typeof own !== 'string' || command.commands.some((one) => one.name() === own && onlyReads(one));
}

/** A command that reads: `--config`, `--json`. */
export function reading(command: Command): Command {
  readers.add(command);
  return withJson(command);
}

/** A command that changes something: also `--reason`, and what a second person takes. */
export const changing = (command: Command): Command =>
  withJson(command)
    .option('--reason <text>', 'why, for the audit trail')
    .addOption(new Option('--approval <id>', 'the request that two operators have signed').hideHelp())
    .addOption(
      new Option('--operator-key <file>', 'sign at once, as the first of them').env('SLUIS_OPERATOR_KEY').hideHelp(),
    );

/** As `changing`, and its help tells of the second person: for verbs of `operators.second-person`. */
export const guarded = (command: Command): Command => {
  changing(command).options.forEach((option) => option.hideHelp(false));
  return command.addHelpText(
    'after',
    '\nWhere operators.second-person asks for it, this only asks at first: two operators sign ("sluis approve"), then run it again with --approval.',
  );
};

export const withConfig = (command: Command): Command => command.addOption(configOption());

/** The person behind a command. sudo tells who became root; without it the user of the process is the person. */
export function callerOf({ reason, approval }: ChangeOptions): Caller {
  const name = process.env.SUDO_USER?.trim() || userName();
  return { name, ...defined({ reason, approval }) };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container's user may have no entry in the user table.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}

/** Collects an option that may be given several times. */
export const collect = (value: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  value,
];
