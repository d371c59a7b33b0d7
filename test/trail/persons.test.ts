/**
 * Every change has a person, and the reason where one was given, in each row of the trail that it
 * writes: the table of operations is walked.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type OperationName, changeNames, runOperation } from '../../src/admin/operations.ts';
import { meaningOf } from '../../src/domain/audit-events.ts';
import type { AuditRow } from '../../src/store/audit.ts';
import type { AdminContext } from '../../src/admin/context.ts';
import { CHANGES_WITH_PARTS, Scene, type WithParts } from '../support/changes-with-parts.ts';
import { sluis } from '../support/command-line.ts';
import { type TestGateway, addressOf, startTestGateway } from '../support/gateway.ts';
import { FakeSites } from '../support/sites.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';

type Driven = readonly [OperationName, Record<string, unknown>, upload?: string];
const login = addressOf('anna');
const other = addressOf('bert');
const moment = (ahead: number): string => new Date(Date.now() + ahead * 86_400_000).toISOString().slice(0, 10);

const DRIVEN: readonly Driven[] = [
  ['organisation.add', { name: 'zuid', title: 'Zuid', contact: login }],
  ['organisation.set', { name: 'zuid', telephone: '0201234567' }],
  [
    'account.add',
    { login: 'clara', organisation: 'zuid', address: ['clara@group.test'], password: 'een lange zin 12' },
  ],
  ['account.password.add', { login: 'clara', name: 'second', password: 'een andere zin 12' }],
  ['account.password.remove', { login: 'clara', name: 'second' }],
  ['account.app-password.add', { login: 'clara', name: 'scanner', scope: 'send' }],
  ['account.app-password.end', { login: 'clara', name: 'scanner' }],
  ['account.reset', { login: ['clara'] }],
  ['account.suspend', { login: ['clara'] }],
  ['account.resume', { login: ['clara'] }],
  ['account.import', {}, 'login,address,organisation,password\ndirk,dirk@group.test,zuid,nog een lange zin\n'],
  ['account.contain', { login: ['dirk'] }],
  ['address.add', { login, address: 'balie@group.test' }],
  ['address.suspend', { address: 'balie@group.test' }],
  ['address.resume', { address: 'balie@group.test' }],
  ['address.delegate', { address: 'balie@group.test', login: other }],
  ['address.consent.add', { substitute: other, for: login }],
  ['address.absence.add', { address: login, since: moment(1), until: moment(9), refuse: true }],
  ['address.absence.end', { address: login }],
  ['address.absence.import', {}, `address,from,until,refuse\n${login},${moment(20)},${moment(29)},yes\n`],
  ['address.move', { addresses: ['balie@group.test'], 'to-account': other }],
  ['address.end', { address: 'balie@group.test' }],
  ['organisation.set', { name: 'zuid', settings: ['quota=20MiB'] }],
  ['address.set', { name: login, settings: ['max-message=20MiB'] }],
  ['account.set', { name: login, settings: ['quota=20MiB'] }],
  ['account.set', {}, `account,quota\n${login},30MiB\n`],
  ['organisation.edi.add', { identity: '123456:14', organisation: 'zuid' }],
  ['organisation.edi.remove', { identity: '123456:14' }],
  ['partner.add', { name: 'noord', organisation: 'zuid', host: 'mx.noord.test' }],
  ['partner.set', { name: 'noord', port: 2525 }],
  ['partner.domain.add', { name: 'noord', domain: 'noord.test' }],
  ['partner.domain.remove', { name: 'noord', domain: 'noord.test' }],
  ['partner.suspend', { name: 'noord' }],
  ['partner.resume', { name: 'noord' }],
  ['partner.end', { name: 'noord' }],
  ['probe.add', { organisation: 'zuid' }],
  ['ca.init', { name: 'Zorggroep', 'key-kind': 'p256' }],
  ['ca.crl', {}],
  ['ca.renew-issuer', { 'key-kind': 'p256' }],
  ['ca.export-root', { 'root-password': 'een lange zin 12' }],
  ['cert.enrol', { account: login, use: 'login' }],
  ['cert.capability.set', { address: login, capabilities: ['aes-256-cbc'] }],
  ['pgp.key.issue', { address: login, keep: true }],
  ['audit.anchor', {}],
  ['takeover.rehearsed', { organisation: 'group', login: [login], wave: 'w1', day: moment(0) }],
  ['takeover.note', { login, there: 'anna', state: 'moved', messages: 1, octets: 1 }],
  ['takeover.letter-written', { organisation: 'group', step: 'announce' }],
  ['takeover.letter-sent', { organisation: 'group', login: [login], step: 'moved' }],
  ['takeover.going-back', { organisation: 'group', 'addresses-stay': true }],
  ['takeover.give-back', { login: other }, 'uidl\n'],
  ['takeover.written', { login, uid: [1] }],
  ['takeover.forget', { login, uidl: ['uidl'] }],
  ['notice.send', { all: true, subject: 'Werk', text: 'Vanavond werk.' }],
  ['session.end', { account: login }],
  ['gateway.reload', {}],
  ['gateway.drain', { end: false }],
  ['gateway.drain', { end: true }],
  ['site.alone', { until: moment(2) }],
  ['site.alone', { end: true }],
  [
    'drill.site',
    {
      ...{ from: 'noord', to: 'zuid', there: moment(-2), back: moment(-1), person: ['J. Smit'] },
      ...{ outage: 3, 'measured-by': 'watch', lost: 0 },
    },
  ],
  ['organisation.export', { name: 'group' }],
  ['audit.erase', { person: 'nobody at all' }],
  ['account.end-many', {}, 'login,grace\ndirk,0d\n'],
  ['account.end', { login: 'clara', 'grace-days': 0 }],
  ['organisation.suspend', { name: 'zuid' }],
  ['organisation.resume', { name: 'zuid' }],
  ['organisation.end', { name: 'zuid', now: true }],
];

let gateway: TestGateway;
before(async () => {
  gateway = await startTestGateway({ accounts: ['anna', 'bert'], sites: new FakeSites() });
});
after(() => gateway.remove());

async function* piecesOf(text: string): AsyncGenerator<string> {
  yield await Promise.resolve(text);
}

async function rowsSince({ store }: TestGateway, seq: number): Promise<AuditRow[]> {
  const rows: AuditRow[] = [];
  for (let more = true; more;) {
    const page = await store.audit.read({ fromSeq: (rows.at(-1)?.seq ?? seq) + 1, limit: 1000 });
    rows.push(...page);
    more = page.length === 1000;
  }
  return rows;
}

const isChange = ({ event }: AuditRow): boolean => meaningOf(event).kind === 'change';
/**
 * Of accesses those are a person's that no session made: who erases an organisation deletes its
 * mail.
 */
