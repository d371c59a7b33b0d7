/**
 * The sentences of the statement: as they stand in golden files, in plain words, and another one
 * where a fact is another.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CONTROLS } from '../../src/commands/statement/annex-a.ts';
import { sectionsOf } from '../../src/commands/statement/claims.ts';
import type { StatementFacts } from '../../src/commands/statement/facts.ts';
import { meansOf } from '../../src/commands/statement/group.ts';
import { paperOf } from '../../src/commands/statement/paper.ts';
import { htmlOf } from '../../src/commands/statement/paper-html.ts';
import { textOf } from '../../src/commands/statement/paper-text.ts';
import { protectionOf } from '../../src/commands/statement/partners.ts';
import { WORDS } from '../../src/commands/statement/words.ts';
import { ROLE_WORDS, SECOND_WORDS } from '../../src/commands/statement/words-operators.ts';
import { ABOUTS, GRADES, PROBLEMS, foundIn } from '../../src/commands/statement/words-tls.ts';
import { instant } from '../../src/domain/units.ts';
import { judgeOffer } from '../../src/gateway/doctor-report.ts';
import { grades } from '../../src/platform/tls-guideline.ts';
import { leaves } from '../cli/frozen/tree.ts';
import { avoidedIn, tooLong } from '../support/words.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const made = instant(Date.UTC(2026, 10, 26, 2));
const before = '2026-11-01T02:00:00.000Z';
const report = {
  name: 'drill-2026-11-01T020000Z.json',
  sha256: 'ab'.repeat(32),
  at: before,
  passed: true,
  good: before,
};
const judged = {
  passed: true,
  worst: 'good',
  findings: [{ about: 'version', what: 'TLSv1.3', grade: 'good' }],
  unprobed: ['SSLv3'],
};
const listener = {
  name: 'submission',
  protocol: 'smtp',
  host: 'mail.example.nl',
  port: 587,
  tls: 'starttls',
  profile: 'modern',
};

const GOOD: StatementFacts = {
  hostname: 'mail.example.nl',
  version: '1.0.0',
  made,
  organisation: {
    name: 'lab-noord',
    title: 'Laboratorium <Noord>',
    privacy: { purpose: 'care', 'legal-basis': 'article 9.2.h', 'processor-agreement': 'VO-1' },
    keepUncollected: 30,
  },
  group: {
    organisations: 12,
    accounts: 40,
    means: { password: 0, certificate: 0, either: 0, both: 39, none: 1 },
    programs: 3,
    ofOrganisation: 4,
  },
  tls: [{ ...listener, judged }],
  partners: { dane: 1, pinned: 2, authority: 3, halted: 0, failing: 0, unasked: 0 },
  content: { escrow: { needed: 2, verified: before } },
  places: {
    engine: 'servers',
    servers: [
      { name: 'noord-1', site: 'noord', role: 'primary' },
      { name: 'zuid-1', site: 'zuid', role: 'standby' },
    ],
    confirming: ['zuid-1'],
  },
  drills: {
    site: { last: { ...report, from: 'noord', to: 'zuid', seconds: 3, lost: 0, notTried: [] }, due: [] },
    restore: { last: { ...report, seconds: 8.2, opened: 200, notTried: [] }, due: [] },
  },
  backups: { folder: true, newest: before, elsewhere: before },
  availability: {
    aim: 0.998,
    sites: [
      {
        ...{ site: 'noord', since: instant(Date.parse(before)), until: made },
        ...{ minutes: 36_000, available: 35_990, planned: 5, unmeasured: 0, ratio: 0.9997 },
      },
    ],
  },
  roles: { operators: { read: 1, support: 4, registry: 2, security: 2, owner: 1 }, second: ['restore', 'erase'] },
  retention: {
    'store.keep-deleted': '14d',
    'store.keep-trace': '90d',
    'delivery.keep-held': '30d',
    'backup.keep-for': '90d',
    'audit.keep-access': '1827d',
    'audit.keep-change': '1827d',
    'audit.keep-chain': '1096d',
  },
  given: {
    certificates: [{ name: 'iso-27001.pdf', octets: 6, sha256: 'cd'.repeat(32) }],
    processors: [{ name: 'Rekencentrum', service: 'stroom', country: 'NL' }],
  },
};
/** Nothing was set up. */
const { organisation: _, ...REST } = GOOD;
const BARE: StatementFacts = {
  ...REST,
  group: {
    organisations: 0,
    accounts: 0,
    means: { password: 0, certificate: 0, either: 0, both: 0, none: 0 },
    programs: 0,
  },
  tls: [{ ...listener, problem: 'no answer' }],
  partners: { dane: 0, pinned: 0, authority: 0, halted: 0, failing: 0, unasked: 0 },
  content: { lacks: 'x' },
  places: { engine: 'one machine', servers: [], confirming: [] },
  drills: { site: { due: ['none was ever made'] }, restore: { due: ['none was ever made'] } },
  backups: { folder: false },
  availability: { aim: 0.998, sites: [] },
  roles: { operators: { read: 0, support: 0, registry: 0, security: 0, owner: 0 }, second: [] },
  retention: {},
  given: { certificates: [] },
};

