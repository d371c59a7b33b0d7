/**
 * Until when one place alone may acknowledge: a file that lasts, said again and again, and never
 * longer than allowed.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { days, hours, instant, minutes } from '../../src/domain/units.ts';
import { Alone } from '../../src/gateway/alone.ts';
import type { AuditEvent } from '../../src/store/audit.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { until } from '../support/until.ts';

const WHO = { name: 'anna', reason: 'zuid burnt down' };

/** Of a gateway whose database can be away: then no read comes to an end. */
class Trail {
  readonly rows: AuditEvent[] = [];
  away = false;

  note(event: AuditEvent): void {
    this.rows.push(event);
  }

  read(): Promise<never[]> {
    return this.away ? Promise.reject(new Error('the database is away')) : Promise.resolve([]);
  }

  get events(): readonly string[] {
    return this.rows.map(({ event }) => event);
  }
}

function scene(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-alone-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const clock = new FakeClock();
  const log = new MemoryLog();
  const file = join(folder, 'site-alone.json');
  const open = (): Alone => {
    const alone = new Alone({ folder, clock, log });
    t.after(() => alone.stop());
    return alone;
  };
  return { folder, clock, log, file, open, told: () => readFileSync(file, 'utf8').includes('"told":true') };
}

test('it holds at once and after a restart, is said each hour, and ends by its time', async (t) => {
  const { clock, log, file, open, told } = scene(t);
  const trail = new Trail();
  const first = open();
  first.begin(trail);
  assert.equal(first.until, undefined);
  const end = instant(clock.now() + hours(2) + minutes(30));
  first.set(end, WHO);
  assert.equal(first.until, end);
  await until('its row stands', told);
  assert.deepEqual(trail.rows, [], 'whoever asked for it writes the row');
  first.stop();

  const second = open();
  assert.equal(second.until, end);
  second.begin(trail);
  assert.deepEqual(trail.rows, []);
  clock.advance(hours(1));
  clock.advance(hours(1));
  assert.equal(log.names.filter((name) => name === 'site.alone-holds').length, 2);
  clock.advance(minutes(30));
  assert.equal(second.until, undefined);
  assert.deepEqual(trail.rows, [{ event: 'site.alone-ended', outcome: 'success', facts: { by: 'time' } }]);
  await until('the file has gone', () => !existsSync(file));
  clock.advance(hours(3));
  assert.equal(log.names.filter((name) => name === 'site.alone-holds').length, 2);
});

test('a row that was never written is written by the next start, and tried until it stands', async (t) => {
  const { clock, file, open, told } = scene(t);
  open().set(instant(clock.now() + days(1)), WHO);
  const trail = new Trail();
  trail.away = true;
  const next = open();
  next.begin(trail);
  const at = new Date(clock.now() + days(1)).toISOString();
  assert.deepEqual(trail.rows, [
    {
      event: 'site.alone',
      outcome: 'success',
      facts: { until: at },
      personal: { actor: 'anna', reason: 'zuid burnt down' },
    },
  ]);
  await new Promise(setImmediate);
  assert.equal(told(), false);
  trail.away = false;
  clock.advance(10_000);
  await until('it stands', told);

  // Ended where nobody served, and the same for its row.
  next.stop();
  open().set(undefined, { name: 'anna' });
  const last = open();
  assert.equal(last.until, undefined);
  last.begin(trail);
  assert.deepEqual(trail.events, ['site.alone', 'site.alone-ended']);
  await until('the file has gone', () => !existsSync(file));
});

test('a time that passed while nobody served is over, with its row', async (t) => {
  const { clock, file, open } = scene(t);
  open().set(instant(clock.now() + hours(1)), WHO);
  clock.advance(hours(2));
  const trail = new Trail();
  const next = open();
  assert.equal(next.until, undefined);
  next.begin(trail);
  assert.deepEqual(trail.events, ['site.alone', 'site.alone-ended']);
  await until('the file has gone', () => !existsSync(file));
});

test('what cannot be read, and more than a week, allow nothing', (t) => {
  const { clock, log, file, open } = scene(t);
  for (const text of ['', '{}', '{"until": "tomorrow", "at": 1, "by": "x"}', 'x'.repeat(100)]) {
    writeFileSync(file, text);
    assert.equal(open().until, undefined, text);
  }
  assert.equal(log.names.filter((name) => name === 'site.alone-unreadable').length, 4);
  const of = (time: number): string =>
    JSON.stringify({ until: clock.now() + time, at: clock.now(), by: 'x', told: true });
  writeFileSync(file, of(days(7)));
  assert.notEqual(open().until, undefined);
  writeFileSync(file, of(days(7) + 1));
  assert.equal(open().until, undefined);
});
