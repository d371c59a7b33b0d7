/** Options that commands share. */
import { userInfo } from 'node:os';
import { type Command, Option } from 'commander';
import type { Actor } from '../store/registry.ts';

export interface CommonOptions {
  readonly config: string;
  readonly json?: boolean;
}

export interface ChangeOptions extends CommonOptions {
  readonly reason?: string;
}

const configOption = (): Option =>
  new Option('--config <file>', 'configuration file').env('SLUIS_CONFIG').default('sluis.toml');

/** A command that reads: `--config`, `--json`. */
export const reading = (command: Command): Command =>
  command.addOption(configOption()).option('--json', 'print JSON for programs');

/** A command that changes something: also `--reason`. */
export const changing = (command: Command): Command =>
  reading(command).option('--reason <text>', 'why, for the audit trail');

export const withConfig = (command: Command): Command => command.addOption(configOption());

/** The person behind a command. sudo tells who became root; without it the user of the process is the person. */
export function actorOf(options: ChangeOptions): Actor {
  const name = process.env.SUDO_USER ?? userName();
  return options.reason === undefined ? { name } : { name, reason: options.reason };
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
