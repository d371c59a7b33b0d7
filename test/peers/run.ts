/** Runs a mail program as its user would: no shell, a time limit, its own empty home. */
import { spawn } from 'node:child_process';

const PATIENCE = 60_000;

export interface Ran {
  readonly status: number | null;
  readonly out: Buffer;
  readonly err: string;
}

export interface RunOptions {
  /** Exit codes that are no failure; 0 always is one. */
  readonly alsoFine?: readonly number[];
  readonly home: string;
  readonly input?: Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Milliseconds; default a minute. */
  readonly patience?: number;
}

export function attempt(program: string, args: readonly string[], options: RunOptions): Promise<Ran> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: options.home,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: options.home,
        LANG: 'C.UTF-8',
        LC_ALL: 'C.UTF-8',
        TZ: 'UTC',
        ...options.env,
      },
      stdio: 'pipe',
      timeout: options.patience ?? PATIENCE,
      killSignal: 'SIGKILL',
    });
    const out: Buffer[] = [];
    let err = '';
    child.stdout.on('data', (chunk: Buffer) => out.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => (err = (err + chunk.toString()).slice(-8192)));
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, out: Buffer.concat(out), err }));
    // A program that ends before it has read its input is judged by its status.
    child.stdin.on('error', () => undefined);
    child.stdin.end(options.input ?? '');
  });
}

/**
 * Resolves to what the program wrote to standard output; throws with what it said when it failed.
 */
export async function run(program: string, args: readonly string[], options: RunOptions): Promise<Buffer> {
  const ran = await attempt(program, args, options);
  if (ran.status !== 0 && !(options.alsoFine ?? []).includes(ran.status ?? -1))
    throw new Error(`${program} ended with ${ran.status}: ${ran.err}${ran.out.toString('utf8', 0, 2000)}`);
  return ran.out;
}
