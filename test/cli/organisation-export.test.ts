/**
 * `sluis organisation export` on a whole gateway: everything that is held, no secret, nothing of
 * others, nothing changed.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { send } from '../support/mail.ts';
import { type MailGateway, startMailGateway } from '../support/mail-people.ts';
import { address } from '../support/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-export-'));
const at = (...names: string[]): string => join(folder, ...names);
const actor = { name: 'test' };
let gateway: MailGateway;

before(async () => {
  gateway = await startMailGateway({ accounts: ['anna', 'bram'] });
  const { registry } = gateway.store;
  const contact = 'baas@kliniek.example';
  await registry.addOrganisation({ name: 'clinic', title: 'Kliniek Zo\u00eb', language: 'nl', contact }, actor);
  await registry.changeSettings(
    { scope: 'organisation', name: 'clinic' },
    { purpose: 'care', 'legal-basis': 'article 9' },
    actor,
  );
  const password = { name: 'first', hash: await hashPassword('Secret-dora-pw') };
  const added = { organisation: 'clinic', kind: 'mail' as const, addresses: [address('dora@clinic.test')], password };
  await registry.addAccount({ ...added, login: 'dora@clinic.test' }, actor);
  await gateway.give('dora', { email: 'dora@clinic.test', login: 'dora@clinic.test', keep: true });
  for (const [id, to] of [
    ['1', 'dora@clinic.test'],
    ['2', addressOf('bram')],
  ] as const)
    await send(gateway.target('submission'), loginOf('anna'), {
      ...{ from: addressOf('anna'), to: [to] },
      content: Buffer.from(
        `From: <${addressOf('anna')}>\r\nTo: ${to}\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${id}@group.test>\r\nSubject: s\r\n\r\nhello ${id}\r\n`,
      ),
    });
});
after(async () => {
  await gateway.remove();
  rmSync(folder, { recursive: true, force: true });
});

const run = (name: string, out: string, ...more: string[]): Promise<Ran> =>
  sluisHere(['organisation', 'export', name, '--out', at(out), '--config', gateway.config.file, ...more]);
const rows = (out: string, file: string): Record<string, unknown>[] =>
  readFileSync(at(out, `${file}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test('everything of the organisation, with checksums, and nothing of others', async () => {
  const ran = await run('clinic', 'all', '--messages', '--reason', 'portability');
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /Wrote 12 files with \d+ rows and 1 message /);
  const [organisation] = rows('all', 'organisation');
  assert.equal(organisation?.title, 'Kliniek Zo\u00eb');
  assert.deepEqual(organisation.settings, { purpose: 'care', 'legal-basis': 'article 9' });
  assert.deepEqual(
    rows('all', 'accounts').map(({ login }) => login),
    ['dora@clinic.test'],
  );
  assert.match(String(rows('all', 'certificates')[0]?.pem), /BEGIN CERTIFICATE/);
  assert.deepEqual(
    rows('all', 'messages').map(({ messageId }) => messageId),
    ['1@group.test'],
  );
  assert.deepEqual(
    rows('all', 'usage').map(({ account, received }) => [account, received]),
    [['dora@clinic.test', 1]],
  );
  assert(rows('all', 'audit').every(({ account }) => account === 'dora@clinic.test'));
  const [mail] = readdirSync(at('all', 'mail'));
  assert.match(readFileSync(at('all', 'mail', mail!), 'latin1'), /\r\n\r\nhello 1\r\n$/);
  const { files } = JSON.parse(readFileSync(at('all', 'manifest.json'), 'utf8')) as {
    files: { name: string; sha256: string }[];
  };
  assert.equal(files.length, 13);
  let whole = '';
  for (const { name, sha256 } of files) {
    const octets = readFileSync(at('all', name));
    whole += octets.toString('utf8');
    assert.equal(createHash('sha256').update(octets).digest('hex'), sha256, name);
  }
  for (const secret of ['argon2', 'PRIVATE KEY', 'hello 2', addressOf('bram')]) assert(!whole.includes(secret), secret);
  const lock = await gateway.store.lockMaildrop(
    (await gateway.store.registry.findAccount('dora@clinic.test'))!.account.id,
    {
      ...{ session: 't', network: 't' },
    },
  );
  assert(lock !== 'in-use');
  assert.equal(lock.messages, 1, 'it was read, and stays');
  const listing = await gateway.store.listMaildrop(lock);
  assert.equal(listing.retrievedBefore(0), false, 'and does not count as collected');

  const busy = await run('clinic', 'busy', '--messages', '--reason', 'portability');
  assert.match(busy.stdout, /The mailbox of dora@clinic\.test was open; its messages are not here/);
  await gateway.store.releaseMaildrop(lock);
  const trail = await sluisHere(['audit', 'list', '--event', 'evidence.export', '--config', gateway.config.file]);
  assert.match(trail.stdout, /organisation=clinic messages=true .*reason=portability/);
});

test('mistakes are told with what to do', async () => {
  assert.match((await run('clinic', 'x')).stderr, /without --reason TEXT/);
  assert.match((await run('clinic', 'all', '--reason', 'r')).stderr, /Cannot make the folder .*name a new folder/);
  assert.match((await run('nobody', 'y', '--reason', 'r')).stderr, /Cannot find organisation "nobody"/);
});

test('the privacy report tells the rules, the oldest message and what nobody said', async () => {
  const ran = await sluisHere(['privacy', 'report', '--config', gateway.config.file]);
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stdout, /messages that nobody fetched +setting keep-uncollected, 90 days .* 20\d\d-/);
  assert.match(ran.stdout, /deleted, expired and withdrawn messages +14d/);
  assert.match(ran.stdout, /held +delivery\.keep-held, 30d, then the sender is told +the daily round, at 07:00/);
  assert.match(ran.stdout, /clinic +processor-agreement/);
  assert.match(
    ran.stdout,
    /No day before yesterday can still be read|DAY +LEFT +NOT FETCHED +DELETED +QUEUE +MAILBOXES +UNTIL/,
  );
  assert.match(ran.stdout, /group +purpose legal-basis processor-agreement/);
  const reminded = async (): Promise<boolean> => {
    const checked = await sluisHere(['check', '--config', gateway.config.file]);
    assert.equal(checked.code, 0, checked.stderr);
    return checked.stdout.includes('Warning: nobody said purpose, legal basis or processor agreement');
  };
  assert.equal(await reminded(), true);
  const said = { purpose: 'care', 'legal-basis': 'article 9', 'processor-agreement': 'VO-1 of 2026-10-01' };
  const all = await gateway.store.registry.listOrganisations({ limit: 10 });
  for (const { name } of all) await gateway.store.registry.changeSettings({ scope: 'organisation', name }, said, actor);
  const again = await sluisHere(['privacy', 'report', '--config', gateway.config.file]);
  assert.match(again.stdout, /Every organisation has purpose, legal basis and processor agreement/);
  assert.equal(await reminded(), false);
});
