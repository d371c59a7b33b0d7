import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
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
