/**
 * The question before whatever cannot be undone: `organisation end`, `cert key remove` and their
 * like. One function for all of them.
 *
 * At a terminal a person sees what goes along, with counts, and types the name of what is to go: a
 * "yes" is typed out of habit, a name is not. The reason is asked for as well, where the command
 * line has none. Elsewhere nobody can answer: a script says --yes and --reason beforehand, which a
 * person may say as well.
 */
import type { Command } from 'commander';
import { CommandError } from './exit.ts';
import type { SharedOptions } from './options.ts';
import { type Terminal, askAtTerminal } from './terminal.ts';

/** What is about to happen, for the person who decides. */
export interface Destruction {
  /** Verb and object as in "Cannot ...": `end organisation "noord"`. */
  readonly what: string;
  /** What goes along, with counts: whole lines. Asked for only where it is shown. */
  readonly goes: () => Promise<string>;
  /** The text to be typed: the name of what will be destroyed. */
  readonly name: string;
}

/** A reason is one line of the audit trail. */
const LONGEST_REASON = 500;

/** `--yes`, for a command that asks with `askToDestroy`. */
export const destroying = (command: Command): Command =>
  command.option('--yes', 'do not ask for confirmation; needs --reason');

/**
 * Resolves to the options, with the reason that was typed. Throws CommandError, kind `usage`, where
 * the name was not typed, or nobody can be asked and --yes or --reason is missing; then nothing was
 * done.
 */
export async function askToDestroy<O extends SharedOptions>(
  terminal: Terminal,
  options: O,
  { what, goes, name }: Destruction,
): Promise<O> {
  const { yes = false, reason, approval } = options;
  if (yes && reason !== undefined) return options;
  // Two operators read exactly this and signed; their reason goes with it.
  if (approval !== undefined) return options;
  const ask = terminal.ask ?? ownTerminal(terminal);
  if (ask === undefined)
    throw new CommandError(
      'usage',
      `Cannot ${what}: nobody can be asked here, and no other command undoes it; if you know what goes along, add --yes and --reason TEXT`,
    );
  if (!yes) {
    terminal.err(`${await goes()}\n`);
    if (folded(await ask(`To ${what}, type ${name}: `)) !== folded(name))
      throw new CommandError('usage', `Stopped: that was not "${name}"; nothing was done`);
  }
  const why = reason ?? (await ask('Why, for the audit trail: ')).trim().slice(0, LONGEST_REASON);
  if (why === '') throw new CommandError('usage', 'Stopped: a reason is needed; nothing was done');
  return { ...options, reason: why };
}

/**
 * Case and space around it are no doubt about what is meant: addresses and names are folded
 * everywhere.
 */
const folded = (text: string): string => text.trim().normalize('NFC').toLowerCase();

/** Undefined if the input of the process is no terminal, or a test gave it. */
function ownTerminal({ input }: Terminal): Terminal['ask'] {
  if (input !== undefined || !process.stdin.isTTY) return undefined;
  return askAtTerminal;
}
