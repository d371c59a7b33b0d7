import { createInterface } from 'node:readline/promises';
import { visibleLine, visibleText } from '../domain/visible.ts';
import { paintFor } from './colours.ts';
import { exitCodes } from './exit.ts';

/**
 * What a command reads and writes besides the gateway: the terminal of a person, or what a test
 * gives in its place.
 */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Clears the screen and shows this. Absent: the terminal cannot do that. */
  readonly redraw?: (text: string) => void;
  /** What standard input holds, or what is left of it; absent: the process's own. */
  input?: string;
  /**
   * Asks the person at the terminal one question; absent: the process's own terminal, where there
   * is one.
   */
  readonly ask?: (question: string) => Promise<string>;
  /** Exit code of the command; see exit.ts. */
  code: number;
}

/**
 * Everything that a command prints goes through here: text of strangers (a Message-ID, a file name,
 * an argument) must not reach the terminal as something that it obeys. Tables and JSON have made it
 * visible before, so that columns fit and JSON stays JSON.
 */
export function shielded(terminal: Terminal): Terminal {
  const { ask, redraw } = terminal;
  return {
    ...terminal,
    out: (text) => terminal.out(visibleText(text)),
    err: (text) => terminal.err(visibleText(text)),
    ...(redraw !== undefined && { redraw: (text) => redraw(visibleText(text)) }),
    ...(ask !== undefined && { ask: (question) => ask(visibleLine(question)) }),
  };
}

/** Asks at the terminal of the process; what is typed is shown there. */
export async function askAtTerminal(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(visibleLine(question));
  } finally {
    lines.close();
  }
}

/** Where a person looks, and no program reads: beside what the command prints. */
export const note = (text: string): void => void process.stderr.write(visibleText(text));

/** `plainly`: a program reads what is printed, whatever it is printed on. */
export function processTerminal({ plainly = false } = {}): Terminal {
  process.stdout.once('error', readerGone);
  const as = (text: string): string => text;
  const [out, err] = plainly ? [as, as] : [paintFor(process.stdout, 'out'), paintFor(process.stderr, 'err')];
  return {
    out: (text) => void process.stdout.write(out(text)),
    err: (text) => void process.stderr.write(err(text)),
    ...(process.stdout.isTTY && process.env.TERM !== 'dumb' && !plainly && { redraw: (text) => redrawn(out(text)) }),
    code: 0,
  };
}

/**
 * From the upper left corner (ECMA-48, CUP and ED); what does not fit is counted, since the first
 * lines would roll away.
 */
function redrawn(text: string): void {
  const lines = text.trimEnd().split('\n');
  const most = Math.max(2, process.stdout.rows - 1);
  const left = lines.length - most;
  const shown = left <= 0 ? lines : [...lines.slice(0, most - 1), `... and ${left + 1} more lines`];
  process.stdout.write(`\u001b[H\u001b[2J${shown.join('\n')}\n`);
}

/**
 * `sluis ... | head` has seen enough. Nothing that comes after would be read: end as other programs
 * do, without a trace.
 */
function readerGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.failed);
}

/**
 * From here on nothing ends because a reader has gone: a gateway whose supervisor closed the pipe
 * of its log still has mail to take. What nobody reads is lost, each line by itself.
 */
export function outliveReaders(): void {
  process.stdout.off('error', readerGone);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
