/**
 * An operator of one organisation, and tokens: what another organisation owns is not there, and a
 * token that is not taken lets nobody in.
 */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { authenticate, operatorOfCertificate } from '../../src/admin/authentication.ts';
import { AdminError } from '../../src/admin/error.ts';
import type { Call } from '../../src/admin/call.ts';
import { type OperationName, operationNames, ownedIn, runOperation } from '../../src/admin/operations.ts';
import type { Owned } from '../../src/admin/operation.ts';
import { WITHIN } from '../../src/admin/own-organisation.ts';
import { nameOf } from '../../src/commands/core/params.ts';
import { operationRows } from '../../src/commands/core/subject.ts';
import { subjects } from '../../src/commands/table.ts';
import { makeToken } from '../../src/crypto/keys/operator-token.ts';
import type { Role } from '../../src/domain/roles.ts';
import { days, hours, instant } from '../../src/domain/units.ts';
import { WEBHOOK_EVENT_TYPES } from '../../src/domain/webhooks.ts';
import type { Address } from '../../src/domain/address.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestGateway, addressOf, startTestGateway } from '../support/gateway.ts';

const OWN = 'zuid';
const clock = new FakeClock(instant(Date.now()));
const actor = { name: 'setup', reason: 'setup' };
let gateway: TestGateway;

before(async () => {
  // Anna is of the organisation "group"; clara of "zuid".
  gateway = await startTestGateway({ accounts: ['anna'], clock });
  const { registry } = gateway.store;
  await registry.addOrganisation({ name: OWN, title: 'Zuid', language: 'nl' }, actor);
  const login = 'clara@zuid.test';
  for (const [id, organisation] of [
    ['AAAAAAAA', await registry.findOrganisation('group')],
    ['BBBBBBBB', await registry.findOrganisation(OWN)],
  ] as const) {
    const webhook = { id, name: 'poort', url: 'https://hooks.example.nl/in', events: WEBHOOK_EVENT_TYPES };
    await gateway.store.webhooks.add({ ...webhook, organisation: organisation!.id, sealed: new Uint8Array(64) }, actor);
  }
  await registry.addAccount({ login, organisation: OWN, kind: 'mail', addresses: [login as Address] }, actor);
});
after(() => gateway.remove());

const run = (
  name: OperationName,
  input: object,
  who: Partial<Call['who']> = {},
  more: Partial<Call> = {},
): Promise<unknown> =>
  runOperation(
    name,
    gateway.admin,
    { ...input },
    {
      ...{ actor: { name: 'els', reason: 'trial' }, progress: () => undefined },
      ...{ who: { role: 'owner', proof: 'token', organisation: OWN, ...who }, ...more },
    },
    gateway.log,
  );
const refusal = async (call: Promise<unknown>): Promise<{ kind: string; message: string }> => {
  const error = await call.then(
    (done) => assert.fail(`it was done: ${JSON.stringify(done)}`),
    (thrown: unknown) => thrown,
  );
  assert(error instanceof AdminError, String(error));
  return { kind: error.kind, message: error.message };
};

/** What names something of another organisation, something of nobody, and something of the own. */
const VALUES: Readonly<Record<Owned, { readonly foreign: string; readonly none: string; readonly own: string }>> = {
  account: { foreign: addressOf('anna'), none: 'oooo@group.test', own: 'clara@zuid.test' },
  address: { foreign: addressOf('anna'), none: 'oooo@group.test', own: 'clara@zuid.test' },
  organisation: { foreign: 'group', none: 'ooooo', own: OWN },
  webhook: { foreign: 'AAAA-AAAA', none: 'OOOO-OOOO', own: 'BBBB-BBBB' },
};
/** Fields that an operation wants besides. */
const MORE: Readonly<Partial<Record<string, object>>> = {
  'address.absence.add': { until: '2099-01-01', refuse: true },
  'account.set': { settings: ['quota=1GiB'], values: { quota: '1GiB' } },
  'address.set': { settings: ['receipt=never'], values: {} },
  'account.password.add': { name: 'balie', password: 'een lange zin 12' },
  'account.password.remove': { name: 'balie' },
  'account.app-password.add': { name: 'dossier' },
  'account.app-password.end': { name: 'dossier' },
  'webhook.add': { name: 'poort', url: 'https://hooks.example.nl/in' },
  'webhook.set': { name: 'deur' },
  'mailbox.restore': { since: '2026-01-01' },
};

