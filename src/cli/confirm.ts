/** Asks a person to confirm. A program gives the answer beforehand. */
import { CommandError } from './exit.ts';
import { type Terminal, askAtTerminal } from './terminal.ts';

/**
 * Throws CommandError for any other answer than "yes". `yes`: true if the command line already said
 * it.
 */
export async function confirm(terminal: Terminal, question: string, yes = false): Promise<void> {
  if (yes) return;
  if ((await answerTo(terminal, `${question} Type yes to continue: `)).trim().toLowerCase() === 'yes') return;
  throw new CommandError('usage', 'Stopped: nothing was done');
}

async function answerTo({ input }: Terminal, question: string): Promise<string> {
  if (input !== undefined) return input.split(/\r?\n/)[0] ?? '';
  if (!process.stdin.isTTY)
    throw new CommandError('usage', 'Cannot ask: there is no terminal; if you have read what it does, add --yes');
  return await askAtTerminal(question);
}
