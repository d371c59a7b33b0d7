/**
 * `sluis organisation merge` beside a running gateway: what the operator sees, and what sessions
 * that are open meet.
 */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { IncidentSummary } from '../../src/commands/report/incident-summary.ts';
import type { MergeView } from '../../src/commands/organisation/merge-view.ts';
import type { AccountView, AddressView, OrganisationView, SettingView } from '../../src/admin/views.ts';
import { readableTime } from '../../src/cli/output.ts';
import { minutes } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const desk = addressOf('desk');
const [anna, lab, old] = ['anna@a.test', 'lab@a.test', 'old@a.test'];
const [asAnna, asLab] = [anna, lab].map((login) => ({ login, password: 'lantaarn-fietsbel-dak' })) as [Login, Login];
interface Login {
  readonly login: string;
  readonly password: string;
}

class World {
  readonly gateway: TestGateway;
  readonly clock: FakeClock;

  constructor(gateway: TestGateway, clock: FakeClock) {
    this.gateway = gateway;
    this.clock = clock;
  }

  run(...args: string[]): Promise<Ran> {
    return sluisHere([...args, '--config', this.gateway.config.file]);
  }

  async done(...args: string[]): Promise<string> {
    const ran = await this.run(...args);
    assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  }

  async refused(...args: string[]): Promise<string> {
    const ran = await this.run(...args);
    assert.notEqual(ran.code, 0, ran.stdout);
    return ran.stderr;
  }

  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.done(...args, '--json')) as T;
  }

  file(name: string, ...lines: string[]): string {
    const path = join(this.gateway.folder, name);
    writeFileSync(path, [...lines, ''].join('\n'));
    return path;
  }

  async account(organisation: string, { login, password }: Login, ...addresses: string[]): Promise<void> {
    const options = addresses.flatMap((address) => ['--address', address]);
    const args = ['account', 'add', login, '--organisation', organisation, ...options];
    const ran = await sluisHere([...args, '--config', this.gateway.config.file], `${password}\n`);
    assert.equal(ran.code, 0, ran.stderr);
  }
}

/** Practice `a` with three accounts, of which one has ended; `group` with two. */
async function worldOf(t: TestContext): Promise<World> {
  const clock = new FakeClock();
  const gateway = await startTestGateway({ accounts: ['desk', 'sender'], clock });
  t.after(() => gateway.remove());
  const world = new World(gateway, clock);
  await world.done('organisation', 'add', 'a', '--title', 'Praktijk A', '--contact', 'baas@a.example');
  await world.account('a', asAnna, anna, 'info@a.test');
  await world.account('a', asLab, lab);
  await world.account('a', { login: old, password: 'regenpijp-klokhuis-mos' }, old);
  await world.done('account', 'end', old, '--now', '--yes', '--reason', 'test');
  return world;
}

const letter = (from: string, id: string): Buffer =>
  Buffer.from(`From: ${from}\r\nMessage-ID: <${id}@x>\r\n\r\n${id}\r\n`);

async function idsOf(world: World, login: Login): Promise<string[]> {
  const client = await Pop3Client.open(world.gateway.target('pop3s'), login);
  const { messages } = await client.stat();
  const found: string[] = [];
  for (let n = 1; n <= messages; n += 1)
    found.push(/^Message-ID: <(.*)@x>/m.exec((await client.fetch(n)).toString('latin1'))?.[1] ?? '');
  await client.quit();
  return found;
}

