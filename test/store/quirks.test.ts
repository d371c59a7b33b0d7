import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AccountId } from '../../src/domain/ids.ts';
import { type Instant, seconds } from '../../src/domain/units.ts';
import type { QuirkCount } from '../../src/store/changes/quirks.ts';
import { MAX_COUNTS, CoreQuirks } from '../../src/store/core/quirks.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { openTestStore } from '../support/store.ts';
import { quirkContract } from './quirk-contract.ts';

quirkContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));

class Fixture {
  readonly clock = new FakeClock();
  readonly log = new MemoryLog();
  readonly works: (readonly QuirkCount[])[] = [];
  full = false;
  readonly quirks = new CoreQuirks({
    engine: { failure: undefined },
    subject: {
      note: async (counts) => {
        if (this.full) throw new Error('full');
        this.works.push(counts);
      },
      written: async () => [],
    },
    clock: this.clock,
    time: { now: (): Instant => this.clock.now() } as never,
    log: this.log,
  });
}

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('ten thousand deviations in a few seconds are one piece of work', async () => {
  const { quirks, clock, works } = new Fixture();
  for (let n = 0; n < 10_000; n += 1) quirks.note(1 as AccountId, 'line-ends', 'tolerated');
  assert.equal(works.length, 0);
  clock.advance(seconds(5));
  await turn();
  assert.deepEqual(
    works.map((counts) => counts.map((c) => c.tolerated)),
    [[10_000]],
  );
});

test('a disk that is full gets the counts later', async () => {
  const fixture = new Fixture();
  fixture.full = true;
  fixture.quirks.note(1 as AccountId, 'helo', 'refused');
  await fixture.quirks.flush();
  assert.deepEqual(fixture.log.names, ['store.quirks-late']);
  fixture.full = false;
  fixture.quirks.note(1 as AccountId, 'helo', 'refused');
  await fixture.quirks.flush();
  assert.deepEqual(
    fixture.works.map((counts) => counts.map((c) => c.refused)),
    [[2]],
  );
});

test('what memory holds is bounded, and what is dropped is told of', async () => {
  const { quirks, works, log } = new Fixture();
  for (let n = 1; n <= MAX_COUNTS + 5; n += 1) quirks.note(n as AccountId, 'helo', 'tolerated');
  await quirks.flush();
  assert.equal(works.flat().length, MAX_COUNTS);
  assert.deepEqual(
    log.events.map(({ event, fields }) => [event, fields.counts]),
    [['store.quirks-dropped', 5]],
  );
});
