/**
 * The sandbox for vendors with programs of others, and with two of our own that must be caught: one
 * that deletes before it stores and keeps no list, and one that takes silence for success.
 * test/long/sandbox has every scenario.
 */
// @beside
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { withoutProgram } from '../support/require.ts';
import { badReceiver, badSender, commandOf, trial } from './sandbox-programs.ts';

const PYTHON = withoutProgram('python3', 'python3');

function home(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-vendor-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test(
  'mpop passes: a line lost before QUIT, and one in a message',
  { skip: withoutProgram('mpop', 'mpop'), timeout: 120_000 },
  async (t) => {
    const folder = home(t);
    const before = readdirSync(tmpdir()).filter((name) => name.startsWith('sluis-sandbox-'));
    const { code, told, err } = await trial(
      folder,
      ['--fetch', commandOf('mpop', folder), '--stored', join(folder, 'inbox')],
      ['line-lost-before-quit', 'line-lost-in-message'],
    );
    assert.deepEqual(
      told.scenarios.map(({ name, verdict }) => [name, verdict]),
      [
        ['line-lost-before-quit', 'passed'],
        ['line-lost-in-message', 'passed'],
      ],
    );
    assert.equal(code, 0);
    for (const needed of [
      /host +localhost/,
      /POP3 +port \d+ \(TLS\) or \d+ \(STLS\)/,
      /account +\S+@\S+/,
      /password +\S+/,
      /trust +\/\S+ca\.pem/,
    ])
      assert.match(err, needed, 'the vendor is told what to set');
    assert.match(readFileSync(join(folder, 'sandbox', 'report.txt'), 'utf8'), /^2 scenarios: 2 passed/);
    assert.deepEqual(
      readdirSync(tmpdir()).filter((name) => name.startsWith('sluis-sandbox-')),
      before,
      'the gateway is thrown away',
    );
    assert.ok(existsSync(join(folder, 'sandbox', 'ca.pem')), 'what the vendor has set stays good');
  },
);

test(
  'a program that deletes before it stores, and keeps no list, is caught',
  { skip: PYTHON, timeout: 120_000 },
  async (t) => {
    const folder = home(t);
    const store = join(folder, 'store');
    mkdirSync(store);
    const { code, told } = await trial(
      folder,
      ['--fetch', badReceiver(store), '--stored', store],
      ['line-lost-before-quit'],
    );
    assert.equal(code, 5);
    const [first] = told.scenarios;
    assert.equal(first?.verdict, 'failed');
    assert.match(
      JSON.stringify(first.findings),
      /"failed","says":"It deleted message A, QUIT included, while nothing of it lay where it stores/,
    );
    assert.match(JSON.stringify(first.patient), /in neither place/);
    // Without a look at its folder the line alone shows that it keeps no list.
    const blind = await trial(folder, ['--fetch', badReceiver(store)], ['line-lost-before-quit']);
    assert.equal(blind.code, 5);
    assert.match(JSON.stringify(blind.told.scenarios[0]?.findings), /fetched twice/);
  },
);

test('a program that takes silence for success is caught', { skip: PYTHON, timeout: 120_000 }, async (t) => {
  const { code, told } = await trial(home(t), ['--send', badSender], ['accepted-answer-lost', 'address-moved']);
  assert.equal(code, 5);
  assert.deepEqual(
    told.scenarios.map(({ verdict }) => verdict),
    ['failed', 'failed'],
  );
  assert.match(JSON.stringify(told.scenarios[0]?.findings), /took silence for success/);
  assert.ok(told.scenarios[0]?.rules.some((rule) => rule.includes('RFC 5321') && rule.includes('docs/systems.md')));
});