test('what another organisation owns is refused with the very words for what does not exist, in every field of every operation', async () => {
  const seen: string[] = [];
  for (const name of WITHIN as ReadonlySet<OperationName>) {
    const fields = ownedIn(name);
    assert.notDeepEqual(fields, {}, `${name} names nothing`);
    for (const [field, of] of Object.entries(fields)) {
      // One of its owners or the other, never both.
      const others = name === 'webhook.add' ? [] : Object.entries(fields).filter(([other]) => other !== field);
      const own = Object.fromEntries(others.map(([other, kind]) => [other, listed(name, other, VALUES[kind].own)]));
      const asked = (value: string) =>
        refusal(run(name, { ...MORE[name], ...own, [field]: listed(name, field, value) }));
      const { foreign, none } = VALUES[of];
      const [there, not] = [await asked(foreign), await asked(none)];
      assert.equal(there.kind, 'unknown', `${name} ${field}: ${there.message}`);
      assert.deepEqual({ ...there, message: there.message.replaceAll(foreign, none) }, not, `${name} ${field}`);
      seen.push(`${name} ${field}`);
    }
  }
  assert(seen.length >= 30);
});

const rows = new Map(subjects.flatMap((subject) => [...operationRows(subject)]));

/** Some fields take lists. */
function listed(name: string, field: string, value: string): unknown {
  const param = Object.entries(rows.get(name)?.in ?? {}).find(([key]) => nameOf(key) === field)?.[1];
  return field === 'logins' || param?.as === 'rest' || param?.as === 'many' ? [value] : value;
}

test('the words are those that an operator of all reads of what does not exist', async () => {
  for (const [name, field, of] of [
    ['account.show', 'login', 'account'],
    ['address.show', 'address', 'address'],
    ['organisation.show', 'name', 'organisation'],
    ['webhook.show', 'webhook', 'webhook'],
  ] as const) {
    const { none } = VALUES[of];
    const all = await refusal(
      runOperation(
        name,
        gateway.admin,
        { [field]: none },
        { actor, who: { role: 'owner', proof: 'said' }, progress: () => undefined },
        gateway.log,
      ),
    );
    assert.deepEqual(await refusal(run(name, { [field]: none })), all);
  }
});

test('what is his own he sees and changes, and lists have nothing else', async () => {
  assert.match(JSON.stringify(await run('account.show', { login: 'clara@zuid.test' })), /clara@zuid\.test/);
  await run('account.suspend', { login: ['clara@zuid.test'] });
  await run('account.resume', { login: ['clara@zuid.test'] });
  const accounts = (await run('account.list', {})) as readonly { readonly login: string }[];
  assert.deepEqual(
    accounts.map(({ login }) => login),
    ['clara@zuid.test'],
  );
  assert.match(JSON.stringify(await run('organisation.show', { name: OWN })), /Zuid/);
});

test('everything else is refused to him, whatever his role, and a file is too', async () => {
  for (const name of operationNames.filter((one) => !WITHIN.has(one))) {
    // What cannot be read is refused before; both let nothing happen.
    const { kind } = await refusal(run(name, {}));
    assert(['forbidden', 'invalid'].includes(kind), `${name}: ${kind}`);
  }
  for (const [name, input] of [
    ['gateway.status', {}],
    ['organisation.list', {}],
    ['operator.list', {}],
    ['address.list', {}],
  ] as const)
    assert.equal((await refusal(run(name, input))).kind, 'forbidden', name);
  const upload = (async function* () {
    yield await Promise.resolve('login\nclara@zuid.test\n');
  })();
  assert.equal((await refusal(run('account.suspend', {}, {}, { upload }))).kind, 'forbidden');
});

test('the list names operations that there are, and none with a value whose owner is not looked up', () => {
  assert.deepEqual(
    [...WITHIN].filter((name) => !(operationNames as readonly string[]).includes(name)),
    [],
  );
  for (const [name, { in: params }] of rows)
    if (WITHIN.has(name)) {
      const kinds = Object.values(params).flatMap(({ kind }) => kind?.of ?? []);
      // A message and a name of a password are looked for within the account that is named beside
      // them.
      const known = ['account', 'address', 'organisation', 'webhook', 'message', 'other'];
      assert.deepEqual(
        kinds.filter((of) => !known.includes(of)),
        [],
        name,
      );
    }
});

async function tokenOf(name: string, role: Role, networks: readonly string[] = [], lives = days(2)) {
  const made = makeToken();
  const endsAt = instant(clock.now() + lives);
  await gateway.store.operators.addToken({ ...made, operator: name, role, networks, endsAt }, actor);
  return made;
}

