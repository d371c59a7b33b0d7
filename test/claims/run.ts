/** Runs named tests of the program, in a process a file, and says how each ended. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type NamedTest } from './claim.ts';

/** `missing`: no such test ran. `late`: the file was not done within its bound and was ended. */
export type Ending = 'passed' | 'failed' | 'skipped' | 'missing' | 'late';

export interface Ended {
  readonly ending: Ending;
  /** Of what did not pass: what its process said last. */
  readonly said: string;
}

/** Most that is kept of what a test says. */
const SAID = 4000;
const SUITES = /^(faults|peers|postgres|long)\//;

/** Of the name in the source, where `${...}` stands for anything. */
export const patternOf = (name: string): string =>
  name
    .split(/\$\{(?:[^{}]|\{[^{}]*\})*\}/)
    .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/]/g, String.raw`\$&`))
    .join('.*');

/** One test, below `root`, within `seconds`. */
export async function runTest(root: string, { file, name }: NamedTest, seconds: number): Promise<Ended> {
  const path = join(root, 'test', `${file}.test.ts`);
  const unit = !SUITES.test(file) && !readFileSync(path, 'utf8').includes('@threads');
  // Of a test that runs this one Node's runner would take the child for one of its own, and ask it
  // for octets; and one round of chance is enough.
  const { NODE_TEST_CONTEXT: _context, SLUIS_TEST_EFFORT: _effort, ...env } = process.env;
  const child = spawn(
    process.execPath,
    [
      ...(unit ? ['--import', pathToFileURL(join(root, 'scripts', 'one-thread.mjs')).href] : ['--test-force-exit']),
      ...['--test-reporter=tap', `--test-name-pattern=${patternOf(name)}`, path],
    ],
    { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], detached: true, env: { ...env, WRITE_GOLDEN: '' } },
  );
  let said = '';
  const endings: Ending[] = [];
  let line = '';
  // Of contracts the name stands behind that of the store.
  const wanted = new RegExp(`^\\s*(not )?ok \\d+ - (?:[\\w ]+: )?(?:${patternOf(tapOf(name))})( # (?:SKIP|TODO).*)?$`);
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID);
    const lines = (line + text).split('\n');
    line = (lines.pop() ?? '').slice(-SAID);
    for (const one of lines) {
      const [found, not, skipped] = wanted.exec(one) ?? [];
      if (found !== undefined)
        endings.push(not !== undefined ? 'failed' : skipped !== undefined ? 'skipped' : 'passed');
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-SAID);
  });
  let late = false;
  // The whole group: a test that is cut leaves the gateways it started.
  const bound = setTimeout(() => {
    late = true;
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  }, seconds * 1000);
  await new Promise((resolve) => child.once('close', resolve));
  clearTimeout(bound);
  return { ending: endingOf(endings, late), said };
}

/** As Node's TAP writes a name. */
const tapOf = (name: string): string => name.replaceAll('\\', '\\\\').replaceAll('#', String.raw`\#`);

const endingOf = (endings: readonly Ending[], late: boolean): Ending =>
  endings.includes('failed')
    ? 'failed'
    : late
      ? 'late'
      : endings.includes('passed')
        ? 'passed'
        : endings.includes('skipped')
          ? 'skipped'
          : 'missing';
