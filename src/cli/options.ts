/** The options that commands share. */
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

/** Adds `--config` and `--json`, one of them, or neither. */
export function sharing(command: Command, which = BOTH): Command {
  if (which.includes('config')) command.addOption(configOption());
  return which.includes('json') ? command.option('--json', 'print JSON for programs') : command;
}

/** The commands that change nothing. */
const readers = new WeakSet<Command>();

/**
 * True if running the command changes nothing. That holds for a command that was declared so, and
 * for a group unless its name alone runs a command that changes something.
 */
export function onlyReads(command: Command): boolean {
  if (command.commands.length === 0) return readers.has(command);
  const own: unknown = Reflect.get(command, '_defaultCommandName');
  return typeof own !== 'string' || command.commands.some((one) => one.name() === own && onlyReads(one));
}

/** Adds the options of a command that reads. */
export function reading(command: Command, which = BOTH): Command {
  readers.add(command);
  return sharing(command, which);
}

/**
 * Adds the options of a command that changes something: also `--reason`, and those for a second
 * person.
 */
export const changing = (command: Command): Command =>
  sharing(command)
    .option('--reason <text>', 'why, for the audit trail')
    .addOption(new Option('--approval <id>', 'the request that two operators have signed').hideHelp())
    .addOption(
      new Option('--operator-key <file>', 'sign at once, as the first of them').env('SLUIS_OPERATOR_KEY').hideHelp(),
    );

/**
 * The same as `changing`, but its help mentions the second person. For the verbs of
 * `operators.second-person`.
 */
export const guarded = (command: Command): Command => {
  changing(command).options.forEach((option) => option.hideHelp(false));
  return command.addHelpText(
    'after',
    '\nWhere operators.second-person asks for it, this only asks at first: two operators sign ("sluis approve"), then run it again with --approval.',
  );
};

/**
 * The person behind a command. sudo tells who became root; without sudo it is the user of the
 * process.
 */
export function callerOf({ reason, approval }: Pick<SharedOptions, 'reason' | 'approval'>): Caller {
  const name = process.env.SUDO_USER?.trim() || userName();
  return { name, ...defined({ reason, approval }) };
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // The user of a container may have no entry in the table of users.
    return `uid ${process.getuid?.() ?? 'unknown'}`;
  }
}
