/**
 * What the gateway needs to run: the version of Node in `engines` of package.json (npm only warns,
 * so the command line checks again), and enough file descriptors to load its own modules. With
 * fewer, Node ends with a stack trace or says that a package is missing. `scripts/node-version.mjs`
 * says the same of the version for what an older Node starts, which cannot read TypeScript.
 */
import { readFileSync } from 'node:fs';

/** The version that everything is tested on, and the first that is without known faults. */
const LEAST = '26.12.1';

/**
 * What is wrong with a version such as `20.20.2`, and the remedy, in one line. Undefined if it can
 * be used.
 */
export function runtimeProblem(version: string): string | undefined {
  const [ours, least] = [version, LEAST].map((one) => one.split('.').map(Number));
  const at = least?.findIndex((part, n) => part !== ours?.[n]) ?? -1;
  if (at < 0 || (ours?.[at] ?? 0) > (least?.[at] ?? 0)) return undefined;
  return `Cannot run on Node ${version}: expected ${LEAST} or newer; install Node 26 (https://nodejs.org) first in PATH, or in a checkout run "npm ci" and start through npm or npx, which find its Node for Linux`;
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
