/**
 * Runs the command line of the program under test, and ends it with all that it started when it
 * takes too long.
 */
import { spawn } from 'node:child_process';

const MAX_SAID = 2000;

export interface ProgramRun {
  readonly status: number | 'ended by the sandbox';
  /** The end of what it printed. */
  readonly said: string;
}

export function runProgram(
  command: string,
  env: Readonly<Record<string, string>>,
  patience: number,
  signal: AbortSignal,
): Promise<ProgramRun> {
  return new Promise((resolve) => {
    // A group of its own: what the shell starts ends with it.
    const child = spawn('sh', ['-c', command], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let said = '';
    let ended = false;
    const hear = (octets: Buffer): void => void (said = (said + octets.toString()).slice(-MAX_SAID));
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    const end = (): void => {
      ended = true;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // The program has ended by itself meanwhile.
      }
    };
    const timer = setTimeout(end, patience);
    signal.addEventListener('abort', end, { once: true });
    const done = (status: number | null): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve({ status: ended || status === null ? 'ended by the sandbox' : status, said });
    };
    child.once('error', (error) => {
      said = error.message;
      done(127);
    });
    child.once('close', done);
  });
}