test('a practice becomes part of another: the plan, the same done, open sessions, and the day on which old addresses end', async (t) => {
  const world = await worldOf(t);
  const { gateway, clock } = world;
  await world.done('organisation', 'set', 'a', 'quota=1GiB', 'keep-deleted=30');
  await world.done('organisation', 'set', 'group', 'messages-per-hour=1', 'purpose=care');
  await world.done('account', 'set', addressOf('sender'), 'messages-per-hour=100');
  await world.done('account', 'set', lab, 'quota=3GiB');
  await world.done('organisation', 'edi', 'add', 'a', '8714200000001:14');
  await world.done('organisation', 'edi', 'add', 'a', '500011122', '--account', lab);
  await world.done('organisation', 'edi', 'add', 'group', '8714200000009:14');
  const sender = await SmtpClient.open(gateway.target('submissions'), loginOf('sender'));
  const from = addressOf('sender');
  await sender.submit(from, [anna], letter(from, 'before'));
  const own = await SmtpClient.open(gateway.target('submissions'), asAnna);
  await own.submit(anna, [from], letter(anna, 'own'));
  const reader = await Pop3Client.open(gateway.target('pop3s'), asAnna);
  const uidl = (await reader.uidl()).get(1);

  const until = new Date(clock.now() + minutes(2)).toISOString();
  const day = readableTime(until);
  const file = world.file(
    'successors.csv',
    'old,new,mailbox',
    `info@a.test,,${desk}`,
    `${anna},anna@group.test,`,
    `${lab},lab@group.test,`,
  );
  const merge = ['organisation', 'merge', 'a', '--into', 'group', '--until', until, '--successors', file];
  const told = (first: string, [belong, ended]: readonly [string, string]): string =>
    [
      first,
      `- 2 accounts ${belong} to group, with passwords, certificates and 1 message (301 bytes); mail programs continue as before`,
      '- 1 account that had ended before stays as it is',
      '- 1 address stays for good',
      `- 2 addresses accept mail until ${day}; then senders are told of the successor (551 5.1.6)`,
      '- 2 of the addresses that succeed them are new',
      '- mail for 1 address is filed in mailboxes of group from now on',
      `    ${anna} -> anna@group.test (new) in the mailbox of ${anna}`,
      `    info@a.test in the mailbox of ${desk}, until now ${anna}`,
      `    ${lab} -> lab@group.test (new) in the mailbox of ${lab}`,
      '- 2 EDI identities of a are carried over; what is bound to no account may name any of group from now on',
      '    500011122',
      '    8714200000001:14',
      '- settings that differ; those of the account level stay with --keep-settings:',
      '    quota: 1GiB -> 2GiB (1 account)',
      '    messages-per-hour: 20000 -> 1 (2 accounts)',
      '    keep-deleted: 30 -> 14 (2 accounts)',
      '    purpose: none -> care (2 accounts)',
      '- purpose, legal basis, agreement and telephone are those of group; notices go to nobody outside: it has no contact, in nl',
      '- absences, delegations and certificates of addresses stay with them',
      `- a ${ended}; its trail until now stays its own ("organisation export a", "organisation erase a")`,
      '',
    ].join('\n');
  assert.equal(
    await world.done(...merge, '--dry-run'),
    told('Nothing was done. Organisation a would become part of group:', ['would belong', 'ends']),
  );
  assert.equal((await world.json<AccountView>('account', 'show', anna)).organisation, 'a');
  await own.command(`MAIL FROM:<${anna}>`, '250');
  await own.command('RSET', '250');

  assert.equal(
    await world.done(...merge, '--reason', 'practices join'),
    told('Organisation a has become part of group:', ['belong', 'has ended']),
  );
  // Sessions that are open: another policy, the same maildrop, old and new addresses.
  await own.command(`MAIL FROM:<${anna}>`, '450 4.7.1');
  await reader.fetch(1);
  await reader.quit();
  const again = await Pop3Client.open(gateway.target('pop3s'), asAnna);
  assert.equal((await again.uidl()).get(1), uidl);
  await again.quit();
  await world.done('account', 'set', anna, 'messages-per-hour=100');
  await own.submit('anna@group.test', [from], letter('anna@group.test', 'as the new one'));
  await sender.submit(from, [anna, 'info@a.test'], letter(from, 'after'));
  await sender.submit(from, ['anna@group.test'], letter(from, 'new'));
  assert.deepEqual(await idsOf(world, asAnna), ['before', 'after', 'new']);
  assert.deepEqual(await idsOf(world, loginOf('desk')), ['after']);
  const address = await world.json<AddressView>('address', 'show', anna);
  assert.deepEqual([address.state, address.ends, address.successor], ['active', until, 'anna@group.test']);
  assert.deepEqual(
    (await world.json<{ identity: string }[]>('organisation', 'edi', 'list', '--organisation', 'group')).map(
      ({ identity }) => identity,
    ),
    ['500011122', '8714200000001:14', '8714200000009:14'],
  );
  const a = await world.json<OrganisationView>('organisation', 'show', 'a');
  assert.deepEqual([a.state, a.mergedInto], ['ended', 'group']);
  assert.match(await world.done('organisation', 'show', 'a'), /State:\s+ended: part of group since /);
  assert.match(await world.done('organisation', 'list'), /^a\s+ended: part of group since/m);
  assert.match(
    await world.refused('account', 'add', 'new@a.test', '--organisation', 'a', '--no-password'),
    /"a" has become part of "group"; add account "new@a.test" there/,
  );
  assert.match(await world.done(...merge), /^Organisation a became part of group on .*; nothing was left to do\.\n$/);

  clock.advance(minutes(2));
  await sender.command(`MAIL FROM:<${from}>`, '250');
  await sender.command(`RCPT TO:<${anna}>`, `551 5.1.6 <${anna}> no longer exists; send to <anna@group.test> instead`);
  await sender.command('RCPT TO:<info@a.test>', '250');
  await sender.command('RSET', '250');
  await own.command(`MAIL FROM:<${anna}>`, '550 5.7.1');
  await own.command('MAIL FROM:<anna@group.test>', '250');
  const trail = await world.done('audit', 'list', '--json', '--limit', '1000');
  for (const part of [
    'registry.organisation-merging',
    'registry.account-organisation',
    'registry.address-ending',
    'registry.edi-identity-moved',
    'practices join',
  ])
    assert(trail.includes(part), part);
});

