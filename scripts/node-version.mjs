// Whether the Node that runs a script of the checkout fits `engines` in package.json. npm only warns, and an older Node ends with a trace: it cannot read
// the sources, and its SQLite driver ends the process with a segmentation fault. Written so that an old Node can read it. src/cli/runtime.ts says the same of the gateway.
import { readFileSync } from 'node:fs';

/** What is wrong with a version, with the remedy, in one line; undefined where it is fit. */
export function nodeProblem(version = process.versions.node) {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const least = engines.node.slice('>='.length);
  const [ours, expected] = [version, least].map((one) => one.split('.').map(Number));
  const at = expected.findIndex((part, n) => part !== ours[n]);
  if (at < 0 || ours[at] > expected[at]) return undefined;
  return `Cannot run on Node ${version}: expected ${least} or newer; install Node 26 (https://nodejs.org) first in PATH, or in a checkout run "npm ci" and start through npm or npx, which find its Node for Linux`;
}

/** The exit code of a runtime that does not fit: src/cli/exit-codes.ts, unavailable. */
export const UNFIT = 7;
