/** What every store must do with what the probes of the sites saw. */
import assert from 'node:assert/strict';
import test, { type TestContext } from 'node:test';
import { MINUTE, type ProbeCause, type ProbeSpan, minuteOf } from '../../src/domain/availability.ts';
import { days, instant } from '../../src/domain/units.ts';
import type { ContractStore } from './contract.ts';

export function availabilityContract(name: string, open: (t: TestContext) => Promise<ContractStore>): void {
  const promise = (text: string, run: (s: ContractStore) => Promise<void>): void => {
    test(`${name}: ${text}`, async (t) => run(await open(t)));
  };
  const from = ({ clock }: ContractStore) => minuteOf(clock.now());
  const span = (start: number, since: number, until: number, cause?: ProbeCause, site = 'noord'): ProbeSpan => ({
    site,
    since: instant(start + since * MINUTE),
    until: instant(start + until * MINUTE),
    ...(cause === undefined ? {} : { fault: { cause, detail: `from ${since}` } }),
  });
  const kept = async ({ store }: ContractStore, start: number, until = 1e6) => {
    const { spans } = await store.availability.spans({ since: instant(start), until: instant(start + until * MINUTE) });
    return spans.map((one) => [
      one.site,
      (one.since - start) / MINUTE,
      (one.until - start) / MINUTE,
      ...(one.fault === undefined ? [] : [one.fault.cause, one.fault.detail]),
    ]);
  };

  promise('what the probe saw stands as spans, however often it is noted, also after a restart', async (s) => {
    const start = from(s);
    for (const minute of [0, 1, 2]) await s.store.availability.note([span(start, minute, minute + 1)]);
    await s.store.availability.note([span(start, 3, 4, 'submit-lost'), span(start, 0, 4, undefined, 'zuid')]);
    await s.store.availability.note([span(start, 4, 5, 'submit-lost')]);
    // An answer was lost, and another gateway tried as well.
    await s.store.availability.note([span(start, 3, 5, 'submit-lost'), span(start, 4, 6)]);
    const all = [
      ['noord', 0, 3],
      ['noord', 3, 5, 'submit-lost', 'from 3'],
      ['noord', 5, 6],
      ['zuid', 0, 4],
    ];
    assert.deepEqual(await kept(s, start), all);
    const again = await s.reopen();
    assert.deepEqual(await kept(again, start), all);
    assert.deepEqual(await kept(again, start, 4), [
      ['noord', 0, 3],
      ['noord', 3, 4, 'submit-lost', 'from 3'],
      ['zuid', 0, 4],
    ]);
  });

  promise('minutes in which nobody tried stand as such, and as planned behind a stop', async (s) => {
    const start = from(s);
    await s.store.availability.note([span(start, 0, 1), span(start, 4, 5)]);
    s.clock.advance(5 * MINUTE);
    await s.store.availability.stopping();
    s.clock.advance(5 * MINUTE);
    await s.store.availability.note([span(start, 10, 11)]);
    // A crash later on is no planned stop.
    await s.store.availability.note([span(start, 20, 21)]);
    assert.deepEqual(await kept(s, start), [
      ['noord', 0, 1],
      ['noord', 1, 4, 'unmeasured', ''],
      ['noord', 4, 5],
      ['noord', 5, 10, 'stopped', ''],
      ['noord', 10, 11],
      ['noord', 11, 20, 'unmeasured', ''],
      ['noord', 20, 21],
    ]);
  });

  promise('what the probe saw is kept for 400 days, and read in pages', async (s) => {
    const start = from(s);
    const many = Array.from({ length: 1200 }, (_, n) => span(start, n, n + 1, n % 2 === 0 ? 'not-found' : undefined));
    for (let at = 0; at < many.length; at += 200) await s.store.availability.note(many.slice(at, at + 200));
    const period = { since: instant(start), until: instant(start + days(500)) };
    const first = await s.store.availability.spans(period);
    assert.equal(first.spans.length, 1000);
    const second = await s.store.availability.spans(period, first.next);
    assert.deepEqual([second.spans.length, second.next], [200, undefined]);
    s.clock.advance(days(401));
    const later = (from(s) - start) / MINUTE;
    for (let n = 0; n < 2; n += 1) await s.store.availability.note([span(start, later + n, later + n + 1)]);
    const left = (await s.store.availability.spans(period)).spans;
    // The hole goes on until it is measured again.
    assert.deepEqual(
      left.map(({ fault }) => fault?.cause),
      ['unmeasured', undefined],
    );
  });
}