const claimsOf = (facts: StatementFacts) => sectionsOf(facts).flatMap(({ claims }) => claims);
const claim = (facts: StatementFacts, id: string) =>
  claimsOf(facts).find((one) => one.id === id) ?? assert.fail(`no ${id}`);

function golden(name: string, text: string): void {
  const file = join(ROOT, 'test', 'golden', 'statement', name);
  if (process.env.WRITE_GOLDEN === '1' || !existsSync(file)) writeFileSync(file, text);
  assert.equal(text, readFileSync(file, 'utf8'), name);
}

test('the statement as people read it, in both languages, with all in place and with nothing', () => {
  for (const language of ['nl', 'en'] as const) {
    golden(`good-${language}.txt`, textOf(paperOf(GOOD, language)));
    golden(`bare-${language}.txt`, textOf(paperOf(BARE, language)));
    golden(`good-${language}.html`, htmlOf(paperOf(GOOD, language)));
  }
});

test('all in place says so of each sentence, and nothing set up says so of each that can be missing', () => {
  assert.deepEqual(
    claimsOf(GOOD).filter(({ inPlace }) => !inPlace),
    [],
  );
  assert.deepEqual(
    claimsOf(BARE)
      .filter(({ inPlace }) => inPlace)
      .map(({ id }) => id),
    ['group.programs', 'partners.tls', 'content.rest', 'retention.uncollected'],
  );
});

const drill = (kind: 'site' | 'restore', more: object, due: readonly string[] = []): StatementFacts => ({
  ...GOOD,
  drills: { ...GOOD.drills, [kind]: { last: { ...GOOD.drills[kind].last, ...more }, due } },
});
const partners = (more: Partial<StatementFacts['partners']>): StatementFacts => ({
  ...GOOD,
  partners: { ...GOOD.partners, ...more },
});
const annex = (more: Partial<NonNullable<StatementFacts['organisation']>>): StatementFacts => ({
  ...GOOD,
  organisation: { ...GOOD.organisation!, ...more },
});
const CHANGES: readonly (readonly [id: string, what: string, facts: StatementFacts])[] = [
  [
    'places.second',
    'the standby is off',
    { ...GOOD, places: { ...GOOD.places, servers: GOOD.places.servers.slice(0, 1) } },
  ],
  ['places.second', 'nobody has to confirm', { ...GOOD, places: { ...GOOD.places, confirming: [] } }],
  [
    'places.second',
    'the standby is at the same place',
    { ...GOOD, places: { ...GOOD.places, servers: GOOD.places.servers.map((one) => ({ ...one, site: 'noord' })) } },
  ],
  ['places.second', 'one place alone', { ...GOOD, places: { ...GOOD.places, aloneUntil: before } }],
  ['transit.submission', 'no gateway runs', { ...GOOD, tls: [{ ...listener, port: 0, problem: 'no gateway' }] }],
  ['partners.dane', 'nobody looks TLSA records up', partners({ unasked: 6 })],
  ['processor.purpose', 'nobody stated it', annex({ privacy: {} })],
  ['processor.instructions', 'there is no agreement', annex({ privacy: {} })],
  ['processor.periods', 'a period is missing', { ...GOOD, retention: {} }],
  ['processor.end', 'backups stay for ever', { ...GOOD, retention: {} }],
  ['processor.measures', 'a drill has failed', drill('site', { passed: false })],
  [
    'transit.submission',
    'a listener is weak',
    { ...GOOD, tls: [{ ...listener, judged: { ...judged, passed: false, worst: 'insufficient' } }] },
  ],
  [
    'transit.submission',
    'a listener is being phased out',
    { ...GOOD, tls: [{ ...listener, until: '2026-12-31', judged: { ...judged, worst: 'phase out' } }] },
  ],
  ['drill.site', 'it lapsed', drill('site', {}, ['more than a year has passed'])],
  ['drill.site', 'it failed', drill('site', { passed: false })],
  ['drill.restore', 'it lapsed', drill('restore', {}, ['more than a year has passed'])],
  ['drill.restore', 'it failed', drill('restore', { passed: false })],
  ['drill.restore', 'there was no message', drill('restore', { opened: 0 })],
  [
    'availability.noord',
    'below the aim',
    { ...GOOD, availability: { aim: 0.998, sites: GOOD.availability.sites.map((one) => ({ ...one, ratio: 0.9 })) } },
  ],
];

