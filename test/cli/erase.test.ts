/**
 * `sluis organisation erase` on a whole gateway: planned, refused while mail waits, done, told by a
 * statement that openssl checks.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import { hashPassword } from '../../src/crypto/passwords/password.ts';
import { meaningOf } from '../../src/domain/audit-events.ts';
import { commandsOn, sluisHere } from '../support/command-line.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { fetchAll, send } from '../support/mail.ts';
import { type MailGateway, startMailGateway } from '../support/mail-people.ts';
import { address } from '../support/store.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-erase-'));
const at = (name: string): string => join(folder, name);
const actor = { name: 'test' };
const ACCOUNTS = 250;
let gateway: MailGateway;

const letter = (id: string, to: string): Buffer =>
  Buffer.from(
    `From: <${addressOf('anna')}>\r\nTo: ${to}\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${id}@group.test>\r\nSubject: s\r\n\r\nhello\r\n`,
  );
const submit = (to: readonly string[], id: string): Promise<string> =>
  send(gateway.target('submission'), loginOf('anna'), {
    from: addressOf('anna'),
    to,
    content: letter(id, to.join(', ')),
  });

before(async () => {
  gateway = await startMailGateway({ accounts: ['anna', 'bram'] });
  const { registry } = gateway.store;
  await registry.addOrganisation(
    { name: 'clinic', title: 'Kliniek Zuid', language: 'nl', contact: 'boss@kliniek.example', telephone: '0201234567' },
    actor,
  );
  const password = { name: 'first', hash: await hashPassword('Secret-dora-pw') };
  const many = Array.from({ length: ACCOUNTS }, (_, n) => `mail${n}@clinic.test`);
  await registry.importAccounts(
    ['dora@clinic.test', ...many].map((login) => ({
      ...{ login, organisation: 'clinic', kind: 'mail' as const, addresses: [address(login)], password },
    })),
    actor,
  );
  await registry.setDelegation(address('dora@clinic.test'), addressOf('anna'), true, actor);
});
after(async () => {
  await gateway.remove();
  rmSync(folder, { recursive: true, force: true });
});

const { run, done } = commandsOn(() => gateway.config.file);
async function refused(told: RegExp, ...args: string[]): Promise<void> {
  const ran = await run(...args);
  assert.notEqual(ran.code, 0);
  assert.match(ran.stderr, told);
}
const erase = (file: string, ...more: string[]): string[] => [
  ...['organisation', 'erase', 'clinic', '--statement', at(file), '--yes', '--reason', 'contract ended', ...more],
];

/** Every text of the database that has `needle`, by table. */
function tablesWith(needle: string): string[] {
  const db = new Database(join(gateway.folder, 'data', 'sluis.db'), { readonly: true });
  const tables = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all() as string[];
  const found = tables.filter((table) =>
    db
      .prepare(`SELECT * FROM "${table}"`)
      .all()
      .some((row) =>
        JSON.stringify(row, (_, value: unknown) => (typeof value === 'bigint' ? Number(value) : value)).includes(
          needle,
        ),
      ),
  );
  db.close();
  return found.sort();
}

