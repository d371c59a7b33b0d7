/** On which versions of Node the gateway runs: those of `engines` in package.json. npm only warns, so the command line asks again. */

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
