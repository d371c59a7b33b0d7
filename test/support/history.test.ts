/**
 * Tests the judge of histories. A good history passes. Each class of fault is found in a history
 * that differs from the good one in that fault alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Attempt,
  CLASSES,
  type Class,
  type Fetched,
  type History,
  type Pickup,
  type Submission,
  judge,
  storyOf,
} from './history.ts';

const acknowledged: Attempt = { gateway: 'gw1', outcome: 'acknowledged' };
const unknown: Attempt = { gateway: 'gw2', outcome: 'unknown' };
const refused: Attempt = { gateway: 'gw1', outcome: 'refused' };
const sent = (key: string, ...attempts: readonly Attempt[]): Submission => ({ key, to: ['anna'], attempts });
const fetched = (n: number, more: Partial<Fetched> = {}): Fetched => ({
  ...{ name: `u${n}`, copy: `c${n}`, key: `k${n}`, intact: true, ...more },
});
/** A session that lists and fetches u1, u2 and so on. */
function pop3(at: number, numbers: readonly number[], more: Partial<Pickup> = {}): Pickup {
  return {
    ...{ mailbox: 'anna', gateway: 'gw1', road: 'pop3', begun: at, opened: at + 1 },
    ...{ listed: numbers.map((n) => `u${n}`), fetched: numbers.map((n) => fetched(n)), removed: [] },
    ...{ ending: { sent: at + 5, answered: at + 6, outcome: 'answered' }, ...more },
  };
}
function claim(at: number, numbers: readonly number[], more: Partial<Pickup> = {}): Pickup {
  const names = numbers.map((n) => `c${n}`);
  return pop3(at, numbers, {
    ...{ gateway: 'gw2', road: 'api', listed: names, removed: names },
    ...{ fetched: numbers.map((n) => fetched(n, { name: `c${n}` })), ...more },
  });
}

const SUBMISSIONS = [sent('k1', acknowledged), sent('k2', unknown, acknowledged), sent('k3', acknowledged)];
/** The first session deletes u1, a worker deletes c2, and u3 stays. */
const PICKUPS = [pop3(10, [1, 2], { removed: ['u1'] }), claim(20, [2]), pop3(30, [3])];
const good: History = { submissions: SUBMISSIONS, pickups: PICKUPS };

const classesOf = (history: History): readonly Class[] => {
  const verdict = judge(history);
  return CLASSES.filter((kind) => verdict[kind].length > 0);
};
const withPickups = (...pickups: readonly Pickup[]): History => ({ submissions: SUBMISSIONS, pickups });
const withSubmissions = (...submissions: readonly Submission[]): History => ({ submissions, pickups: PICKUPS });
const [first, second, last] = PICKUPS as [Pickup, Pickup, Pickup];
const ending = (outcome: 'answered' | 'refused' | 'unknown', at: number): Partial<Pickup> => ({
  ending: { sent: at, answered: outcome === 'unknown' ? Infinity : at + 1, outcome },
});

test('what was acknowledged and is there or was deleted is right, whatever the writer did not know', () => {
  assert.deepEqual(classesOf(good), []);
  const verdict = judge(good);
  assert.deepEqual([verdict.acknowledged, verdict.unknown, verdict.removed, verdict.explained], [3, 1, 2, []]);
});

const RIGHT: Readonly<Record<string, History>> = {
  'a QUIT without an answer that deleted': withPickups({ ...first, ...ending('unknown', 15) }, second, last),
  'a QUIT without an answer that deleted nothing': withPickups(
    { ...first, ...ending('unknown', 15) },
    second,
    pop3(30, [1, 3]),
  ),
  'a QUIT that was refused and deleted nothing': withPickups(
    { ...first, ...ending('refused', 15) },
    second,
    pop3(30, [1, 3]),
  ),
  'a message that comes between two listings': withPickups(pop3(5, []), ...PICKUPS),
  'a session that broke before its list': withPickups(
    { ...pop3(5, []), listed: undefined, ending: undefined } as unknown as Pickup,
    ...PICKUPS,
  ),
  'one that was let in after a QUIT was sent': withPickups(first, pop3(14.5, [2]), second, last),
  'a UIDL that nobody fetched, and a worker took': withPickups({ ...first, fetched: [fetched(1)] }, second, last),
  'what a worker claimed and broke off before it was fetched': withPickups(
    first,
    { ...claim(18, [2], { fetched: [] }), removed: [], ending: undefined } as unknown as Pickup,
    second,
    last,
  ),
  'workers that share a mailbox': withPickups(first, claim(20, [2]), claim(21, [3], { removed: [] }), last),
  'a message that was refused and is nowhere': withSubmissions(...SUBMISSIONS, sent('k4', refused)),
  'an attempt without an answer that left nothing': withSubmissions(...SUBMISSIONS, sent('k4', unknown)),
};
for (const [name, history] of Object.entries(RIGHT))
  test(`right: ${name}`, () => assert.deepEqual(classesOf(history), []));

