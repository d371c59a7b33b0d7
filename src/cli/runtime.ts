/**
 * On what the gateway runs: the versions of Node of `engines` in package.json (npm only warns, so the command line asks again), and enough descriptors
 * to load its own modules: with fewer Node ends in a trace, or says that a package is missing.
 */
import { readFileSync } from 'node:fs';

/** Least version of each line that is tested, newest line last. */
const LINES: readonly (readonly [major: number, minor: number])[] = [
  [20, 19],
  [22, 12],
];

/** What is wrong with a version such as `24.21.0`, with the remedy; undefined where it is fit. */
export function runtimeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (LINES.some((line) => line[0] === major && minor >= line[1])) return undefined;
  const lines = LINES.map((line) => `${line.join('.')} or newer of ${line[0]}`).join(', or ');
  // better-sqlite3 12 aborts the process there whenever one of its statements is collected as garbage: docs/decisions/0004.
  const why = major > 22 ? '; from 24 on the SQLite driver ends the process at any moment' : '';
  return `Cannot run on Node ${version}: expected ${lines}${why}. Install Node 22 and "npm ci" again.`;
}

/** Least number of descriptors: to load what `serve` needs takes more than 160 at once, and sessions come on top. */
export const LEAST_DESCRIPTORS = 256;

/** What is wrong with the number of files that this process may open; `limits` is as /proc/self/limits has it. Undefined where it is fit, or unknown. */
export function descriptorProblem(limits: string = ownLimits()): string | undefined {
  // Node has raised its own to the hard limit by now.
  const [, most = ''] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  if (most === '' || Number(most) >= LEAST_DESCRIPTORS) return undefined;
  return `Cannot run with ${most} file descriptors: expected ${LEAST_DESCRIPTORS} or more, and one for each connection; raise LimitNOFILE= of the service, or "ulimit -n".`;
}

/** Empty where the system does not tell. */
function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
