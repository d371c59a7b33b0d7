/** Colours are for a person at a terminal that takes them, and for nobody else. */
// @release: real terminals, one for each kind; cli/prompt has one at every merge.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { paintFor } from '../../src/cli/colours.ts';
import { MAIN } from '../support/command-line.ts';
import { startTestGateway } from '../support/gateway.ts';
import { hasProgram, present } from '../support/require.ts';

const ESC = '\u001b[';
const terminal = (depth: number, isTTY = true): NodeJS.WriteStream =>
  ({ isTTY, getColorDepth: () => depth }) as NodeJS.WriteStream;

test('headings, states, warnings and errors get a colour, and nothing else', () => {
  const out = paintFor(terminal(8), 'out');
  assert.equal(out('LOGIN  STATE\nanna   active\n'), `${ESC}1mLOGIN  STATE${ESC}22m\nanna   active\n`);
  assert.equal(out('anna   suspended  mail\n'), `anna   ${ESC}33msuspended${ESC}39m  mail\n`);
  assert.equal(out('State:   ended\n'), `State:   ${ESC}31mended${ESC}39m\n`);
  assert.equal(out('State:   ending, until 2026\n'), `State:   ${ESC}33mending${ESC}39m, until 2026\n`);
  assert.equal(out('Warning: late\n'), `${ESC}33mWarning${ESC}39m: late\n`);
  for (const text of ['It ended yesterday.\n', 'an UPPER word\n', '{"state": "ended"}\n', 'failed-over\n'])
    assert.equal(out(text), text);
  const err = paintFor(terminal(8), 'err');
  assert.equal(err('Cannot open it: no\nmore\n'), `${ESC}31mCannot open it: no${ESC}39m\nmore\n`);
  assert.equal(err('Importing: 3 of 4\n'), 'Importing: 3 of 4\n');
});

test('a pipe and a terminal without colours get plain text', () => {
  for (const stream of [terminal(1), terminal(8, false)])
    assert.equal(paintFor(stream, 'out')('LOGIN  STATE\n'), 'LOGIN  STATE\n');
});

const script = present('script', hasProgram('script'), 'install bsdutils');

test('at a real terminal; not with NO_COLOR, TERM=dumb, --json or --csv', { skip: script }, async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna'] });
  const folder = mkdtempSync(join(tmpdir(), 'sluis-colours-'));
  t.after(async () => {
    await gateway.remove();
    rmSync(folder, { recursive: true });
  });
  await gateway.stop();
  const run = (words: string, more: Readonly<Record<string, string>> = {}): string => {
    // Node shows no colours where CI says that a machine reads.
    const { NO_COLOR: _, FORCE_COLOR: __, CI: ___, ...env } = process.env;
    const line = `'${process.execPath}' '${MAIN}' ${words} --config '${gateway.config.file}'`;
    const ran = spawnSync('script', ['-qec', line, join(folder, 'typescript')], {
      encoding: 'utf8',
      env: { ...env, TERM: 'xterm-256color', ...more },
      timeout: 20_000,
    });
    assert.match(ran.stdout, /anna@|Cannot|LOGIN/, ran.stdout);
    return ran.stdout;
  };
  assert(run('account list').includes(`${ESC}1mLOGIN`));
  assert(run('account show nobody').includes(`${ESC}31mCannot`));
  for (const [words, more] of [
    ['account list', { NO_COLOR: '1' }],
    ['account list', { TERM: 'dumb' }],
    ['account list --json', {}],
    ['account show nobody --json', {}],
  ] as const)
    assert(!run(words, more).includes(ESC), words);
});
