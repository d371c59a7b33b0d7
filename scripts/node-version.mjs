// Whether the Node that runs a script of the checkout is one of `engines` in package.json. npm only warns, and on an older Node the SQLite driver ends the
// process with a segmentation fault and without a word. Written so that an old Node can read it. src/cli/runtime.ts says the same of the gateway.
import { readFileSync } from 'node:fs';

/** What is wrong with a version, with the remedy, in one line; undefined where it is fit. */
export function nodeProblem(version = process.versions.node) {
  const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
  const [major, minor] = version.split('.').map(Number);
  // Ranges such as `^22.20.0` (that line alone) and `>=24.5.0` (that line and all after it).
  const ranges = engines.node.split(' || ').map((range) => /^(\^|>=)(\d+)\.(\d+)\.0$/.exec(range));
  const fits = ([, kind, line, least]) =>
    Number(line) === major ? minor >= Number(least) : kind === '>=' && major > Number(line);
  if (ranges.some(fits)) return undefined;
  const expected = ranges.map(
    ([, kind, line, least]) => `${line}.${least} or newer${kind === '^' ? ` of ${line}` : ''}`,
  );
  return `Cannot run on Node ${version}: expected ${expected.join(', or ')}; install Node 24 or 22 (https://nodejs.org) first in PATH, or in a checkout run "npm ci" and start through npm or npx, which find its Node for Linux`;
}

/** The exit code of a runtime that does not fit: src/cli/exit-codes.ts, unavailable. */
export const UNFIT = 7;