for (const [id, what, facts] of CHANGES)
  test(`${id}: ${what}, and the sentence is another`, () => {
    const [good, bad] = [claim(GOOD, id), claim(facts, id)];
    assert.deepEqual([good.inPlace, bad.inPlace], [true, false]);
    for (const language of ['nl', 'en'] as const)
      assert(
        textOf(paperOf(facts, language)).includes(`${WORDS.notInPlace[language]}: ${bad.text[language]}`),
        bad.text[language],
      );
    // Of availability the figure itself is another, and what it is compared with stands beside it.
    assert.notEqual(good.text.en, bad.text.en);
  });

test('sentences are plain: at most twenty words, and no Dutch word that has a better one', () => {
  const all = [GOOD, BARE, ...CHANGES.map(([, , facts]) => facts)].flatMap(claimsOf);
  for (const { id, text } of all) {
    assert.equal(avoidedIn(text.nl), undefined, `${id}: ${text.nl}`);
    for (const language of ['nl', 'en'] as const) assert.deepEqual(tooLong(text[language]), [], id);
  }
  for (const [name, text] of Object.entries(WORDS)) {
    assert.equal(avoidedIn(text.nl), undefined, name);
    for (const language of ['nl', 'en'] as const) assert.deepEqual(tooLong(text[language]), [], name);
  }
  for (const { id, about } of CONTROLS) assert.equal(avoidedIn(about.nl), undefined, id);
  for (const [name, { nl }] of Object.entries({ ...GRADES, ...PROBLEMS, ...ABOUTS, ...ROLE_WORDS, ...SECOND_WORDS }))
    assert.equal(avoidedIn(nl), undefined, name);
});

test('partners to whom nothing goes, or who do not answer, are not in place; where there is no partner, no mail leaves', () => {
  const ids = (facts: StatementFacts): readonly string[] =>
    claimsOf(facts).flatMap(({ id, inPlace }) => (id.startsWith('partners.') && !inPlace ? [id] : []));
  assert.deepEqual(ids(GOOD), []);
  assert.deepEqual(ids(partners({ halted: 2, failing: 1 })), ['partners.halted', 'partners.failing']);
  assert.match(claim(BARE, 'partners.tls').text.en, /So no mail goes to another server/);
  const server = { host: 'mail.umc.test', port: 25, tls: 'starttls', connections: 2 } as const;
  const pins = [{ of: 'key', sha256: 'ab'.repeat(32) }] as const;
  const by = (state: 'active' | 'suspended', more: object, resolves: boolean): string =>
    protectionOf({ state, server: { ...server, ...more } }, resolves);
  assert.equal(by('active', {}, true), 'authority');
  assert.equal(by('active', { pins }, false), 'pinned');
  assert.equal(by('active', { pins, dane: 'required' }, true), 'dane');
  // Nothing is sent to a host whose records must be met, and that nobody asks for.
  assert.equal(by('active', { pins, dane: 'required' }, false), 'halted');
  assert.equal(by('suspended', { pins }, true), 'halted');
});

test('the annex has each area of article 28 GDPR, in place or not', () => {
  const AREAS = ['purpose', 'kind', 'subject', 'periods', 'sub', 'measures', 'instructions', 'audit', 'end'];
  for (const facts of [GOOD, { ...BARE, ...annex({ privacy: {} }), retention: {} }])
    for (const area of AREAS)
      assert(
        claimsOf(facts).some(({ id }) => id === `processor.${area}` || id.startsWith(`processor.${area}.`)),
        area,
      );
});

