/**
 * Runs the real command line as an operator does, and watches it from outside: the time to the
 * first row, the whole time, peak memory and the progress bar.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { MAIN } from '../../test/support/command-line.ts';
import type { Instance } from '../../test/support/instance.ts';

/**
 * Milliseconds between two looks at a process. VmHWM only rises, so a look misses at most the
 * growth of the last few milliseconds.
 */
const LOOK_EVERY = 10;
/** Characters at the end of the output that are kept. */
const KEPT = 4000;

export interface Ran {
  readonly code: number;
  readonly seconds: number;
  /** Seconds to the first line after the heading; NaN if there was none. */
  readonly firstRow: number;
  readonly lines: number;
  /**
   * Most MB (10^6) of resident memory. Unknown for a command on a terminal, whose parent is
   * `script`.
   */
  readonly peak: number;
  /** How often the bar was drawn; only on a terminal. */
  readonly bars: number;
  /** The end of its output. */
  readonly tail: string;
}

export interface RunOptions {
  /** Runs it on a pseudo terminal, as a person sees it. */
  readonly terminal?: boolean;
  /** Exit codes that are expected. Any other one ends the benchmark. */
  readonly codes?: readonly number[];
}

export async function sluis(instance: Instance, args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const command = [MAIN, ...args, '--config', instance.config];
  const began = performance.now();
  const child = options.terminal === true ? onTerminal(command) : spawn(process.execPath, command, { stdio: 'pipe' });
  child.stdin?.end();
  let [lines, bars, firstRow, tail, peak] = [0, 0, Number.NaN, '', 0];
  const seconds = (): number => (performance.now() - began) / 1000;
  const hear = (piece: string): void => {
    lines += count(piece, '\n');
    bars += options.terminal === true ? count(piece.replaceAll('\r\n', ''), '\r') : 0;
    if (lines >= 2 && Number.isNaN(firstRow)) firstRow = seconds();
    tail = (tail + piece).slice(-KEPT);
  };
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', hear);
  const look = setInterval(() => (peak = Math.max(peak, peakOf(child.pid))), LOOK_EVERY);
  const code = await new Promise<number>((resolve, reject) =>
    child.once('error', reject).once('close', (ended) => resolve(ended ?? -1)),
  );
  clearInterval(look);
  const ran = { code, seconds: seconds(), firstRow, lines, peak, bars, tail };
  if (!(options.codes ?? [0]).includes(code)) throw new Error(`sluis ${args.join(' ')} ended with ${code}: ${tail}`);
  return ran;
}

const count = (text: string, what: string): number => text.split(what).length - 1;

/** `script` of util-linux; with `-e` it returns the exit code of the command. */
function onTerminal(command: readonly string[]): ChildProcess {
  const quoted = [process.execPath, ...command].map((word) => `'${word}'`).join(' ');
  return spawn('script', ['-qefc', quoted, '/dev/null'], { stdio: 'pipe' });
}

function peakOf(pid: number | undefined): number {
  try {
    return (Number(/^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) * 1024) / 1e6;
  } catch {
    return 0; // It has ended.
  }
}
