import { exitCodes } from './exit.ts';

/** What a command reads and writes besides the gateway: the terminal of a person, or what a test gives in its place. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** What standard input holds; absent: the process's own. */
  readonly input?: string;
  /** Asks the person at the terminal one question; absent: the process's own terminal, where there is one. */
  readonly ask?: (question: string) => Promise<string>;
  /** How the command ended; see exit.ts. */
  code: number;
}

export function processTerminal(): Terminal {
  process.stdout.once('error', readerGone);
  return {
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    code: 0,
  };
}

/** `sluis ... | head` has seen enough. Nothing that comes after would be read: end as other programs do, without a trace. */
function readerGone(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.failed);
}

/**
 * From here on nothing ends because a reader has gone: a gateway whose supervisor closed the pipe of its log still has mail to take. What
 * nobody reads is lost, each line by itself.
 */
export function outliveReaders(): void {
  process.stdout.off('error', readerGone);
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
}
