/**
 * The question before something that cannot be undone, such as `organisation end` or `cert key
 * remove`. All commands use this one function.
 *
 * At a terminal, a person sees what will be lost, with counts, and types the name of what must go.
 * People type "yes" out of habit, but not a name. If the command line has no reason, that is asked
 * for as well. Without a terminal nobody can answer, so a script gives --yes and --reason
 * beforehand. A person may do so too.
 */
import type { Command } from 'commander';
import { CommandError } from './exit.ts';
import type { SharedOptions } from './options.ts';
import { type Terminal, askAtTerminal } from './terminal.ts';

/** What is about to happen, for the person who decides. */
export interface Destruction {
  /** Verb and object that fit after "Cannot", such as `end organisation "noord"`. */
  readonly what: string;
  /** What will be lost, with counts, in whole lines. It is called only if somebody will see it. */
  readonly goes: () => Promise<string>;
  /** The text to type: the name of what will be destroyed. */
  readonly name: string;
}

/** Most characters of a reason, which is one line of the trail. */
const LONGEST_REASON = 500;

/** `--yes`, for a command that asks with `askToDestroy`. */
export const destroying = (command: Command): Command =>
  command.option('--yes', 'do not ask for confirmation; needs --reason');

/**
 * Asks, and resolves to the options with the reason that was typed. Throws CommandError, kind
 * `usage`, if the name was not typed, or if nobody can be asked and --yes or --reason is missing.
 * Nothing was done then.
 */
export async function askToDestroy<O extends SharedOptions>(
  terminal: Terminal,
  options: O,
  { what, goes, name }: Destruction,
): Promise<O> {
  const { yes = false, reason, approval } = options;
  if (yes && reason !== undefined) return options;
  // Two operators read exactly this and signed it. Their reason goes along.
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

/** Case and surrounding spaces do not matter: addresses and names are folded everywhere. */
const folded = (text: string): string => text.trim().normalize('NFC').toLowerCase();

/** Undefined if the input of the process is no terminal, or if a test gave the input. */
function ownTerminal({ input }: Terminal): Terminal['ask'] {
  if (input !== undefined || !process.stdin.isTTY) return undefined;
  return askAtTerminal;
}
