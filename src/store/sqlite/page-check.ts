/**
 * Reads every page of a large database beside the gateway that serves it, after an unclean stop
 * (docs/decisions/1524).
 *
 * This runs in a process of its own, since SQLite reads all pages in one call: a thread in that
 * call cannot be ended, and a stop of the gateway would wait for minutes. It has the lowest
 * priority.
 */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export type PagesFound =
  | { readonly kind: 'whole' }
  | { readonly kind: 'damaged'; readonly why: string }
  /** The check found nothing out. */
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * Exit code of `page-check-process.ts` if SQLite finds the database damaged, or a page cannot be
 * read.
 */
export const DAMAGED = 3;
/** Most characters of what the check says. */
const MOST = 2000;

export interface PageCheck {
  readonly found: Promise<PagesFound>;
  /** Stops the check at once; its result is unknown then. */
  stop(): void;
}

/** `path`: of the database. `program`: another one for tests. */
export function checkPagesBeside(
  path: string,
  program = new URL('./page-check-process.ts', import.meta.url),
): PageCheck {
  // The process does not need the gateway's configuration and environment variables.
  const child = spawn(process.execPath, [fileURLToPath(program), path], {
    env: {},
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said = (said + text).slice(0, MOST)));
  const found = new Promise<PagesFound>((resolve) => {
    child.once('error', (error) => resolve({ kind: 'unknown', why: error.message }));
    child.once('close', (code, signal) => {
      const why = said.trim() || `it ended with ${code ?? signal ?? 'nothing'}`;
      if (code === 0) resolve({ kind: 'whole' });
      else resolve({ kind: code === DAMAGED ? 'damaged' : 'unknown', why });
    });
  });
  return { found, stop: () => void child.kill('SIGKILL') };
}
