/** Absences as an operator gives them: days of the calendar in Amsterdam, and files with many. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AdminError } from '../../src/admin/error.ts';
import { absenceInput, absenceOf, absencesIn } from '../../src/commands/address/absence.ts';
import { inputOf } from '../../src/commands/core/operations.ts';
import { days, instant } from '../../src/domain/units.ts';

const at = (iso: string): number => Date.parse(iso);
const bounds = { now: instant(at('2026-11-25T12:00:00Z')), longest: days(90) };
const read = (more: object) =>
  absenceOf(
    inputOf(
      { in: absenceInput },
      { address: 'anna@group.test', until: '2026-12-24', substitute: 'ben@group.test', ...more },
    ),
    bounds,
  );
const refused = (text: RegExp, more: object): void =>
  assert.throws(
    () => read(more),
    (error) => error instanceof AdminError && text.test(error.message),
  );

test('days are whole days in Amsterdam, also over the change of the clock', () => {
  const winter = read({ since: '2026-12-21' });
  assert.equal(winter.from, at('2026-12-20T23:00:00Z'));
  assert.equal(winter.until, at('2026-12-24T23:00:00Z'));
  const spring = read({ since: '2027-03-27', until: '2027-03-28' });
  assert.equal(spring.from, at('2027-03-26T23:00:00Z'));
  assert.equal(spring.until, at('2027-03-28T22:00:00Z'));
  assert.equal(read({}).from, bounds.now);
  assert.equal(read({ since: '2026-11-25', until: '2026-11-25' }).until, at('2026-11-25T23:00:00Z'));
});

test('the longest absence is exact, and what is no absence is refused with what to do', () => {
  assert.equal(read({ since: '2026-12-01', until: '2027-02-28' }).mode, 'substitute');
  refused(/91 days, and 90 are the most/, { since: '2026-12-01', until: '2027-03-01' });
  // 90 days with the change of the clock in them.
  assert.ok(read({ since: '2027-03-01', until: '2027-05-29' }));
  refused(/it ends before it begins/, { since: '2026-12-25' });
  refused(/it begins in the past/, { since: '2026-11-24' });
  refused(/it is over|ends before/, { until: '2026-11-24' });
  refused(/more than 400 days ahead/, { since: '2062-12-21', until: '2062-12-24' });
  refused(/expected a day such as/, { until: '2026-02-30' });
  refused(/expected a day such as/, { until: '24-12-2026' });
  refused(/Cannot use nothing as until: expected a day/, { until: undefined });
  refused(/expected a substitute who gets the mail, or that it is refused/, { substitute: undefined });
  assert.equal(read({ substitute: undefined, refuse: true }).substitute, undefined);
});

const file = async (...lines: readonly string[]) =>
  await absencesIn(
    (async function* () {
      yield `${lines.join('\n')}\n`;
    })(),
    bounds,
  );

test('a file of absences is read whole, and every bad line is told', async () => {
  const good = await file(
    'address,from,until,substitute,refuse',
    'anna@group.test,2026-12-21,2027-01-03,ben@group.test,',
    'carla@group.test;'.replace(';', ',') + '2026-12-21,2027-01-03,,yes',
  );
  assert.deepEqual(
    good.map((a) => [a.address, a.mode, a.substitute]),
    [
      ['anna@group.test', 'substitute', 'ben@group.test'],
      ['carla@group.test', 'refuse', undefined],
    ],
  );
  await assert.rejects(
    file(
      'address,from,until,substitute,refuse',
      'anna@group.test,2026-12-21,2027-01-03,ben@group.test,',
      'Anna@group.test,2026-12-21,2027-01-05,ben@group.test,',
      'no address,2026-12-21,2027-01-03,ben@group.test,',
      'anna@group.test,2026-12-21,,ben@group.test,',
      'anna@group.test,2026-12-21,2027-01-03,,perhaps',
    ),
    (error) => {
      assert(error instanceof AdminError);
      const [first, ...lines] = error.message.split('\n');
      assert.equal(first, 'Cannot note absences, nothing was changed:');
      assert.deepEqual(
        lines.map((line) => /^ {2}line (\d)(?:, [a-z]+)?: /.exec(line)?.[1]),
        ['3', '4', '5', '6'],
      );
      assert.match(lines[0] ?? '', /is in line 2 already/);
      return true;
    },
  );
});
