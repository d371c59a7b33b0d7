/**
 * A new master key, killed before each of its steps: the old key or the new one opens everything,
 * and the command run once more comes to its end. Everything is: messages of two days, keys of the
 * authority, of the audit trail, of mail (S/MIME and OpenPGP), and a partner's password.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadConfig } from '../../src/config/load.ts';
import { readMasterKey } from '../../src/config/master-key.ts';
import { auditKeys } from '../../src/crypto/keys/audit-keys.ts';
import { evidenceKey } from '../../src/crypto/trail/evidence-keys.ts';
import { keyFingerprint } from '../../src/crypto/keys/key-fingerprint.ts';
import { addressKey } from '../../src/domain/address.ts';
import { openForCommand } from '../../src/gateway/admin.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { sluisHere } from '../support/command-line.ts';
import { MemoryLog } from '../support/log.ts';
import { address, deliver, readAll } from '../support/store.ts';
import { FakeClock } from '../support/clock.ts';

const PROGRAM = fileURLToPath(new URL('support/rotate-until.ts', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluis-rotate-'));
const origin = join(folder, 'origin');
const content = randomBytes(300_000);
after(() => rmSync(folder, { recursive: true, force: true }));

async function done(at: string, ...args: string[]): Promise<string> {
  const ran = await sluisHere([...args, '--config', join(at, 'sluis.toml')], 'yes\n');
  assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}

before(async () => {
  await done(origin, 'init', '--hostname', 'mail.group.test', '--dev-certificates');
  const toml = join(origin, 'sluis.toml');
  // A store that makes 64 MiB of reserve at each start would take a minute here.
  writeFileSync(toml, readFileSync(toml, 'utf8').replace(/^# ?reserve = .*$/m, 'reserve = "1MiB"'));
  await done(origin, 'organisation', 'add', 'brug', '--title', 'Praktijk De Brug');
  const mail = ['--organisation', 'brug', '--kind', 'mail', '--no-password'];
  await done(origin, 'account', 'add', 'anna@group.test', ...mail);
  await done(origin, 'ca', 'init', '--name', 'Test');
  await done(origin, 'cert', 'issue', '--account', 'anna@group.test', '--for', 'mail', '--keep-key', '--key', 'p256');
  await done(origin, 'pgp', 'key', 'issue', '--address', 'anna@group.test', '--keep-key');
  await done(origin, 'evidence', 'certificate');
  writeFileSync(join(folder, 'secret'), 'open sesame\n');
  await done(
    origin,
    ...['partner', 'add', 'hospital', '--organisation', 'brug', '--host', 'localhost'],
    ...['--login', 'us', '--password-file', join(folder, 'secret')],
  );
  const config = loadConfig(join(origin, 'sluis.toml'));
  for (const ahead of [0, 86_400_000]) {
    const clock = new FakeClock(Date.now() + ahead);
    const { store } = await openForCommand(config, { clock, log: new MemoryLog() });
    await deliver(store, content, 'anna@group.test');
    await store.close();
  }
  await auditKeys(config.keys.folder, () => readMasterKey(config), randomBytes);
});

/**
 * Opens everything with the key that the configuration gives; answers that key's fingerprint.
 * Throws if the store refuses it.
 */
async function proven(at: string): Promise<string> {
  const config = loadConfig(join(at, 'sluis.toml'));
  const log = new MemoryLog();
  const { store, context } = await openForCommand(config, { clock: systemClock, log });
  try {
    const { account } = (await store.registry.findAccount('anna@group.test'))!;
    const lock = await store.lockMaildrop(account.id, { session: 's', network: '192.0.2.1' });
    assert(lock !== 'in-use');
    const listing = await store.listMaildrop(lock);
    assert.equal(listing.count, 2);
    for (const n of [0, 1]) assert.deepEqual(await readAll(await store.openEntry(lock, listing.uidOf(n))), content);
    await store.releaseMaildrop(lock);

    const key = addressKey(address('anna@group.test'));
    const [held] = (await store.certificates.findMail(key)).certificates.filter((c) => c.sealedKey !== undefined);
    assert((await context.mail.seals.open(held!.fingerprint, held!.sealedKey!)).ok);
    const [pgp] = await store.pgpKeys.findMail(key);
    assert((await context.mail.pgp.seals.open(pgp!.fingerprint, pgp!.sealedKey!)).ok);
    const partner = await store.registry.findPartnerNamed('hospital');
    const secrets = await context.partners.seals.open('hospital', partner!.sealed);
    assert(secrets.ok);
    assert.equal(secrets.value.password, 'open sesame');
    for (const { role, fingerprint } of await store.certificates.listAuthorities()) {
      assert(role !== 'cross');
      assert((await context.ca.keys.load({ role, fingerprint })).ok, role);
    }
    await auditKeys(
      config.keys.folder,
      () => readMasterKey(config),
      () => assert.fail('the key is there'),
    );
    const keys = { keyFolder: config.keys.folder, masterKey: () => readMasterKey(config), hostname: config.hostname };
    await evidenceKey({ ...keys, random: () => assert.fail('the key is there') }, systemClock.now());
    assert.equal((await store.audit.verify()).kind, 'intact');
  } finally {
    await store.close();
  }
  return keyFingerprint(await readMasterKey(config));
}