test('without an end its addresses go on, accounts keep their settings, suspended ones stay so', async (t) => {
  const world = await worldOf(t);
  await world.done('organisation', 'set', 'a', 'messages-per-hour=7', 'scram=yes');
  await world.done('organisation', 'set', 'group', 'edi-sender=refuse', 'login=certificate');
  await world.done('account', 'set', lab, 'edi-sender=hold');
  await world.done('account', 'suspend', lab);
  const plan = ['organisation', 'merge', 'a', '--into', 'group'];
  const dry = await world.json<MergeView>(...plan, '--dry-run');
  assert.deepEqual(dry.lockedOut, [anna, lab]);
  assert.equal(dry.applied, false);
  const done = await world.json<MergeView>(...plan, '--keep-settings');
  assert.deepEqual([done.applied, done.suspended, done.ending, done.lockedOut], [true, 1, 0, []]);
  assert.deepEqual(
    done.settings.map(({ name, was, accounts, kept }) => [name, was, accounts, kept]),
    [
      ['login', 'either', 2, true],
      ['scram', 'yes', 2, true],
      ['messages-per-hour', '7', 2, true],
      ['edi-sender', 'warn', 1, true],
    ],
  );
  const own = async (login: string): Promise<string[]> =>
    (await world.json<{ settings: SettingView[] }>('account', 'show', login)).settings
      .filter(({ from }) => from === 'account')
      .map(({ name, value }) => `${name}=${value}`);
  const kept = ['login=either', 'scram=yes', 'messages-per-hour=7'];
  assert.deepEqual(await own(anna), [...kept, 'edi-sender=warn']);
  assert.deepEqual(await own(lab), [...kept, 'edi-sender=hold']);
  assert.equal((await world.json<AccountView>('account', 'show', lab)).state, 'suspended');
  const client = await Pop3Client.open(world.gateway.target('pop3s'), asAnna);
  await client.quit();
});

test("an operator's mistakes: all of them at once, and nothing is changed", async (t) => {
  const world = await worldOf(t);
  await world.done('organisation', 'add', 'third');
  await world.account('third', { login: 'x@third.test', password: 'kelderluik-zomerjas-wol' }, 'x@third.test');
  await world.done('organisation', 'edi', 'add', 'a', '8714:14', '--account', lab);
  await world.done('organisation', 'edi', 'add', 'group', '8714:ZZ');
  const file = world.file(
    'successors.csv',
    'old,new,mailbox',
    `${anna},x@third.test,`,
    `info@a.test,${lab},nobody`,
    `${lab},anna@group.test,x@third.test`,
    'ghost@a.test,desk@group.test,',
  );
  const merge = ['organisation', 'merge', 'a', '--into', 'group'];
  assert.equal(
    await world.refused(...merge, '--until', '2099-01-01', '--successors', file),
    [
      'Cannot merge, nothing was changed:',
      `  x@third.test: it belongs to "third", and senders to ${anna} would write to somebody else; name one of "group"`,
      `  ${lab}: it ends itself, so it cannot succeed info@a.test`,
      '  nobody: there is no such account to file mail for',
      '  x@third.test: it is an account of "third"; name one of "group"',
      '  line 5: ghost@a.test is not an address of "a" that accepts mail; correct or remove the line',
      `  EDI identity 8714: "a" has it with qualifier "14" for account "${lab}", "group" with "ZZ"; remove one with "sluis organisation edi remove"`,
      '',
    ].join('\n'),
  );
  const others = world.file('two.csv', 'old,new', `${anna},new@group.test`, `${lab},new@group.test`);
  const two = await world.refused(...merge, '--until', '2099-01-01', '--successors', others);
  assert.match(two, /new@group\.test: it would be registered for two accounts/);
  assert.match(two, /1 addresses have no successor/);
  for (const [args, text] of [
    [['--successor', desk], /add --until DATE/],
    [['--until', '2020-01-01', '--successor', desk], /has passed; expected a later date/],
    [['--successors', file], /line 2 names a successor, and no end was given/],
    [
      ['--until', '2099-01-01', '--successors', world.file('twice.csv', 'old,new', `${anna},`, `${anna},`)],
      /is in line 2/,
    ],
    [['--mailbox', anna], /it is an account of "a"; name one of "group"/],
  ] as const)
    assert.match(await world.refused(...merge, ...args), text);
  assert.match(await world.refused('organisation', 'merge', 'a', '--into', 'a'), /into itself/);
  assert.match(await world.refused('organisation', 'merge', 'a', '--into', 'none'), /Cannot find organisation "none"/);
  await world.done('organisation', 'suspend', 'a');
  assert.match(await world.refused(...merge), /"a" is suspended.*"sluis organisation resume a" first/);
  await world.done('organisation', 'resume', 'a');
  assert.equal((await world.json<AccountView>('account', 'show', anna)).organisation, 'a');
  await world.done('organisation', 'edi', 'remove', '8714:ZZ');
  await world.done(...merge, '--successor', desk, '--until', '2099-01-01', '--mailbox', desk);
  assert.match(await world.refused('organisation', 'merge', 'a', '--into', 'third'), /part of "group" already/);
  assert.match(await world.refused('organisation', 'merge', 'third', '--into', 'a'), /"a" is part of "group" already/);
  const shown = await world.json<AccountView>('account', 'show', desk);
  assert.deepEqual(
    shown.addresses.map(({ address, successor }) => [address, successor]),
    [
      [anna, desk],
      [desk, undefined],
      ['info@a.test', desk],
      [lab, desk],
    ],
  );
});