test('a listener whose port nobody knows has no host, and its grade is explained in both languages', () => {
  const facts = { ...GOOD, tls: [{ ...listener, host: 'localhost', port: 0, problem: 'no gateway' as const }] };
  for (const language of ['nl', 'en'] as const) {
    const text = textOf(paperOf(facts, language));
    assert(!text.includes('localhost'), text);
    assert(text.includes(WORDS.unknownHost[language]));
    for (const grade of grades) assert(text.includes(GRADES[grade]!.about[language]));
  }
});

test('what doctor finds of TLS is told in Dutch', () => {
  const key = 'ECDSA prime256v1';
  for (const what of [
    ...['key', 'signed with ecdsa-sha256', 'signed with an unknown algorithm', 'ended on 2026-01-01'],
    ...['ends on 2027-01-01', 'names mail.test', 'does not name mail.test'],
  ])
    assert.doesNotMatch(foundIn('nl', `${key}: ${what}`), /key|sign|end(s|ed) on|names|unknown/, what);
  for (const what of [true, false].flatMap((bad) =>
    judgeOffer(
      { versions: [], suites: [], curves: [], certificates: [], unprobed: [], signsSha1: bad, renegotiates: bad },
      { listener: 'x', profile: 'modern', until: undefined, hostname: 'x', now: made },
    ).findings.map((one) => one.what),
  ))
    assert.notEqual(foundIn('nl', what), what);
  assert.equal(foundIn('en', 'no SHA-1 in the handshake'), 'no SHA-1 in the handshake');
  assert.equal(foundIn('nl', 'TLSv1.3'), 'TLSv1.3');
});

test('text of strangers stays text in the page', () => {
  const page = htmlOf(paperOf(GOOD, 'nl'));
  assert(page.includes('Laboratorium &lt;Noord&gt;'));
  assert(!page.includes('<Noord>'));
});

test('all 93 controls, once each and in order; each of the product names a command that there is, and the security page has its row', () => {
  const chapters: readonly (readonly [number, number])[] = [
    [5, 37],
    [6, 8],
    [7, 14],
    [8, 34],
  ];
  const wanted = chapters.flatMap(([chapter, last]) => Array.from({ length: last }, (_, i) => `${chapter}.${i + 1}`));
  assert.deepEqual(
    CONTROLS.map(({ id }) => id),
    wanted,
  );
  const commands = new Set(leaves.map(({ path }) => path));
  const page = readFileSync(join(ROOT, 'docs', 'security.md'), 'utf8').split('\n## NEN 7510 and ISO 27001\n')[1] ?? '';
  const rows = page.split('\n## ')[0] ?? '';
  for (const { id, owner, shownBy } of CONTROLS) {
    assert.equal(shownBy !== undefined, owner === 'product', id);
    // Of the development: what this repository runs before each merge.
    if (shownBy === undefined || shownBy === '.ci/run') continue;
    // Whether its arguments are right and it prints what the row says: cli/controls runs it.
    const words = shownBy.split(' ').slice(1);
    const named = words.map((_, n) => words.slice(0, n + 1).join(' '));
    assert(words[0] === '--version' || named.some((path) => commands.has(path)), `${id}: ${shownBy}`);
    const row = rows.split('\n').find((line) => line.startsWith(`| ${id} `));
    assert.equal(row?.split(' | ')[2]?.replace(/ \|$/, ''), `\`${shownBy}\``, `docs/security.md, row of ${id}`);
  }
});

test('what an account can log in with, by what it has and what its settings ask for', () => {
  const now = made;
  const pass = { endsAt: undefined };
  const certificate = { notAfter: instant(now + 1) };
  const means = (login: string | undefined, passwords: readonly object[], certificates: readonly object[]): string =>
    meansOf(
      { account: { settings: login === undefined ? {} : { login } }, passwords, certificates } as never,
      { login: 'either' },
      now,
    );
  assert.equal(means(undefined, [pass], []), 'password');
  assert.equal(means(undefined, [], [certificate]), 'certificate');
  assert.equal(means(undefined, [pass], [certificate]), 'either');
  assert.equal(means('both', [pass], [certificate]), 'both');
  assert.equal(means('both', [pass], []), 'none');
  assert.equal(means('password', [pass], [certificate]), 'password');
  assert.equal(means('certificate', [pass], []), 'none');
  assert.equal(means(undefined, [{ endsAt: now }], [{ notAfter: now }, { ...certificate, revokedAt: now }]), 'none');
});