const isPersons = (row: AuditRow): boolean =>
  isChange(row) || meaningOf(row.event).kind === 'access' || row.personal?.actor !== undefined;

/** These change nothing that has a row of its own: the row of the call is all. */
const CALL_ALONE: readonly OperationName[] = [
  ...(['ca.crl', 'audit.anchor', 'session.end', 'smime.inspect', 'pgp.inspect'] as const),
  // The gateway writes the letter, and its row is the gateway's.
  'message.receipt',
  // Of a mailbox in which nothing waits.
  'takeover.give-back',
  'takeover.written',
  'takeover.forget',
];

/** Never one person's: test/cli/scan-exempt has both people and the reason in its row. */
const BY_TWO: readonly OperationName[] = ['scan.exempt.add'];

interface Asked extends Omit<WithParts, 'context'> {
  readonly context: AdminContext;
}

/** Runs it, and answers what is wrong with the rows that it wrote. */
async function wrongIn(of: TestGateway, name: OperationName, reason: string, asked: Asked): Promise<string[]> {
  const actor = { name: 'j.smit', reason };
  const wrong: string[] = [];
  const { seq } = await of.store.audit.head();
  const call = {
    ...{ actor, who: OWNER_SAID, progress: () => undefined, send: () => Promise.resolve() },
    ...(asked.upload === undefined ? {} : { upload: asked.upload }),
  };
  try {
    await runOperation(name, asked.context, asked.input, call, of.log);
  } catch (error) {
    wrong.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
  }
  const rows = (await rowsSince(of, seq)).filter(isPersons);
  if (!rows.some(({ event }) => event === 'operator.changed')) wrong.push(`${name}: no row of the call`);
  if (rows.every(({ event }) => event === 'operator.changed') !== CALL_ALONE.includes(name))
    wrong.push(`${name}: ${rows.map(({ event }) => event).join(', ')}`);
  for (const { event, personal } of rows)
    if (personal?.actor !== actor.name || personal.reason !== actor.reason)
      wrong.push(`${name}: ${event} has ${JSON.stringify(personal)}`);
  return wrong;
}

test('each row of each change has the person and the reason', async () => {
  const wrong: string[] = [];
  for (const [n, [name, input, text]] of DRIVEN.entries()) {
    const upload = text === undefined ? {} : { upload: piecesOf(text) };
    wrong.push(...(await wrongIn(gateway, name, `ticket ${n}`, { input, context: gateway.admin, ...upload })));
  }
  assert.deepEqual(wrong, []);
});

test('each row of each change that needs messages, keys, codes or files has them too', async (t) => {
  const own = await startTestGateway({ accounts: ['anna', 'bert', 'carl'] });
  t.after(() => own.remove());
  const scene = new Scene(own);
  const wrong: string[] = [];
  for (const [n, [name, prepare]] of CHANGES_WITH_PARTS.entries()) {
    const prepared = await prepare(scene).catch((error: unknown) => `${name}: not prepared: ${String(error)}`);
    if (typeof prepared === 'string') wrong.push(prepared);
    else wrong.push(...(await wrongIn(own, name, `ticket ${n}`, { context: own.admin, ...prepared })));
  }
  assert.deepEqual(wrong, []);
});

test('every change of the table is driven', () => {
  const named = [...[...DRIVEN, ...CHANGES_WITH_PARTS].map(([name]) => name), ...BY_TWO];
  assert.deepEqual(
    changeNames.filter((name) => !named.includes(name)),
    [],
    'give each of these an input that it takes, in DRIVEN above',
  );
  assert.deepEqual([...new Set(named)].sort(), [...changeNames].sort());
});

test('what the gateway does by itself has an actor as well', async () => {
  const rows = (await rowsSince(gateway, 0)).filter(isChange);
  assert.deepEqual(
    rows.filter(({ personal }) => typeof personal?.actor !== 'string' || personal.actor === '').map((row) => row.event),
    [],
  );
});

test('behind sudo the person who called it is named, and a user without a name by the number', async () => {
  const as = async (env: Record<string, string>): Promise<unknown> => {
    const { seq } = await gateway.store.audit.head();
    const ran = await sluis(['account', 'suspend', other, '--reason', 'trial', '--config', gateway.config.file], {
      env,
    });
    assert.equal(ran.code, 0, ran.stderr);
    return (await rowsSince(gateway, seq)).filter(isChange).map(({ personal }) => personal?.actor);
  };
  assert.deepEqual(await as({ SUDO_USER: 'p.jansen' }), ['p.jansen', 'p.jansen']);
  const [own] = (await as({ SUDO_USER: '' })) as string[];
  assert.match(own ?? '', /^[a-z0-9][\w. -]*$/);
});