test('afterwards an export and an erasure of each know what is whose', async (t) => {
  const world = await worldOf(t);
  const { gateway } = world;
  const from = addressOf('sender');
  const sender = await SmtpClient.open(gateway.target('submissions'), loginOf('sender'));
  await sender.submit(from, [anna], letter(from, 'before'));
  assert.deepEqual(await idsOf(world, asAnna), ['before']);
  await world.done('organisation', 'merge', 'a', '--into', 'group', '--reason', 'join');
  world.clock.advance(minutes(1));
  await sender.submit(from, [anna], letter(from, 'after'));
  assert.deepEqual(await idsOf(world, asAnna), ['before', 'after']);
  // What happened before is reported by whoever the account belonged to then.
  const incident = ['report', 'incident', '--account', asAnna.login, '--from', '2020-01-01', '--to', '2099-01-01'];
  const { organisations } = JSON.parse(await world.done(...incident, '--json')) as IncidentSummary;
  assert.deepEqual(
    organisations.map(({ name, accounts }) => [name, accounts.map(({ now, fetched }) => [now, fetched])]),
    [
      ['a', [['group', 1]]],
      ['group', [[undefined, 2]]],
    ],
  );
  assert.match(
    await world.done(...incident),
    /^Organisation a\n[\s\S]*^\S+ is now part of group\.\n\nOrganisation group$/m,
  );
  const rows = async (name: string, out: string): Promise<(file: string) => Record<string, unknown>[]> => {
    mkdirSync(join(gateway.folder, out));
    await world.done('organisation', 'export', name, '--out', join(gateway.folder, out, 'x'), '--reason', 'asked');
    return (file) =>
      readFileSync(join(gateway.folder, out, 'x', `${file}.jsonl`), 'utf8')
        .trimEnd()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const [a, b] = [await rows('a', 'of-a'), await rows('group', 'of-group')];
  assert.deepEqual(
    a('accounts').map((row) => row.login),
    [old],
  );
  assert.deepEqual(
    a('former-accounts').map((row) => [row.login, row.organisation]),
    [
      [anna, 'group'],
      [lab, 'group'],
    ],
  );
  const seqs = (all: Record<string, unknown>[]): number[] =>
    all.filter((row) => row.account === anna).map((row) => Number(row.seq));
  const [before, after] = [seqs(a('audit')), seqs(b('audit'))];
  assert(before.length > 0 && after.length > 0);
  assert(Math.max(...before) < Math.min(...after), 'no row is of both');
  assert.deepEqual([a('messages').length, b('messages').length], [1, 2]);

  await world.done('audit', 'list', '--account', anna);
  const plan = await world.done('organisation', 'erase', 'a');
  assert.match(plan, /2 accounts are of other organisations now/);
  const statement = join(gateway.folder, 'gone.eml');
  await world.done('organisation', 'erase', 'a', '--statement', statement, '--yes', '--reason', 'contract ended');
  assert.deepEqual(await idsOf(world, asAnna), ['before', 'after'], 'mail and login are of the other');
  assert.match(readFileSync(statement, 'latin1'), /became accounts of other organisations: 2,/);
});
