/**
 * What the sandbox makes of what it saw: each rule with a program that keeps it and one that does
 * not.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Facts, MAX_VISITS, type Visit } from '../../src/sandbox/facts.ts';
import { type StoredFacts, fetchedAll, judgeFetch } from '../../src/sandbox/judge-fetch.ts';
import { judgeSend, judgeSilence, sentAll } from '../../src/sandbox/judge-send.ts';
import type { Placed } from '../../src/sandbox/mails.ts';
import { outcomeOf } from '../../src/sandbox/outcome.ts';
import { reportText } from '../../src/sandbox/report.ts';
import { NO_TROUBLE, type Finding, type Stage } from '../../src/sandbox/scenario.ts';
import { scenarios } from '../../src/sandbox/scenarios/table.ts';

const A: Placed = { name: 'message A', mark: 'mark-a', uid: 'a' };
const fresh = (): Facts => new Facts(() => 0);
const says = (findings: readonly Finding[]): string[] => findings.map(({ level, says: text }) => `${level}: ${text}`);

/** A visit that did so. */
function came(facts: Facts, did: Partial<Visit>): Visit {
  const visit = facts.begin(did.protocol ?? 'pop3');
  return Object.assign(visit, { loggedIn: true, quit: 'done', ended: 1 }, did);
}
const whole = { uid: 'a', at: 1, whole: true } as const;
const deleted = { uid: 'a', early: false, atQuit: { early: false } } as const;
const stored = (copies: number): StoredFacts => ({ copies: new Map([['a', copies]]), exact: new Map() });

test('a program that fetches once, deletes and quits passes', () => {
  const facts = fresh();
  came(facts, { fetched: [whole], deleted: [deleted] });
  assert.deepEqual(judgeFetch(facts, [A], stored(1)), []);
  assert.equal(fetchedAll(facts, [A], true), true);
  assert.equal(fetchedAll(facts, [A], false), false, 'not before something went wrong');
});

test('deleted before it was stored: never had whole, QUIT before the last line, not in the folder at QUIT', () => {
  for (const [did, expected] of [
    [
      { fetched: [{ ...whole, whole: false }], deleted: [deleted] },
      /^failed: It deleted message A, which it never had whole/,
    ],
    [
      { fetched: [whole], deleted: [{ ...deleted, early: true, atQuit: { early: true } }] },
      /^failed: It sent DELE and QUIT .* before the last line/,
    ],
    [
      { fetched: [whole], deleted: [{ ...deleted, stored: false, atQuit: { early: false, stored: false } }] },
      /^failed: It deleted message A, QUIT included/,
    ],
    // DELE only marks: what was stored before QUIT is safe.
    [
      { fetched: [whole], deleted: [{ ...deleted, stored: false, atQuit: { early: false, stored: true } }] },
      /^remark: It sent DELE .* before it was stored/,
    ],
    [{ fetched: [whole], deleted: [{ ...deleted, early: true }] }, /^remark: It sent DELE .* before the last line/],
  ] as const) {
    const facts = fresh();
    came(facts, did as unknown as Partial<Visit>);
    const [first] = says(judgeFetch(facts, [A], undefined));
    assert.match(first ?? '', expected);
  }
});

test('fetched twice: failed, or a remark where one copy is stored', () => {
  const facts = fresh();
  came(facts, { fetched: [whole], deleted: [deleted], quit: 'lost', cut: true });
  came(facts, { fetched: [whole], deleted: [deleted] });
  assert.match(says(judgeFetch(facts, [A], undefined))[0] ?? '', /^failed: .*fetched twice\.$/);
  assert.match(
    says(judgeFetch(facts, [A], stored(2)))[0] ?? '',
    /^failed: .*fetched twice, and 2 copies are stored\.$/,
  );
  assert.match(says(judgeFetch(facts, [A], stored(1)))[0] ?? '', /^remark: It fetched message A 2 times/);
});

test('never fetched, lost, changed, left on the server, in clear', () => {
  const never = fresh();
  came(never, {});
  assert.match(says(judgeFetch(never, [A], undefined))[0] ?? '', /^failed: It never fetched message A/);
  assert.deepEqual(judgeFetch(never, [{ ...A, gone: true }], undefined), [], 'another workplace took it');
  const had = fresh();
  came(had, { fetched: [whole], deleted: [deleted] });
  assert.match(says(judgeFetch(had, [A], stored(0)))[0] ?? '', /^failed: .*nothing of it is where it stores: lost/);
  const exact: StoredFacts = { copies: new Map([['a', 1]]), exact: new Map([['a', false]]) };
  assert.match(
    says(judgeFetch(had, [A], exact))[0] ?? '',
    /^failed: The octets of message A are not stored as they came/,
  );
  const left = fresh();
  came(left, { fetched: [whole], inClear: true });
  assert.match(
    says(judgeFetch(left, [A], undefined)).join('\n'),
    /^failed: It sent a name or a password outside TLS.*\nremark: It left message A on the server/,
  );
});

