/**
 * What the gateway needs to run: one of the versions of Node in `engines` of package.json (npm only
 * warns, so the command line checks again), and enough file descriptors to load its own modules.
 * With fewer, Node ends with a stack trace or says that a package is missing.
 * `scripts/node-version.mjs` does the same for the scripts of a checkout, which run before anything
 * is compiled.
 */
import { readFileSync } from 'node:fs';

/**
 * The least minor version of each major line that can be used; so can every later line. The SQLite
 * driver ends older versions with a segmentation fault, and their OpenSSL reveals whether an RSA
 * padding is right: docs/decisions/0004-versions-of-node.md.
 */
const LINES: readonly (readonly [major: number, minor: number])[] = [
  [22, 20],
  [24, 5],
];

const isFit = (major: number, minor: number): boolean =>
  LINES.some((line) => line[0] === major && minor >= line[1]) || major > (LINES.at(-1)?.[0] ?? 0);

/**
 * What is wrong with a version such as `20.20.2`, and the remedy, in one line. Undefined if it can
 * be used.
 */
export function runtimeProblem(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (isFit(major, minor)) return undefined;
  return `Cannot run on Node ${version}: expected 22.20 or newer of 22, or 24.5 or newer; install Node 24 or 22 (https://nodejs.org) first in PATH, or in a checkout run "npm ci" and start through npm or npx, which find its Node for Linux`;
}

/**
 * Least number of descriptors. Loading `serve` takes more than 160 at the same time, and sessions
 * need more.
 */
export const LEAST_DESCRIPTORS = 256;

/**
 * What is wrong with the number of files that this process may open. `limits` has the form of
 * /proc/self/limits. Undefined if the number is enough or unknown.
 */
export function descriptorProblem(limits: string = ownLimits()): string | undefined {
  // By now, Node has raised its own limit to the hard limit.
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
