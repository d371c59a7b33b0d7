/** Which server may be promoted: every way in which acknowledged mail would be lost is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type PromotionFacts,
  type ServerFacts,
  type Verdict,
  checkPromotion,
} from '../../src/cluster/promote-check.ts';
import { lsnText, parseLsn } from '../../src/domain/lsn.ts';
import { factsText, parseStandbyList, readWrittenFacts } from '../../src/cluster/written-facts.ts';
import { chance } from '../support/chance.ts';

const standby = (name: string, position: number, timeline = 1): ServerFacts => ({
  ...{ name, site: name.split('-')[0] ?? '', role: 'standby', timeline },
  position: BigInt(position),
});
const primary = (name: string, position: number, timeline = 1): ServerFacts => ({
  ...standby(name, position, timeline),
  role: 'primary',
});
const silent = (name: string): ServerFacts => ({ name, site: name.split('-')[0] ?? '', problem: 'no answer in 1 s' });
const ANY_1 = { any: 1, names: ['zuid-1', 'derde-1'] };
const dead = silent('noord-1');

const TABLE: readonly (readonly [what: string, Verdict, RegExp, Partial<PromotionFacts>, of?: string])[] = [
  [
    'both are asked, and it holds more',
    'may',
    /holds everything/,
    { servers: [dead, standby('zuid-1', 200), standby('derde-1', 100)] },
  ],
  [
    'both hold the same',
    'may',
    /"derde-1" holds as much/,
    { servers: [dead, standby('zuid-1', 100), standby('derde-1', 100)] },
  ],
  [
    'it is behind',
    'behind',
    /"derde-1" holds 100 bytes of the log more than "zuid-1"/,
    { servers: [dead, standby('zuid-1', 100), standby('derde-1', 200)] },
  ],
  [
    'the third cannot be asked',
    'unknown',
    /"derde-1" may hold an acknowledged commit that "zuid-1" lacks/,
    { servers: [dead, standby('zuid-1', 100), silent('derde-1')] },
  ],
  [
    'the third is listed, and nobody knows of it',
    'unknown',
    /"derde-1" may hold/,
    { servers: [dead, standby('zuid-1', 100)] },
  ],
  [
    'behind, and another cannot be asked',
    'behind',
    /more/,
    {
      list: { any: 1, names: ['zuid-1', 'derde-1', 'x-1'] },
      servers: [standby('zuid-1', 1), standby('derde-1', 2), silent('x-1')],
    },
  ],
  [
    'another was promoted already',
    'behind',
    /a later timeline \(2, not 1\)/,
    { servers: [dead, standby('zuid-1', 900), standby('derde-1', 100, 2)] },
  ],
  [
    'another is on an older timeline, and further along',
    'unknown',
    /"derde-1" is on an older timeline and further along/,
    { servers: [dead, standby('zuid-1', 100, 2), standby('derde-1', 200, 1)] },
  ],
  [
    'the old primary answers',
    'serving',
    /"noord-1" \(noord\) is a primary that answers/,
    { servers: [primary('noord-1', 300), standby('zuid-1', 300), standby('derde-1', 300)] },
  ],
  [
    'a gateway still acknowledges',
    'serving',
    /gateway "gw1" still acknowledges/,
    { servers: [dead, standby('zuid-1', 300), standby('derde-1', 300)], acknowledging: ['gw1'] },
  ],
  [
    'every commit is on both',
    'may',
    /each commit is on 2 at least, 1 could be asked/,
    { list: { any: 2, names: ANY_1.names }, servers: [dead, standby('zuid-1', 100), silent('derde-1')] },
  ],
  [
    'of two servers, the one that was listed',
    'may',
    /1 listed server /,
    { list: { any: 1, names: ['zuid-1'] }, servers: [dead, standby('zuid-1', 100)] },
  ],
  [
    'of two servers, one that was never listed',
    'unknown',
    /"derde-1" may hold/,
    { list: { any: 1, names: ['derde-1'] }, servers: [dead, standby('zuid-1', 100)] },
  ],
  [
    'the list was empty',
    'unknown',
    /the list of the last primary was empty: what it acknowledged since then "noord-1" alone may hold/,
    { list: { any: 0, names: [] }, primary: 'noord-1', servers: [dead, standby('zuid-1', 100)] },
  ],
  [
    'another one still hears a primary',
    'serving',
    /"derde-1" \(derde\) still hears a primary at 192\.0\.2\.11:5432, which does not answer here/,
    { servers: [dead, standby('zuid-1', 100), { ...standby('derde-1', 100), follows: '192.0.2.11:5432' }] },
  ],
  [
    'one is silent that the list did not name, and may have been taken in since',
    'unknown',
    /"192\.0\.2\.31:5432" cannot be asked, and the list may have taken it in after it was seen last \(2026-11-28T12:00:00Z\)/,
    {
      ...{ list: { any: 1, names: ['zuid-1'] }, listSeen: '2026-11-28T12:00:00Z', primary: 'noord-1' },
      servers: [dead, standby('zuid-1', 100), silent('192.0.2.31:5432')],
    },
  ],
  [
    'the only one that is silent was the primary, whatever it is called here',
    'may',
    /holds everything/,
    {
      ...{ list: { any: 1, names: ['zuid-1'] }, primary: 'noord-1' },
      servers: [silent('192.0.2.11:5432'), standby('zuid-1', 100), standby('derde-1', 100)],
    },
  ],
  [
    'it cannot be asked itself',
    'unknown',
    /"zuid-1" cannot be asked: no answer in 1 s/,
    { servers: [silent('zuid-1'), standby('derde-1', 100)] },
  ],
  [
    'there is no such server',
    'unknown',
    /no server is called "west-1"/,
    { servers: [dead, standby('derde-1', 100)] },
    'west-1',
  ],
  [
    'it is primary already',
    'unknown',
    /is a primary already/,
    { servers: [primary('zuid-1', 100, 2), standby('derde-1', 100)] },
  ],
  [
    'names are the same in other letters',
    'may',
    /holds everything/,
    { list: { any: 1, names: ['ZUID-1', 'Derde-1'] }, servers: [standby('zuid-1', 9), standby('derde-1', 9)] },
  ],
];

test('each case has its verdict, and says why', () => {
  for (const [what, verdict, why, facts, of = 'zuid-1'] of TABLE) {
    const found = checkPromotion(of, { list: ANY_1, servers: [], acknowledging: [], ...facts });
    assert.equal(found.verdict, verdict, what);
    assert.match(found.why.join('\n'), why, what);
    assert.notEqual(found.remedy, '', what);
  }
});

test('whatever was acknowledged, a server that may be promoted holds all of it', () => {
  let may = 0;
  for (let round = 0; round < 3000; round += 1) {
    const count = 1 + chance.below(4);
    const names = Array.from({ length: count }, (_, n) => `s${n}-1`);
    const any = 1 + chance.below(count);
    const held = names.map(() => chance.below(6));
    // A commit is acknowledged when so many of the listed hold it: the place of the any-th best.
    const acknowledged = [...held].sort((a, b) => b - a)[any - 1] ?? 0;
    const servers = names.map((name, n) => (chance.next() < 0.3 ? silent(name) : standby(name, held[n] ?? 0)));
    for (const [n, name] of names.entries()) {
      const { verdict } = checkPromotion(name, { list: { any, names }, servers, acknowledging: [] });
      if (verdict !== 'may') continue;
      may += 1;
      assert.ok((held[n] ?? 0) >= acknowledged, `${name} of ${JSON.stringify({ any, held })}`);
    }
  }
  assert.ok(may > 500, String(may));
});

test('the table of servers says how far each is behind', () => {
  const { servers } = checkPromotion('zuid-1', {
    ...{ list: ANY_1, acknowledging: [] },
    servers: [dead, standby('zuid-1', 0x3000148), standby('derde-1', 0x3000100)],
  });
  assert.deepEqual(servers, [
    { name: 'noord-1', site: 'noord', role: 'not asked: no answer in 1 s' },
    { name: 'zuid-1', site: 'zuid', role: 'standby', timeline: 1, position: '0/3000148', behind: '0' },
    { name: 'derde-1', site: 'derde', role: 'standby', timeline: 1, position: '0/3000100', behind: '72' },
  ]);
});

test('facts of a gateway are read as it wrote them', () => {
  const facts: PromotionFacts = {
    ...{ list: { any: 1, names: ['zuid-1', 'derde-1'] }, listSeen: '2026-11-28T12:00:00Z', primary: 'noord-1' },
    ...{ acknowledging: ['gw1'], lastAcknowledged: '2026-11-28T12:00:01Z' },
    servers: [
      { ...dead, site: '' },
      { ...standby('zuid-1', 0x3000148), follows: '192.0.2.11:5432' },
    ],
  };
  assert.deepEqual(readWrittenFacts(factsText(facts)), facts);
  const alone = { ...facts, list: { any: 0, names: [] } };
  assert.deepEqual(readWrittenFacts(factsText(alone)), alone);
  const long = { ...facts, servers: [{ ...dead, problem: 'no route \n\u00e9'.repeat(100) }] };
  assert.notEqual(typeof readWrittenFacts(factsText(long)), 'string');
});

test('positions of the log are read and written as PostgreSQL does', () => {
  for (const text of ['0/0', '16/B374D848', 'FFFFFFFF/FFFFFFFF']) assert.equal(lsnText(parseLsn(text) ?? -1n), text);
  for (const text of ['', '0', '1/', '/1', '123456789/0', '0/0/0', 'G/0'])
    assert.equal(parseLsn(text), undefined, text);
});

test('lists of standbys are read as PostgreSQL takes them, and what names nobody is not', () => {
  const names = ['zuid-1', 'derde-1'];
  for (const text of [
    'ANY 1 (zuid-1, derde-1)',
    'any 1 ("zuid-1","derde-1")',
    'FIRST 1 (zuid-1, derde-1)',
    '1 (zuid-1, derde-1)',
    'zuid-1, derde-1',
  ])
    assert.deepEqual(parseStandbyList(text), { any: 1, names }, text);
  assert.deepEqual(parseStandbyList('ANY 2 (zuid-1, derde-1)'), { any: 2, names });
  for (const text of [
    '',
    '*',
    'ANY 1 (*)',
    'ANY 3 (zuid-1, derde-1)',
    'ANY 0 (a)',
    'ANY None (*)',
    'a,b,c,d,e,f,g,h,i',
  ])
    assert.equal(parseStandbyList(text), undefined, text);
});

test('facts that somebody wrote down are read, and what is wrong with them is said', () => {
  const good = {
    list: 'ANY 1 (zuid-1, derde-1)',
    servers: [{ name: 'zuid-1', role: 'standby', timeline: 3, lsn: '0/3000148' }, { name: 'noord-1' }],
  };
  const read = readWrittenFacts(JSON.stringify(good));
  assert.deepEqual(read, {
    list: ANY_1,
    acknowledging: [],
    servers: [
      { name: 'zuid-1', site: 'zuid', role: 'standby', timeline: 3, position: 0x3000148n },
      { name: 'noord-1', site: 'noord', problem: 'nothing was written down of it' },
    ],
  });
  const [zuid] = good.servers;
  for (const [facts, wrong] of [
    ['{', /is not JSON/],
    ['[]', /"servers" is not a list/],
    [{ servers: [] }, /1 to 8/],
    [{ servers: Array.from({ length: 9 }, (_, n) => ({ name: `s${n}` })) }, /1 to 8/],
    [{ ...good, list: 'ANY 1 (*)' }, /"list" is not what .* of "\*" nobody knows/],
    [{ ...good, list: 1 }, /"list"/],
    [{ ...good, acknowledging: 'gw1' }, /"acknowledging"/],
    [{ servers: [zuid, { ...zuid, name: 'ZUID-1' }] }, /"ZUID-1" is there twice/],
    [{ servers: [{ ...zuid, role: 'master' }] }, /server 1: the role of "zuid-1"/],
    [{ servers: [{ ...zuid, timeline: 0 }] }, /timeline of "zuid-1"/],
    [{ servers: [{ ...zuid, lsn: 3 }] }, /lsn of "zuid-1"/],
    [{ servers: ['zuid-1'] }, /server 1: it is not an object/],
  ] as const) {
    const said = readWrittenFacts(typeof facts === 'string' ? facts : JSON.stringify(facts));
    assert.match(typeof said === 'string' ? said : 'nothing is wrong', wrong);
  }
});
