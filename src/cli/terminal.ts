import { createInterface } from 'node:readline/promises';
import { visibleLine, visibleText } from '../domain/visible.ts';
import { paintFor } from './colours.ts';
import { exitCodes } from './exit.ts';

/**
 * What a command reads and writes besides the gateway: the terminal of a person, or a test's
 * substitute.
 */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Clears the screen and shows this text. Absent if the terminal cannot do that. */
  readonly redraw?: (text: string) => void;
  /**
   * The content of standard input, or what is left of it. Absent: the process's own standard input
   * is read.
   */
  input?: string;
  /**
   * Asks the person at the terminal one question. Absent: the process's own terminal is used, if
   * there is one.
   */
  readonly ask?: (question: string) => Promise<string>;
  /** Exit code of the command; see exit.ts. */
  code: number;
}

/**
 * Protects the terminal: everything that a command prints goes through here. Text of strangers (a
 * Message-ID, a file name, an argument) must not reach the terminal as something that it obeys.
 * Tables and JSON have made such text visible before, so that columns fit and JSON stays JSON.
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

/** Asks at the terminal of the process. What is typed is shown there. */
export async function askAtTerminal(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await lines.question(visibleLine(question));
  } finally {
    lines.close();
  }
}

/** Writes a note for people to standard error, apart from the output that programs read. */
export const note = (text: string): void => void process.stderr.write(visibleText(text));

/** The terminal of the process. `plainly`: a program reads the output, even on a terminal. */
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
 * Draws from the upper left corner (ECMA-48, CUP and ED). Lines that do not fit are counted and not
 * printed, since they would push the first lines off the screen.
 */
function redrawn(text: string): void {
  const lines = text.trimEnd().split('\n');
  const most = Math.max(2, process.stdout.rows - 1);
  const left = lines.length - most;
  const shown = left <= 0 ? lines : [...lines.slice(0, most - 1), `... and ${left + 1} more lines`];
  process.stdout.write(`\u001b[H\u001b[2J${shown.join('\n')}\n`);
}

/**
 * The reader of the output has gone, as in `sluis ... | head`. Nobody would read the rest, so the
 * process ends as other programs do, without a stack trace.
 */
function readerGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.failed);
}

/**
 * From now on a reader that goes away ends nothing: a gateway whose supervisor closed the pipe of
 * its log must still accept mail. Each line that nobody reads is lost.
 */
export function outliveReaders(): void {
  process.stdout.off('error', readerGone);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
