/** Options that commands share. */
import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import type { Caller } from '../admin/call.ts';
import { defined } from '../domain/defined.ts';

/** Options of a command that has all shared ones. */
export interface SharedOptions {
  readonly config: string;
  readonly json?: boolean;
  readonly reason?: string;
  readonly approval?: string;
  readonly operatorKey?: string;
  readonly yes?: boolean;
}

const configOption = (): Option =>
  new Option('--config <file>', 'configuration file').env('SLUIS_CONFIG').default('sluis.toml');

type Shared = 'config' | 'json';
const BOTH: readonly Shared[] = ['config', 'json'];

/** `--config` and `--json`, or one of them, or none. */
export function sharing(command: Command, which = BOTH): Command {
  if (which.includes('config')) command.addOption(configOption());
  return which.includes('json') ? command.option('--json', 'print JSON for programs') : command;
}

/** Commands that change nothing. */
const readers = new WeakSet<Command>();

/**
 * Whether running it changes nothing: it was declared so, or it is a group that runs no command by
 * its name alone, or one of those.
 */
export function onlyReads(command: Command): boolean {
  if (command.commands.length === 0) return readers.has(command);
  const own: unknown = Reflect.get(command, '_defaultCommandName');
  return typeof own !== 'string' || command.commands.some((one) => one.name() === own && onlyReads(one));
}

/** A command that reads. */
export function reading(command: Command, which = BOTH): Command {
  readers.add(command);
  return sharing(command, which);
}

/** A command that changes something: also `--reason`, and what a second person takes. */
export const changing = (command: Command): Command =>
  sharing(command)
    .option('--reason <text>', 'why, for the audit trail')
    .addOption(new Option('--approval <id>', 'the request that two operators have signed').hideHelp())
    .addOption(
      new Option('--operator-key <file>', 'sign at once, as the first of them').env('SLUIS_OPERATOR_KEY').hideHelp(),
    );

/**
 * As `changing`, and its help tells of the second person: for verbs of `operators.second-person`.
 */
export const guarded = (command: Command): Command => {
  changing(command).options.forEach((option) => option.hideHelp(false));
  return command.addHelpText(
    'after',
    '\nWhere operators.second-person asks for it, this only asks at first: two operators sign ("sluis approve"), then run it again with --approval.',
  );
};

/**
 * The person behind a command. sudo tells who became root; without it the user of the process is
 * the person.
 */
export function callerOf({ reason, approval }: Pick<SharedOptions, 'reason' | 'approval'>): Caller {
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
