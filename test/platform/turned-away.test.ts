import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minutes } from '../../src/domain/units.ts';
import { OWN_LINES, TurnedAway } from '../../src/platform/turned-away.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';

test('a flood writes one line for a network and minute, one that counts the rest, and one for networks beyond the first few', () => {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const turned = new TurnedAway(clock, log, 'smtp.connection-refused');
  for (let i = 0; i < 10_000; i += 1) turned.note('network', `192.0.${i % 200}.1`);
  assert.equal(log.events.length, OWN_LINES);
  assert.deepEqual(log.events[0]?.fields, { why: 'network', peer: '192.0.0.1' });
  clock.advance(minutes(1));
  assert.equal(log.events.length, 2 * OWN_LINES + 1);
  assert.deepEqual(log.events[OWN_LINES]?.fields, { why: 'network', network: '192.0.0.1', count: 49 });
  assert.deepEqual(log.events.at(-1)?.fields, { why: 'network', network: '(others)', count: 9000 });
  assert.equal(clock.waiting, 0);
});

test('a single one is a single line', () => {
  const clock = new FakeClock();
  const log = new MemoryLog();
  const turned = new TurnedAway(clock, log, 'pop3.refused');
  turned.note('total', '2001:db8::1');
  turned.flush();
  assert.deepEqual(log.names, ['pop3.refused']);
  assert.equal(clock.waiting, 0);
});
