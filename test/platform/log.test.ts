import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { LogLines } from '../../src/platform/log-lines.ts';
import { createLog } from '../../src/platform/log.ts';

const capture = (format: 'json' | 'pretty') => {
  const out = new PassThrough();
  return { log: createLog({ level: 'info', format, destination: out }), text: () => String(out.read() ?? '') };
};

test('a JSON line holds time, level, event and the fields of its log', () => {
  const { log, text } = capture('json');
  log.with({ session: 's1' }).info('smtp.accepted', { message: 'm1', octets: 12 });
  const line = JSON.parse(text()) as Record<string, unknown>;
  assert.deepEqual(
    { ...line, time: 't' },
    { time: 't', level: 'info', event: 'smtp.accepted', session: 's1', message: 'm1', octets: 12 },
  );
});

test('a field that is named like a secret is not written, in either format', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { log, text } = capture(format);
    log.warn('auth.failed', { login: 'jan', password: 'hunter2', Subject: 'uitslag' });
    const line = text();
    assert.match(line, /jan/);
    assert.doesNotMatch(line, /hunter2|uitslag/);
  }
});

test('no field holds what a terminal obeys, in either format', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { log, text } = capture(format);
    const command = '\u001b[31m\u009b2J\u202e\u2028\u007f';
    log.info('smtp.refused', { command });
    const line = text();
    assert.doesNotMatch(line.trimEnd(), /[\p{Cc}\p{Cf}\u2028]/u);
    if (format === 'json') assert.equal((JSON.parse(line) as { command: string }).command, command);
  }
});

test('a field from a peer cannot start a second line or grow without bound', () => {
  for (const format of ['json', 'pretty'] as const) {
    const { log, text } = capture(format);
    log.info('smtp.refused', { command: `x\r\nforged ${'y'.repeat(5000)}` });
    const line = text();
    assert.equal(line.trimEnd().split('\n').length, 1);
    assert.ok(line.length < 1000);
  }
});

test('lines of one turn are written at once, in their order, before the loop goes on', async () => {
  const written: string[] = [];
  const lines = new LogLines();
  lines.to((text) => void written.push(text));
  for (const line of ['a\n', 'b\n', 'c\n']) lines.add(line);
  assert.deepEqual(written, []);
  const turn = new Promise((resolve) => setImmediate(resolve));
  await Promise.resolve();
  lines.add('d\n');
  await turn;
  assert.deepEqual(written, ['a\nb\nc\nd\n']);
  // Whoever answers writes them first, and nothing is written twice.
  lines.add('e\n');
  lines.flush();
  lines.flush();
  assert.deepEqual(written.slice(1), ['e\n']);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(written.length, 2);
});

test('lines of one turn do not grow without bound', () => {
  const written: string[] = [];
  const lines = new LogLines(() => undefined);
  lines.to((text) => void written.push(text));
  for (let i = 0; i < 100_000; i += 1) lines.add('a line of forty characters, or nearly so\n');
  assert(written.length > 10);
  for (const text of written) assert(text.length < 70_000);
});

const LOG = new URL('../../src/platform/log.ts', import.meta.url).href;
/** What a program with these lines in it leaves on standard error. */
const printed = (code: string): string =>
  spawnSync(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { createLog } from ${JSON.stringify(LOG)};
       const log = createLog({ level: 'info', format: 'json' });
       ${code}`,
    ],
    { encoding: 'utf8' },
  ).stderr;

test('no line goes lost at an exit, after an error that ends the process, and of a failure not when it is killed', () => {
  for (const end of [
    '',
    'process.exit(3);',
    'throw new Error("unforeseen");',
    'setImmediate(() => { log.info("third"); process.exit(3); });',
  ]) {
    const text = printed(`log.info('first'); log.info('second'); ${end}`);
    assert.match(text, /"first"[^\n]*\n[^\n]*"second"/, end);
    if (end.includes('third')) assert.match(text, /"third"/);
  }
  assert.match(
    printed(`log.info('first'); log.error('second'); process.kill(process.pid, 'SIGKILL');`),
    /first[^\n]*\n[^\n]*second/,
  );
});
