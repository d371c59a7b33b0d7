import assert from 'node:assert/strict';
import { test } from 'node:test';
import { verdictOf } from '../../src/scan/verdict.ts';

test('verdictOf() knows what clamd says of a stream', () => {
  assert.deepEqual(verdictOf('stream: OK'), { kind: 'clean' });
  assert.deepEqual(verdictOf('stream: Eicar-Test.UNOFFICIAL FOUND'), { kind: 'found', name: 'Eicar-Test.UNOFFICIAL' });
});

test('verdictOf() takes limits and encryption for what they are, and not for malware', () => {
  for (const limit of ['MaxFileSize', 'MaxScanSize', 'MaxScanTime', 'MaxRecursion'])
    assert.deepEqual(verdictOf(`stream: Heuristics.Limits.Exceeded.${limit} FOUND`), {
      kind: 'too-large',
      why: `Heuristics.Limits.Exceeded.${limit}`,
    });
  assert.equal(verdictOf('INSTREAM size limit exceeded. ERROR').kind, 'too-large');
  assert.deepEqual(verdictOf('stream: Heuristics.Encrypted.Zip FOUND'), {
    kind: 'encrypted',
    why: 'Heuristics.Encrypted.Zip',
  });
});

test('verdictOf() takes nothing else for a verdict', () => {
  for (const text of ['', 'OK', 'stream: OK ', 'stream: ok', 'xstream: OK', 'stream: OK\r', 'stream:  FOUND', 'PONG'])
    assert.equal(verdictOf(text).kind, 'failed', JSON.stringify(text));
  assert.deepEqual(verdictOf('COMMAND READ TIMED OUT'), {
    kind: 'failed',
    because: 'slow',
    why: 'it did not get the content in time',
  });
});

test('verdictOf() lets no name write into a reply', () => {
  const name = `Bad\r\n250 OK ${'x'.repeat(200)}`;
  const verdict = verdictOf(`stream: ${name} FOUND`);
  assert.ok(verdict.kind === 'found');
  assert.match(verdict.name, /^Bad\?\?250\?OK\?x{10,}$/);
  assert.equal(verdict.name.length, 80);
});