test('a contract ends: planned, refused until it may be, erased, and told by a statement', async () => {
  await gateway.give('dora', { email: 'dora@clinic.test', login: 'dora@clinic.test', keep: true });
  await submit(['dora@clinic.test', addressOf('bram')], 'both');
  await submit(['mail7@clinic.test'], 'one');
  const plan = await done('organisation', 'erase', 'clinic');
  assert.match(plan, /Accounts: +251, active: /);
  assert.match(plan, /In mailboxes: +2 messages/);
  await refused(
    /accounts are active \(.*\); suspend them first with "sluis organisation suspend clinic"/,
    ...erase('no.eml'),
  );
  for (const login of ['dora@clinic.test', ...Array.from({ length: ACCOUNTS }, (_, n) => `mail${n}@clinic.test`)])
    await gateway.store.registry.setAccountState(login, 'suspended', actor);
  await refused(/messages are in its mailboxes \(2\) .*--discard-mail/, ...erase('no.eml'));
  await refused(/add --yes and --reason TEXT/, 'organisation', 'erase', 'clinic', '--statement', at('no.eml'));
  assert.deepEqual(tablesWith('0201234567'), ['organisation'], 'nothing was erased by what was refused');

  assert.match(await done(...erase('gone.eml', '--discard-mail')), /251 accounts, 2 messages, \d+ rows/);
  assert.deepEqual(tablesWith('0201234567'), []);
  assert.deepEqual(tablesWith('boss@kliniek'), []);
  const left = tablesWith('dora@clinic.test');
  // Blocked, issued, the trail of others' mail: what the statement says is kept.
  assert.deepEqual(left, ['address', 'audit', 'certificate', 'certificate_address', 'message']);
  const { registry, certificates } = gateway.store;
  assert.equal(await registry.findLogin('dora@clinic.test'), undefined);
  assert.equal((await registry.findRecipient(address('dora@clinic.test') as never))?.address.state, 'ended');
  await assert.rejects(registry.addAddress(addressOf('anna'), address('dora@clinic.test'), actor));
  const [certificate] = await certificates.listCertificates({
    limit: 10,
    login: (await registry.listAccounts({ limit: 1, organisation: 'clinic' }))[0]!.account.login,
  });
  assert(certificate === undefined || (certificate.revoked !== undefined && !certificate.keyHeld));
  assert.equal((await fetchAll(gateway.target('pop3s'), loginOf('bram'))).length, 1, "bram's copy is his");
  assert.equal((await gateway.store.audit.verify()).kind, 'intact');

  writeFileSync(at('evidence.pem'), (await done('evidence', 'certificate')).split('\n\n')[0]!);
  const checked = spawnSync(
    'openssl',
    ['cms', '-verify', '-in', at('gone.eml'), '-CAfile', at('evidence.pem'), '-out', at('x')],
    { encoding: 'utf8' },
  );
  assert.match(checked.stderr, /CMS Verification successful/);
  const words = await sluisHere([
    'trace',
    '--verify',
    at('gone.eml'),
    '--certificate',
    at('evidence.pem'),
    '--config',
    at('none'),
  ]);
  assert.equal(words.code, 0, words.stderr);
  assert.match(words.stdout, /STATEMENT OF DELETION[^]*251 accounts[^]*WHAT IS KEPT, WHY AND UNTIL WHEN/);
  const [, erasedRows = '', keptRows = ''] =
    /who and where of (\d+) rows of the audit trail[^]*who and where of (\d+) rows of access and change, until 203\d-\d\d-\d\d/.exec(
      words.stdout,
    ) ?? [];
  assert.ok(Number(erasedRows) > 0 && Number(keptRows) > 0, words.stdout);
  const naming = (await gateway.store.audit.read({ fromSeq: 1, limit: 5000 })).filter(({ personal }) =>
    JSON.stringify(personal ?? {}).includes('@clinic.test'),
  );
  assert.ok(naming.length > 0);
  for (const { event } of naming) assert.match(meaningOf(event).kind, /^(access|change)$/, event);
  assert.match(readFileSync(at('gone.eml'), 'latin1'), /Subject: Statement of deletion of clinic/);
  assert.match(await done('audit', 'list', '--event', 'evidence.deletion'), /reason=contract ended/);
  assert.match(await done('audit', 'list', '--event', 'registry.organisation-erased'), /organisation=clinic/);

  // A crash before the statement was written: the same command goes on, and finds all of it done.
  assert.match(await done(...erase('again.eml')), /0 messages, 0 rows/);
});

test('a step erases a bounded part, and refuses while an account has not ended', async () => {
  await assert.rejects(
    gateway.store.registry.eraseOrganisation('group', actor),
    /has not ended, so nothing was erased/,
  );
  await assert.rejects(gateway.store.registry.eraseOrganisation('nobody', actor), /There is no organisation "nobody"/);
});
