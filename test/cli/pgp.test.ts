/**
 * `sluis pgp`: keys and messages on the command line, first while nobody serves, then against a
 * gateway; keys of GnuPG come in the peer suite.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { PgpInspectView } from '../../src/commands/pgp/views.ts';
import type { PgpKeyView } from '../../src/admin/pgp-views.ts';
import type { ProtectionView } from '../../src/commands/smime/views.ts';
import { Pgp } from '../../src/crypto/pgp/pgp.ts';
import { letter, makeKey, must, protectedBy, secretOf } from '../crypto/pgp/support.ts';
import { type Ran, type Running, commandsOn, serving } from '../support/command-line.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-pgp-'));
const pgp = new Pgp();
let gateway: Running | undefined;
after(async () => {
  assert.equal(await gateway?.end(), 0);
  await pgp.close();
  rmSync(folder, { recursive: true, force: true });
});
const at = (name: string): string => join(folder, name);
const { run, done, json } = commandsOn(() => at('sluis.toml'));
async function ends(code: number, text: RegExp, ...args: string[]): Promise<void> {
  const ran = await run(...args);
  assert.match(ran.stdout + ran.stderr, text);
  assert.equal(ran.code, code, `${args.join(' ')}: ${ran.stdout}${ran.stderr}`);
}

before(async () => {
  await done('init', '--hostname', 'mail.group.test', '--dev-certificates');
  await done('organisation', 'add', 'brug', '--title', 'Praktijk De Brug');
  for (const name of ['anna', 'bert'])
    await done('account', 'add', `${name}@group.test`, '--organisation', 'brug', '--kind', 'mail', '--no-password');
  writeFileSync(at('pass.txt'), 'open sesame\n');
});

test('a key is issued for an address, exported, and taken over elsewhere', async () => {
  await ends(2, /add --keep-key or --out/, 'pgp', 'key', 'issue', '--address', 'anna@group.test');
  await ends(3, /no\w* address|registered/, 'pgp', 'key', 'issue', '--address', 'x@group.test', '--keep-key');
  await ends(
    2,
    /is not a day in the next/,
    'pgp',
    'key',
    'issue',
    '--address',
    'anna@group.test',
    '--keep-key',
    '--ends',
    '2001-01-01',
  );
  const issue = ['pgp', 'key', 'issue', '--address', 'anna@group.test', '--keep-key', '--out', at('anna.asc')];
  const key = await json<PgpKeyView>(...issue, '--password-file', at('pass.txt'));
  assert.deepEqual(
    [key.account, key.addresses, key.keyHeld, key.problem],
    ['anna@group.test', ['anna@group.test'], true, undefined],
  );
  assert.equal('secret' in key, false, 'a private key is never printed');
  assert.equal(statSync(at('anna.asc')).mode & 0o777, 0o600);
  const [read] = must(await pgp.run({ kind: 'read-keys', octets: readFileSync(at('anna.asc')) }));
  assert.deepEqual([read?.fingerprint, read?.secret?.locked], [key.fingerprint, true]);
  await ends(4, /exists, and nothing is overwritten/, ...issue);

  await done('pgp', 'key', 'export', key.fingerprint.slice(-16), '--out', at('anna.pub'));
  const [shown] = must(await pgp.run({ kind: 'read-keys', octets: readFileSync(at('anna.pub')) }));
  assert.deepEqual([shown?.fingerprint, shown?.secret], [key.fingerprint, undefined]);
  await done('pgp', 'key', 'export', key.fingerprint, '--secret', '--out', at('secret.asc'));
  assert.match(readFileSync(at('secret.asc'), 'latin1'), /BEGIN PGP PRIVATE/);
  const trail = await done('audit', 'list', '--json');
  for (const event of ['pgp-key.issued', 'pgp-key.secret-added', 'pgp-key.secret-exported'])
    assert(trail.includes(event), event);
});

test('a key is imported for an address that it names, its secret half only when told', async () => {
  // Nobody served until here.
  gateway = await serving(at('sluis.toml'));
  const bert = await makeKey(pgp, 'bert');
  writeFileSync(
    at('bert.key'),
    must(await pgp.run({ kind: 'lock-key', secretKey: secretOf(bert), passphrase: 'open sesame' })),
  );
  const importing = ['pgp', 'key', 'import', at('bert.key')];
  await ends(2, /either --address or --account/, ...importing);
  await ends(2, /do not name that address/, ...importing, '--address', 'anna@group.test');
  await ends(2, /names no address of account/, ...importing, '--account', 'anna@group.test');
  await ends(2, /under a passphrase/, ...importing, '--address', 'bert@group.test', '--keep-key');
  const without = await json<PgpKeyView>(...importing, '--address', 'bert@group.test');
  assert.deepEqual([without.fingerprint, without.keyHeld], [bert.fingerprint, false]);
  assert.match(
    await done(...importing, '--account', 'bert@group.test', '--keep-key', '--password-file', at('pass.txt')),
    /Was registered already/,
  );
  const [listed] = await json<PgpKeyView[]>('pgp', 'key', 'list', '--address', 'bert@group.test');
  assert.equal(listed?.keyHeld, true);
  writeFileSync(at('none'), 'no key');
  await ends(2, /Cannot read the key/, 'pgp', 'key', 'import', at('none'), '--account', 'bert@group.test');

  // What the operator knows is joined with what comes: the secret key stays when the public one is
  // registered again.
  writeFileSync(at('bert.pub'), bert.publicKey);
  assert.equal(
    (await json<PgpKeyView>('pgp', 'key', 'import', at('bert.pub'), '--address', 'bert@group.test')).keyHeld,
    true,
  );
});

test('smime test tells of PGP too', async () => {
  await done('address', 'set', 'bert@group.test', 'encrypt=required', 'protection-by=pgp');
  const view = await json<ProtectionView>('smime', 'test', 'bert@group.test', '--from', 'anna@group.test');
  assert.deepEqual([view.by, view.outcome, view.pgpKeys.map(({ used }) => used)], ['pgp', 'interop', [true]]);
  assert.match(view.pgpSigner ?? '', /^[0-9a-f]{40}$/);
  const text = await done('smime', 'test', 'bert@group.test', '--from', 'anna@group.test');
  assert.match(text, /signed and encrypted, profile interop \(PGP\)[\s\S]*OPENPGP KEY[\s\S]*used/);
  await done('address', 'set', 'bert@group.test', 'encrypt=never');
});

test('inspect tells form, readers and signatures, and never the content', async () => {
  const [anna] = must(await pgp.run({ kind: 'read-keys', octets: readFileSync(at('secret.asc')) }));
  const [bert] = must(await pgp.run({ kind: 'read-keys', octets: readFileSync(at('bert.pub')) }));
  assert(anna !== undefined && bert !== undefined);
  const inspect = (file: string, ...rest: string[]): Promise<Ran> => run('pgp', 'inspect', at(file), '--json', ...rest);
  const mail = await protectedBy(pgp, letter(), { secretKeys: [secretOf(anna)] });
  writeFileSync(at('signed.eml'), mail);
  const signed = await inspect('signed.eml');
  assert.equal(signed.code, 0, signed.stderr);
  const view = JSON.parse(signed.stdout) as PgpInspectView;
  assert.deepEqual(
    [view.form, view.standing, view.signatures[0]?.fingerprint],
    ['pgp-signed', 'valid', anna.fingerprint],
  );
  writeFileSync(at('changed.eml'), Buffer.from(mail.toString('latin1').replace('- dash', '- DASH'), 'latin1'));
  const changed = await inspect('changed.eml');
  assert.deepEqual([changed.code, (JSON.parse(changed.stdout) as PgpInspectView).signatures[0]?.state], [5, 'wrong']);

  const closed = await protectedBy(pgp, letter(), { secretKeys: [secretOf(anna)], publicKeys: [bert.publicKey] });
  writeFileSync(at('closed.eml'), closed);
  const outside = JSON.parse((await inspect('closed.eml')).stdout) as PgpInspectView;
  assert.deepEqual(
    [outside.form, outside.opened, outside.standing, outside.readers.length],
    ['pgp-encrypted', false, 'unsigned', 1],
  );
  const inside = await inspect('closed.eml', '--as', 'bert@group.test');
  const seen = JSON.parse(inside.stdout) as PgpInspectView;
  assert.deepEqual([inside.code, seen.opened, seen.standing], [0, true, 'valid']);
  assert.doesNotMatch(inside.stdout, /UNZ/);
  await ends(9, /encrypted; look inside with --as/, 'pgp', 'inspect', at('closed.eml'));
  writeFileSync(
    at('inline.eml'),
    'From: <anna@group.test>\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nwV4D\r\n-----END PGP MESSAGE-----\r\n',
  );
  await ends(9, /encrypted inside its text/, 'pgp', 'inspect', at('inline.eml'));
  await ends(2, /ENOENT/, 'pgp', 'inspect', at('nothing.eml'));
});

test('a revoked key is out at once, says so itself, and opens old mail until it is forgotten', async () => {
  const [key] = await json<PgpKeyView[]>('pgp', 'key', 'list', '--address', 'bert@group.test');
  assert(key !== undefined);
  await done('pgp', 'key', 'revoke', key.fingerprint, '--why', 'laptop lost');
  const [revoked] = await json<PgpKeyView[]>('pgp', 'key', 'list', '--account', 'bert@group.test');
  assert.deepEqual([revoked?.revoked?.reason, revoked?.problem], ['laptop lost', 'it was revoked']);
  await done('pgp', 'key', 'export', key.fingerprint, '--out', at('revoked.asc'));
  const [said] = must(await pgp.run({ kind: 'read-keys', octets: readFileSync(at('revoked.asc')) }));
  assert.equal(said?.revoked, true);
  assert.equal((await run('pgp', 'inspect', at('closed.eml'), '--as', 'bert@group.test')).code, 0);
  await ends(4, /revoked already/, 'pgp', 'key', 'revoke', key.fingerprint);
  await done('pgp', 'key', 'forget', key.fingerprint, '--yes', '--reason', 'laptop lost');
  await ends(3, /no private key is held/, 'pgp', 'inspect', at('closed.eml'), '--as', 'bert@group.test');
  await ends(3, /no OpenPGP key "ffff"/, 'pgp', 'key', 'revoke', 'ffff');
  // By fingerprint: either may come first.
  const list = await done('pgp', 'key', 'list');
  assert.match(list, /^FINGERPRINT /);
  assert.match(list, /anna@group\.test.* valid$/m);
  assert.match(list, /bert@group\.test.* revoked$/m);
});

test('keys that end soon are listed by themselves, those that were revoked and those that hold for longer are not', async () => {
  const day = (n: number): string => new Date(Date.now() + n * 86_400_000).toISOString().slice(0, 10);
  const issue = (ends: string): Promise<PgpKeyView> =>
    json<PgpKeyView>('pgp', 'key', 'issue', '--address', 'bert@group.test', '--keep-key', '--ends', ends);
  const [soon, revoked] = [await issue(day(5)), await issue(day(6))];
  await issue(day(40));
  await done('pgp', 'key', 'revoke', revoked.fingerprint);
  const listed = async (within: string, ...args: string[]): Promise<readonly string[]> =>
    (await json<readonly PgpKeyView[]>('pgp', 'key', 'list', '--expiring', within, ...args)).map((k) => k.fingerprint);
  assert.deepEqual(await listed('7d', '--account', 'bert@group.test'), [soon.fingerprint]);
  assert.equal((await listed('60d', '--account', 'bert@group.test')).length, 2);
  await ends(0, /No such OpenPGP key is registered\./, 'pgp', 'key', 'list', '--expiring', '1d');
  await ends(2, /expected a number of days/, 'pgp', 'key', 'list', '--expiring', 'soon');
});