const copied = (name: string): string => {
  const at = join(folder, name);
  cpSync(origin, at, { recursive: true });
  return at;
};
const rotating = (at: string, step?: number) =>
  spawnSync(
    process.execPath,
    [PROGRAM, '--config', join(at, 'sluis.toml'), ...(step === undefined ? [] : ['--at', String(step)])],
    {
      encoding: 'utf8',
    },
  );

test('killed before any of its steps, the old key or the new one opens everything, and the next run ends it', async (t) => {
  const old = await proven(copied('first'));
  const whole = copied('whole');
  const steps = rotating(whole).stdout.trimEnd().split('\n');
  const renewed = await proven(whole);
  assert.notEqual(renewed, old);
  // Three sealed columns, two days, authority, audit key: every kind is among the steps.
  for (const kind of [
    /^stage \d{4}/,
    /^stage ca\//,
    /^stage audit\//,
    /^stage evidence\//,
    /^commit$/,
    /^put ca\//,
    /^put the key$/,
  ])
    assert(
      steps.some((step) => kind.test(step)),
      String(kind),
    );
  let [before, between, behind] = [0, 0, 0];
  for (let n = 1; n <= steps.length; n += 1) {
    const at = copied(`step${n}`);
    const ran = rotating(at, n);
    assert.equal(ran.signal, 'SIGKILL', ran.stderr);
    let now: string | undefined;
    try {
      now = await proven(at);
    } catch (error) {
      assert.match(String(error), /new master key was being made/, `step ${n}: ${steps[n - 1]}`);
    }
    if (now === old) before += 1;
    else if (now === undefined) between += 1;
    else behind += 1;
    // Another crash on the way back does no harm either.
    if (now === undefined) assert.equal(rotating(at, 1).signal, 'SIGKILL');
    const again = rotating(at);
    assert.equal(again.status, 0, `step ${n}: ${again.stderr}`);
    const last = await proven(at);
    assert.notEqual(last, old, `step ${n}`);
    const keys = join(at, 'keys');
    assert(!existsSync(join(keys, 'rotation')) && !existsSync(join(at, 'master.key.new')));
    assert.deepEqual(
      readdirSync(keys, { recursive: true }).filter((name) => String(name).endsWith('.new')),
      [],
    );
    // The old key is kept, and it opens what was sealed before.
    const kept = readdirSync(at).filter((name) => name.startsWith('master.key.before-'));
    const texts = kept.map((name) => keyFingerprint(Buffer.from(readFileSync(join(at, name), 'utf8').trim(), 'hex')));
    assert(texts.includes(old), `step ${n}: ${kept.join(' ')}`);
    rmSync(at, { recursive: true });
  }
  t.diagnostic(`${steps.length} steps: old key ${before}, to be resumed ${between}, new key ${behind}`);
  assert(before > 5 && between > 3);
});

test('what the old key does not open stops it before anything is changed, and the file is named', async () => {
  const at = copied('damaged');
  const config = loadConfig(join(at, 'sluis.toml'));
  const [ca] = readdirSync(join(config.keys.folder, 'ca'));
  const path = join(config.keys.folder, 'ca', ca!);
  const whole = readFileSync(path);
  const damaged = Buffer.from(whole);
  damaged[20]! ^= 1;
  writeFileSync(path, damaged);
  const refused = rotating(at);
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, new RegExp(`the file ".*${ca}" does not open`));
  writeFileSync(path, whole);
  writeFileSync(join(config.keys.folder, 'notes.txt'), 'what is this');
  assert.match(rotating(at).stderr, /notes\.txt" is none that the gateway puts there/);
  rmSync(join(config.keys.folder, 'notes.txt'));
  const before = await proven(at);
  assert.equal(rotating(at).status, 0);
  assert.notEqual(await proven(at), before);
});
