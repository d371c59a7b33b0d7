/**
 * What a batch of acceptances asks PostgreSQL for: the parts of its two statements. A part that
 * finds nothing costs as much as one that does, so a message has none for what it does not use.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AcceptWork } from '../../src/store/changes/accept-work.ts';
import { lookParts, lookRows, looksFor } from '../../src/store/postgres/filing-looks.ts';
import { expectedOf } from '../../src/store/postgres/filing-messages.ts';
import { namesOf } from '../../src/store/postgres/filing-names.ts';
import { Writes } from '../../src/store/postgres/filing-tables.ts';
import { writtenParts } from '../../src/store/postgres/filing-write.ts';
import { workOf, workWithAll } from '../support/postgres-filing.ts';

const resubmission = { key: Buffer.alloc(16, 1), since: 0 };
const plain = workOf(1, [2], { resubmission });

const PLAIN = ['resubmitted', 'before', 'filed', 'held', 'parted', 'box', 'submitter', 'known', 'taken'];

const lookedUp = (...works: AcceptWork[]): readonly string[] =>
  lookParts(looksFor(namesOf(works), { early: expectedOf(works), more: 0 })).kind.split(' ');

test('a plain message claims its key, is written, and locks what it rests on; nothing else is asked', () => {
  assert.deepEqual(lookedUp(plain), PLAIN);
  assert.deepEqual(lookedUp(plain, workOf(3, [4, 5], { resubmission: null })), PLAIN);
});

const FEATURES: readonly (readonly [string, Partial<AcceptWork>, string])[] = [
  ['a request of the API', { request: { hashes: 'k'.repeat(16) + 'd'.repeat(16), answer: '{}' } }, 'request'],
  ['a notice that is sent once', { once: 'x' }, 'once'],
  ['an owner whose mailbox gets nothing', { owners: [9] }, 'owner'],
  ['a partner', { partners: [3] }, 'road'],
  ['a body in chunks', { body: null, chunks: 2 }, 'stored'],
];
for (const [name, feature, part] of FEATURES)
  test(`${name} adds its own part to the batch, and no other`, () => {
    const parts = lookedUp(plain, workOf(1, [2], { resubmission, ...feature }));
    assert.deepEqual(
      parts.filter((one) => !PLAIN.includes(one)),
      [part],
    );
  });

test('locks are taken in one order, whatever a batch has', () => {
  const all = lookedUp(workWithAll());
  assert.deepEqual(all, [
    ...['request', 'resubmitted', 'before', 'once', 'filed', 'held', 'parted'],
    ...['box', 'owner', 'submitter', 'known', 'road', 'stored', 'taken'],
  ]);
  for (const [, feature] of FEATURES) {
    const parts = lookedUp(workOf(1, [2], feature));
    assert.deepEqual(
      parts,
      all.filter((one) => parts.includes(one)),
    );
  }
});

test('each SELECT of what was found has the same columns, so any of them may be the first', () => {
  const works = [workWithAll()];
  const looks = looksFor(namesOf(works), { early: expectedOf(works), more: 0 });
  const text = lookRows(looks).text({ engine: 'postgres', lock: '' });
  const columns = text
    .split(' UNION ALL SELECT ')
    .map((one) => [...one.matchAll(/ AS (\w+)/g)].map(([, name]) => name));
  assert.equal(columns.length, looks.length);
  for (const one of columns) assert.equal(one.join(), 'kind,a,b,c,d,e,f,yes,too,x,y,s,t,u');
});

const wrote = (change: (writes: Writes) => void, left: Buffer[] = []): readonly string[] => {
  const writes = new Writes();
  change(writes);
  return writtenParts({ writes, resubmissionsLeft: left, noticesLeft: [] }, { trail: [], late: [] }).kind.split(' ');
};
const KEYS = ['freed', 'answered', 'again', 'unused', 'unsent'];

test('a batch writes entries, mailboxes and the trail, and what else its messages have', () => {
  const written = ['listed', 'counted', 'told'];
  assert.deepEqual(
    wrote((writes) => writes.messages.push(...expectedOf([plain]))),
    written,
  );
  const added = (change: (writes: Writes) => void): readonly string[] =>
    wrote(change).filter((one) => !written.includes(one));
  const streamed = expectedOf([workOf(1, [2], { body: null, chunks: 2 })]);
  const delivery = { partner: 3, mailbox: 0, recipient: 'a@x', dsn: '', held: false };
  assert.deepEqual(
    added((writes) => writes.messages.push(...streamed)),
    ['ended'],
  );
  assert.deepEqual(
    added((writes) => writes.deliveries.push({ work: plain, delivery })),
    ['queued'],
  );
  assert.deepEqual(
    added((writes) => writes.interchanges.push({ at: 0, keys: Buffer.alloc(32) })),
    ['seen'],
  );
  assert.deepEqual(
    added((writes) => writes.requests.push({ id: 1n, stands: undefined })),
    KEYS,
  );
  assert.deepEqual(
    added((writes) => writes.resubmissions.push({ key: resubmission.key, message: 1n, at: 0 })),
    KEYS,
  );
  assert.deepEqual(wrote(() => undefined, [resubmission.key]).slice(written.length), KEYS);
  const late = writtenParts(
    { writes: new Writes(), resubmissionsLeft: [], noticesLeft: ['x'] },
    { trail: [], late: expectedOf([plain]) },
  );
  assert.deepEqual(late.kind.split(' '), ['filed', 'held', 'parted', ...written, ...KEYS]);
});
