/**
 * On what the gateway runs: the versions of Node of `engines` in package.json (npm only warns, so
 * the command line asks again), and enough descriptors to load its own modules: with fewer Node
 * ends in a trace, or says that a package is missing. `scripts/node-version.mjs` says the same of
 * the scripts of a checkout, which run before anything is compiled.
 */
import { readFileSync } from 'node:fs';

/**
 * Least versions of the lines that are fit; every line after the last is. The SQLite driver ends
 * older ones with a segmentation fault, and the OpenSSL of those below these tells a right padding
 * of RSA from a wrong one: docs/decisions/0004-versions-of-node.md.
 */
const LINES: readonly (readonly [major: number, minor: number])[] = [
  [22, 20],
  [24, 5],
];

const isFit = (major: number, minor: number): boolean =>
  LINES.some((line) => line[0] === major && minor >= line[1]) || major > (LINES.at(-1)?.[0] ?? 0);

/**
 * What is wrong with a version such as `20.20.2`, with the remedy, in one line; undefined if it is
 * fit.
 */
export function runtimeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (isFit(major, minor)) return undefined;
  return `Cannot run on Node ${version}: expected 22.20 or newer of 22, or 24.5 or newer; install Node 24 or 22 (https://nodejs.org) first in PATH, or in a checkout run "npm ci" and start through npm or npx, which find its Node for Linux`;
}

/**
 * Least number of descriptors: to load what `serve` needs takes more than 160 at once, and sessions
 * come on top.
 */
export const LEAST_DESCRIPTORS = 256;

/**
 * What is wrong with the number of files that this process may open; `limits` is as
 * /proc/self/limits has it. Undefined if it is fit, or unknown.
 */
export function descriptorProblem(limits: string = ownLimits()): string | undefined {
  // Node has raised its own to the hard limit by now.
  const [, most = ''] = /^Max open files\s+(\d+)/m.exec(limits) ?? [];
  if (most === '' || Number(most) >= LEAST_DESCRIPTORS) return undefined;
  return `Cannot run with ${most} file descriptors: expected ${LEAST_DESCRIPTORS} or more, and one for each connection; raise LimitNOFILE= of the service, or "ulimit -n".`;
}

/** Empty if the system does not tell. */
function ownLimits(): string {
  try {
    return readFileSync('/proc/self/limits', 'utf8');
  } catch {
    return '';
  }
}
