/**
 * The commands of the README and of docs/try.md, exactly as they are printed, by the shell.
 *
 * They run in a folder of their own that leads to this checkout. `npm ci` and `npm test` are left
 * to `.ci/run`, which runs this suite after them: here they would take away what is running. What
 * docs/install.md says of a server is in `packed.test.ts`.
 */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { withoutProgram } from '../support/require.ts';
import { type Shell, commandsOf, root, shellIn, succeedsIn } from './shell.ts';

const packed = commandsOf('Tarball', 'docs/install.md');
const commands = commandsOf();
const further = commandsOf(undefined, 'docs/try.md');
const contributing = commandsOf(undefined, 'CONTRIBUTING.md');
const START = 'npm ci && npm start';
const TEST = 'npm ci && npm test';
const SERVE = 'npx sluis serve --config gateway/sluis.toml';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sluis-readme-'));
  for (const name of ['node_modules', 'scripts', 'src', 'test', 'tsconfig.json'])
    symlinkSync(join(root, name), join(folder, name));
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

const shell = (command: string): Shell => shellIn(folder, command);
const succeeds = (command: string): Promise<string> => succeedsIn(folder, command);

test('README and CONTRIBUTING have the two commands of a fresh clone, and .ci/run runs the second', () => {
  assert.deepEqual([commands, contributing], [[START], [TEST]]);
  const ci = readFileSync(join(root, '.ci', 'run'), 'utf8');
  assert.match(ci, /^npm ci\b[\s\S]*^suite npm test --$/m);
});

test('what the commands make in the checkout, keys and passwords among it, is ignored by git', () => {
  const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n');
  const made = [...further, ...packed].flatMap((command) => [...command.matchAll(/--config (\w+)\//g)]);
  assert(made.length > 5);
  for (const [, folderOf = ''] of made) assert(ignored.includes(`/${folderOf}/`), folderOf);
  assert(!packed.some((command) => command.includes('--dev-certificates')), 'a server has a certificate of its own');
});

/**
 * What the README shows of the output, without what differs from run to run; `...` stands for lines
 * left out.
 */
const PASSWORD = /\b(?:[a-z0-9]{4}-){5}[a-z0-9]{4}\b/g;
function shown(): readonly string[] {
  const [, block = ''] = /^```text\n([\s\S]*?)^```$/m.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  const lines = block.split('\n').filter((line) => line !== '' && line !== '...');
  assert.ok(lines.length > 10, String(lines.length));
  return lines;
}

/** Lines of the page that are not printed, or not in this order. */
function missingOf(page: readonly string[], printed: readonly string[]): readonly string[] {
  const masked = printed.map((line) => line.trimEnd().replaceAll(PASSWORD, 'PASSWORD'));
  let at = 0;
  return page.filter((line) => {
    const found = masked.indexOf(line.replaceAll(PASSWORD, 'PASSWORD'), at);
    if (found >= 0) at = found + 1;
    return found < 0;
  });
}

test('npm start prints curl lines that send and fetch', { skip: withoutProgram('curl', 'curl') }, async () => {
  const gateway = shell(START.replace('npm ci && ', ''));
  try {
    await gateway.until('the next start finds everything again.');
    const lines = gateway.output().split('\n');
    assert.deepEqual(missingOf(shown(), lines), [], 'the README shows what is printed');
    const printed = (begin: string): string => lines.find((l) => l.startsWith(`  ${begin}`))?.trim() ?? '';
    await succeeds(printed('printf '));
    assert.match(await succeeds(printed('curl ')), /Subject: Proef\r\n\r\nGoedemorgen\.\r\n$/);
    await succeeds(printed('npx '));
  } finally {
    await gateway.interrupt();
  }
  assert.match(gateway.output(), /gateway\.stopped/);
});

test('every command of docs/try.md works, in its order', async () => {
  assert.equal(further.at(-1), SERVE);
  const outputs: string[] = [];
  for (const command of further.slice(0, -1)) outputs.push(await succeeds(command));
  assert.match(outputs.at(-1) ?? '', /balie@de-brug\.example +active/);
  assert.equal(statSync(join(folder, 'gateway', 'assistente.password')).mode & 0o777, 0o600);
  const gateway = shell(SERVE);
  try {
    await gateway.until('gateway.started');
  } finally {
    await gateway.interrupt();
  }
  assert.match(gateway.output(), /gateway\.stopped/);
});
