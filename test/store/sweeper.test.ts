/** What one step of a sweep does, on a database of its own. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';
import { days, instant } from '../../src/domain/units.ts';
import { firstIdAt } from '../../src/store/message-ids.ts';
import { openWriting } from '../../src/store/sqlite/database.ts';
import { createSqliteStore } from '../../src/store/sqlite/open.ts';
import { WriterWorker } from '../../src/store/sqlite/writer-work.ts';
import { testOptions } from '../support/store.ts';

test('a day that is empty ends while uploads that were left over are still being removed', async (t) => {
  const options = testOptions(t);
  await createSqliteStore(options);
  const db = openWriting(join(options.dataFolder, 'sluis.db'), 'FULL');
  t.after(() => db.close());
  const at = options.clock.now();
  const today = firstIdAt(at);
  db.prepare("INSERT INTO day_key (day) VALUES ('2026-10-01'), ('2026-10-02')").run();
  db.prepare('INSERT INTO upload (message, started_at) VALUES (?, 0)').run(today);
  const chunk = db.prepare("INSERT INTO chunk (message, n, sealed, tag) VALUES (?, ?, x'00', x'00')");
  for (let n = 0; n < 100; n += 1) chunk.run(today, n);
  // The second day has a message yet.
  db.prepare("INSERT INTO content (message, data_key, chunks, refs) VALUES (?, x'00', 1, 1)").run(
    firstIdAt(instant(Date.UTC(2026, 9, 2, 12))),
  );
  const worker = new WriterWorker(db, at);
  const answer = worker.apply({
    kind: 'sweep',
    ...{ at, hiddenBefore: at - days(14), goneBefore: at - days(90) },
    ...{ networksBefore: 0, usageBefore: 0, open: [], below: today + 1000n },
  });
  assert(answer.kind === 'swept');
  assert.deepEqual([answer.report.days, answer.report.more], [['2026-10-01'], true]);
});