const sent = {
  at: 1,
  from: 'p@x.test',
  to: [{ address: 'l@x.test', code: 250 }],
  messageId: '<1@x>',
  sha256: 'f',
  taken: true,
};

test('sending: the same again passes; another Message-ID, a second time after 250 and silence do not', () => {
  const good = fresh();
  came(good, { protocol: 'smtp', cut: true, sent: [{ ...sent, code: 0 }] });
  came(good, { protocol: 'smtp', sent: [{ ...sent, code: 250 }] });
  assert.deepEqual(judgeSend(good), []);
  assert.deepEqual(judgeSilence(good, ''), []);
  assert.equal(sentAll(good, true), true);
  const other = fresh();
  came(other, { protocol: 'smtp', sent: [{ ...sent, code: 0 }] });
  came(other, { protocol: 'smtp', sent: [{ ...sent, messageId: '<2@x>', code: 250 }] });
  assert.match(says(judgeSend(other))[0] ?? '', /^failed: .*under another Message-ID \(<1@x>, <2@x>\)/);
  const twice = fresh();
  came(twice, { protocol: 'smtp', sent: [{ ...sent, code: 250 }] });
  came(twice, { protocol: 'smtp', sent: [{ ...sent, code: 250 }] });
  assert.match(says(judgeSend(twice))[0] ?? '', /^failed: .*after a 250: sent twice/);
  const silent = fresh();
  came(silent, { protocol: 'smtp', sent: [{ ...sent, code: 0 }] });
  assert.match(
    says(judgeSilence(silent, 'after all'))[0] ?? '',
    /^failed: It did not send the message again after all: took silence for success/,
  );
  silent.runs.push({ at: 1, status: 0, said: '' });
  assert.match(says(judgeSilence(silent, 'after all'))[0] ?? '', /exit code 0\) after all: took silence for success/);
  silent.runs.push({ at: 2, status: 75, said: '' });
  assert.match(says(judgeSilence(silent, 'after all'))[0] ?? '', /^failed: It told of the failure/);
});

test('a program that connects without end fills no memory, and is told of', () => {
  const facts = fresh();
  for (let n = 0; n < MAX_VISITS + 10; n++) came(facts, {});
  for (let n = 0; n < 1000; n++) facts.note('x');
  assert.equal(facts.visits.length, MAX_VISITS);
  assert.ok(facts.lines.length <= 201);
  assert.match(says(judgeFetch(facts, [], undefined))[0] ?? '', /^failed: It connected 510 times: it hammers/);
});

test('what did not come, or never met the trouble, is not tried', () => {
  const scenario = scenarios.find(({ name }) => name === 'line-lost-before-quit')!;
  const ended = {
    scenario,
    placed: [A],
    trouble: { ...NO_TROUBLE, used: () => false },
    stage: {} as Stage,
    stored: undefined,
  };
  assert.equal(outcomeOf({ ...ended, facts: fresh() }).why, 'your program did not come');
  const facts = fresh();
  came(facts, { fetched: [whole], deleted: [deleted] });
  const once = outcomeOf({ ...ended, facts });
  assert.equal(once.verdict, 'not tried');
  assert.match(once.why ?? '', /came once, and never got so far/);
  const gone = fresh();
  came(gone, { fetched: [whole], deleted: [{ uid: 'a', early: false }], quit: 'none' });
  const left = outcomeOf({ ...ended, facts: gone });
  assert.equal(left.verdict, 'failed');
  assert.match(reportText([left]), /FAILED {5}line-lost-before-quit[\s\S]*left without QUIT[\s\S]*For a patient:/);
});

test('every scenario says what happens, what is asked with its source, and what it would mean for a patient', () => {
  assert.ok(scenarios.length >= 20, `${scenarios.length}`);
  assert.equal(new Set(scenarios.map(({ name }) => name)).size, scenarios.length);
  for (const { name, rules, happens, right, patient } of scenarios) {
    assert.match(name, /^[a-z0-9-]+$/);
    assert.ok(rules.length > 0, name);
    for (const { rfc, guide } of rules) assert.ok(rfc !== undefined || guide !== undefined, name);
    for (const text of [happens, right, patient]) assert.match(text, /\.$/, name);
  }
});
