/** What keeps new sessions away. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { instant, octets } from '../../src/domain/units.ts';
import { READY_ROLES, type ReadyRole, type Reason } from '../../src/domain/readiness.ts';
import { type HealthFacts, answerReady, reasonsAgainst } from '../../src/http/health.ts';

const now = instant(Date.UTC(2026, 10, 26));
const DAY = 86_400_000;
const well: HealthFacts = {
  draining: false,
  store: { failed: false, free: octets(1) },
  certificates: [{ listener: 'pop3s', protocol: 'pop3', from: instant(now - DAY), until: instant(now + 1) }],
  now,
};
const names = (facts: Partial<HealthFacts>, role?: ReadyRole): string[] =>
  reasonsAgainst({ ...well, ...facts }, role).map(({ name }) => name);

test('a gateway that is well is ready', () => {
  assert.deepEqual(names({}), []);
});

test('each reason has its name, and all are told at once', () => {
  const bad = (from: number, until: number) => [
    { listener: 'pop3s', protocol: 'pop3' as const, from: instant(from), until: instant(until) },
  ];
  assert.deepEqual(names({ draining: true }), ['draining']);
  assert.deepEqual(names({ store: { failed: true, free: octets(0) } }), ['store-failed']);
  assert.deepEqual(names({ store: { failed: false, free: octets(0) } }), ['disk-full']);
  assert.deepEqual(names({ certificates: bad(now - DAY, now) }), ['certificate']);
  assert.deepEqual(names({ certificates: bad(now + 1, now + DAY) }), ['certificate']);
  const all = reasonsAgainst({
    draining: true,
    store: { failed: false, free: octets(0) },
    certificates: [
      ...bad(now - DAY, now),
      { listener: 'submission', protocol: 'smtp', from: instant(now + DAY), until: instant(now + 2 * DAY) },
    ],
    now,
  });
  assert.deepEqual(
    all.map(({ text }) => text),
    [
      'the gateway is stopping and takes no new sessions',
      'only the reserve is left; free space on the disk',
      'that of listener "pop3s" ended on 2026-11-26',
      'that of listener "submission" is not valid before 2026-11-27',
    ],
  );
});

test('each role is refused for what keeps that role away, and for nothing else', () => {
  const ended = (protocol: 'smtp' | 'pop3' | 'https' | 'enrolment'): Partial<HealthFacts> => ({
    certificates: [{ listener: protocol, protocol, from: instant(now - DAY), until: now }],
  });
  const engine = (role: ReadyRole): Partial<HealthFacts> => ({
    readiness: {
      against: (asked) => (asked === role ? [{ name: 'not-acknowledging', text: 'one place alone holds it' }] : []),
    },
  });
  const table: readonly (readonly [string, Partial<HealthFacts>, readonly (ReadyRole | 'whole')[]])[] = [
    ['stopping', { draining: true }, ['whole', ...READY_ROLES]],
    ['drained', { drainedSince: now }, ['whole', ...READY_ROLES]],
    ['store failed', { store: { failed: true, free: octets(0) } }, ['whole', ...READY_ROLES]],
    ['disk full', { store: { failed: false, free: octets(0) } }, ['whole', 'submit']],
    ['SMTP certificate', ended('smtp'), ['whole', 'submit']],
    ['POP3 certificate', ended('pop3'), ['whole', 'pickup', 'serve']],
    ['API certificate', ended('https'), ['whole', ...READY_ROLES]],
    ['certificate of the page for codes', ended('enrolment'), ['whole']],
    ['nothing is acknowledged', engine('submit'), ['whole', 'submit']],
    ['no mailbox is opened', engine('pickup'), ['pickup']],
    ['nothing can be read', engine('serve'), ['serve']],
  ];
  for (const [what, facts, against] of table) {
    const found = (['whole', ...READY_ROLES] as const).filter(
      (role) => names(facts, role === 'whole' ? undefined : role).length > 0,
    );
    assert.deepEqual(found, against, what);
  }
});

test('a drain may be told apart from a fault by its status, and other machines get names alone', () => {
  const drained: readonly Reason[] = [{ name: 'drained', text: 'since noon' }];
  const full: readonly Reason[] = [...drained, { name: 'disk-full', text: 'free space' }];
  assert.deepEqual(
    answerReady('role=submit', () => drained),
    { status: 503, body: 'not ready\ndrained: since noon\n' },
  );
  assert.equal(answerReady('role=submit&drained=404', () => drained).status, 404);
  assert.equal(answerReady('drained=404', () => full).status, 503, 'a fault is one, drained or not');
  assert.equal(answerReady('drained=404', () => []).status, 200);
  assert.equal(answerReady('drained=200', () => drained).status, 503);
  assert.equal(answerReady('', () => full, true).body, 'not ready\ndrained\ndisk-full\n');
  assert.deepEqual(
    answerReady('role=all', () => []),
    {
      status: 400,
      body: 'there is no such role; expected submit, pickup, serve\n',
    },
  );
  const asked: (string | undefined)[] = [];
  for (const query of ['', 'verbose', 'role=pickup', `x=${'y'.repeat(300)}&role=serve`])
    answerReady(query, (role) => {
      asked.push(role);
      return [];
    });
  assert.deepEqual(asked, [undefined, undefined, 'pickup', undefined]);
});