const WRONG: readonly (readonly [Class, string, History])[] = [
  ['lost', 'acknowledged and nowhere', withSubmissions(...SUBMISSIONS, sent('k4', acknowledged))],
  [
    'lost',
    'acknowledged for a mailbox that nobody opened',
    withSubmissions(...SUBMISSIONS, { ...sent('k4', acknowledged), to: ['bram'] }),
  ],
  ['lost', 'listed and gone', withPickups({ ...first, removed: [] }, second, last)],
  [
    'lost',
    'marked in a session that broke, and gone',
    withPickups({ ...first, ending: undefined } as unknown as Pickup, second, last),
  ],
  [
    'lost',
    'claimed, not acknowledged, and gone',
    withPickups(first, { ...second, ending: undefined } as unknown as Pickup, last),
  ],
  [
    'lost',
    'a UIDL that nobody fetched, without any worker',
    withPickups(
      { ...first, fetched: [fetched(1)] },
      pop3(20, []),
      pop3(30, [3], { fetched: [2, 3].map((n) => fetched(n, { name: `u${n + 1}` })) }),
    ),
  ],
  ['lost', 'deleted by a QUIT that was refused', withPickups({ ...first, ...ending('refused', 15) }, second, last)],
  [
    'lost',
    'gone before the QUIT that deletes it was sent',
    withPickups(pop3(8, [1, 2]), pop3(9.5, [2]), first, second, last),
  ],
  ['unexpected', 'a message that nobody sent', withPickups(...PICKUPS, pop3(40, [3, 9]))],
  ['unexpected', 'in the mailbox of another', withPickups(...PICKUPS, pop3(40, [3], { mailbox: 'bram' }))],
  ['unexpected', 'refused and there', withSubmissions(sent('k1', refused), ...SUBMISSIONS.slice(1))],
  [
    'unexpected',
    'other octets',
    withPickups(first, second, pop3(30, [3], { fetched: [fetched(3, { intact: false })] })),
  ],
  [
    'unexpected',
    'without a key',
    withPickups(...PICKUPS, pop3(40, [3, 9], { fetched: [fetched(3), fetched(9, { key: undefined })] })),
  ],
  [
    'doubled',
    'two copies though each answer came',
    withPickups(first, second, pop3(30, [3, 9], { fetched: [fetched(3), fetched(9, { key: 'k3' })] })),
  ],
  [
    'doubled',
    'two copies, the first of which is deleted',
    withPickups(first, second, pop3(30, [3, 9], { fetched: [fetched(3), fetched(9, { key: 'k1' })] })),
  ],
  [
    'doubled',
    'three copies though one answer only was missing',
    withPickups(
      first,
      second,
      pop3(30, [3, 8, 9], { fetched: [fetched(3), fetched(8, { key: 'k2' }), fetched(9, { key: 'k2' })] }),
    ),
  ],
  ['recovered', 'never acknowledged and there', withSubmissions(sent('k1', unknown), ...SUBMISSIONS.slice(1))],
  ['resurrected', 'listed again after a QUIT that was answered', withPickups(first, second, pop3(30, [1, 3]))],
  [
    'resurrected',
    'gone after a QUIT without an answer, and listed again',
    withPickups({ ...first, ...ending('unknown', 15) }, second, last, pop3(40, [1, 3])),
  ],
  [
    'resurrected',
    'claimed again after it was deleted over POP3',
    withPickups(first, second, last, claim(40, [1], { removed: [] })),
  ],
  [
    'resurrected',
    'listed over POP3 after a worker had acknowledged it',
    withPickups(first, second, last, pop3(40, [2, 3])),
  ],
  [
    'twoOwners',
    'let in before another deletes',
    withPickups(first, pop3(12, [1, 2], { gateway: 'gw2' }), second, last),
  ],
  [
    'twoOwners',
    'a claim before a POP3 session deletes',
    withPickups(first, claim(12, [2], { removed: [] }), second, last),
  ],
];
for (const [kind, name, history] of WRONG) test(`${kind}: ${name}`, () => assert.deepEqual(classesOf(history), [kind]));

test('uidlChanged: one copy under two names, and one name for two copies', () => {
  const renamed = pop3(40, [], { listed: ['u3', 'u7'], fetched: [fetched(3, { name: 'u7' })] });
  assert.ok(classesOf(withPickups(...PICKUPS, renamed)).includes('uidlChanged'));
  const other = pop3(40, [], { listed: ['u3'], fetched: [fetched(3, { copy: 'c7' })] });
  assert.ok(classesOf(withPickups(...PICKUPS, other)).includes('uidlChanged'));
});

test('twoOwners: two sessions that were both told that they deleted one message', () => {
  const both = withPickups(first, pop3(20, [2], { removed: ['u2'] }), claim(21, [2]), last);
  assert.ok(classesOf(both).includes('twoOwners'));
});

test('the story of a finding tells what was sent and what each session saw', () => {
  const history = withPickups(first, second, pop3(30, [1, 3]));
  const [finding = ''] = judge(history).resurrected;
  assert.deepEqual(storyOf(history, finding), [
    'anna: c1 is listed again after it was gone',
    '  sent: gw1 acknowledged',
    '  pop3 gw1 0 to 1: there, fetched, marked, ending 5 to 6 answered',
    '  api gw2 10 to 11: not there, ending 15 to 16 answered',
    '  pop3 gw1 20 to 21: there, fetched, ending 25 to 26 answered',
  ]);
});

test('a second copy that an attempt without an answer explains is told apart from others', () => {
  const twice = withPickups(first, second, pop3(30, [3, 9], { fetched: [fetched(3), fetched(9, { key: 'k2' })] }));
  assert.deepEqual(classesOf(twice), []);
  assert.equal(judge(twice).explained.length, 1);
});