test('a token is taken until it ends, from its networks, for the role that it has in common with its operator', async () => {
  const { operators } = gateway.store;
  const { admin } = gateway;
  await operators.add(
    { name: 'els', role: 'registry', organisation: OWN, endsAt: instant(clock.now() + days(5)) },
    actor,
  );
  const { token } = await tokenOf('els', 'support');
  const els = { name: 'els', proof: 'token', organisation: OWN };
  assert.deepEqual(await authenticate(admin, token, '192.0.2.7'), { ...els, role: 'support' });
  // The operator has less than the token now.
  await operators.set('els', { role: 'read' }, actor);
  assert.deepEqual(await authenticate(admin, token), { ...els, role: 'read' });
  await operators.set('els', { role: 'security' }, actor);

  const bound = await tokenOf('els', 'support', ['192.0.2.0/24', '2001:db8::/48']);
  for (const [remote, taken] of [
    ['192.0.2.200', true],
    ['::ffff:192.0.2.3', true],
    ['2001:db8::1', true],
    ['192.0.3.1', false],
    ['no address', false],
    [undefined, false],
  ] as const)
    assert.equal((await authenticate(admin, bound.token, remote)) !== undefined, taken, String(remote));
  const local = await tokenOf('els', 'support', ['::1']);
  assert.notEqual(await authenticate(admin, local.token), undefined);

  const none = [
    token.slice(0, -1),
    `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`,
    '',
    'sluis_',
    makeToken().token,
  ];
  for (const one of none) assert.equal(await authenticate(admin, one), undefined);

  clock.advance(days(2));
  assert.equal(await authenticate(admin, token, '192.0.2.7'), undefined);
  const late = await tokenOf('els', 'read', [], days(30));
  assert.notEqual(await authenticate(admin, late.token), undefined);
  clock.advance(days(3));
  assert.equal(await authenticate(admin, late.token), undefined, 'the time of its operator is over');
  await assert.rejects(tokenOf('els', 'read'), /has ended/);
  await operators.set('els', { endsAt: instant(clock.now() + days(9)) }, actor);
  assert.notEqual(await authenticate(admin, late.token), undefined);
  await operators.end('els', actor);
  assert.equal(await authenticate(admin, late.token), undefined);

  const refused = (await gateway.store.audit.read({ limit: 1000 })).filter(
    ({ event }) => event === 'operator.token-refused',
  );
  const whys = refused.map(({ facts }) => (facts as { readonly why: string }).why);
  assert.deepEqual([...new Set(whys)].sort(), ['ended', 'network', 'operator ended', 'unknown']);
});

test('the last use is written once an hour', async () => {
  const { operators } = gateway.store;
  await operators.add({ name: 'monitor', role: 'read' }, actor);
  const { id, token } = await tokenOf('monitor', 'read');
  const used = async () => {
    await authenticate(gateway.admin, token);
    return (await operators.token(id))?.lastUsedAt;
  };
  const first = await used();
  assert.equal(first, clock.now());
  clock.advance(hours(1) - 1);
  assert.equal(await used(), first);
  clock.advance(1);
  assert.equal(await used(), clock.now());
});

test('a client certificate names its operator, as long as the operator may do anything', async () => {
  const { operators } = gateway.store;
  const certificate = 'ab'.repeat(32);
  await operators.add({ name: 'kees', role: 'support', certificate, endsAt: instant(clock.now() + days(1)) }, actor);
  const kees = { name: 'kees', role: 'support', proof: 'certificate' };
  assert.deepEqual(await operatorOfCertificate(gateway.admin, certificate.toUpperCase()), kees);
  assert.equal(await operatorOfCertificate(gateway.admin, 'cd'.repeat(32)), undefined);
  await assert.rejects(operators.add({ name: 'koos', role: 'read', certificate }, actor), /belongs to one person/);
  clock.advance(days(1));
  assert.equal(await operatorOfCertificate(gateway.admin, certificate), undefined);
  await operators.end('kees', actor);
  await operators.add({ name: 'koos', role: 'read', certificate }, actor);
  assert.equal((await operatorOfCertificate(gateway.admin, certificate))?.name, 'koos');
});

test('nobody gives a role that may do more than his own, nor changes or ends somebody who has one', async () => {
  await gateway.store.operators.add({ name: 'baas', role: 'owner' }, actor);
  await gateway.store.operators.add({ name: 'lezer', role: 'read' }, actor);
  const who = { role: 'security', organisation: undefined } as unknown as Call['who'];
  const day = new Date(clock.now() + days(1)).toISOString();
  for (const [name, input] of [
    ['operator.add', { name: 'nieuw', role: 'owner' }],
    ['operator.add', { name: 'nieuw', role: 'registry' }],
    ['operator.set', { name: 'lezer', role: 'registry' }],
    ['operator.set', { name: 'baas', role: 'read' }],
    ['operator.end', { name: 'baas' }],
    ['operator.token.add', { name: 'baas', scope: 'read', ends: day }],
  ] as const)
    assert.equal((await refusal(run(name, input, who))).kind, 'forbidden', `${name} ${JSON.stringify(input)}`);
  await run('operator.add', { name: 'nieuw', role: 'support' }, who);
  await run('operator.token.add', { name: 'nieuw', scope: 'read', ends: day }, who);
  await run('operator.end', { name: 'nieuw' }, who);
});

test('what an operator did by token stands in the trail under his name, with the proof, in the row of the call and in that of the change', async () => {
  await run('account.suspend', { login: ['clara@zuid.test'] });
  const last = (await gateway.store.audit.read({ limit: 1000 })).slice(-2);
  for (const { personal } of last) assert.equal(personal?.actor, 'els');
  const call = last.find(({ event }) => event === 'operator.changed');
  assert.equal((call?.facts as { proof?: string }).proof, 'token');
  await run('account.resume', { login: ['clara@zuid.test'] });
});
