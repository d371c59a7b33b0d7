/**
 * `sluis backup` and `sluis restore` on a whole gateway: what a restored gateway has, what it
 * refuses, and that no key is ever in a backup.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes, sign } from 'node:crypto';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { BackupView, TakenView } from '../../src/backup/views.ts';
import { backupName } from '../../src/backup/folder.ts';
import { copyKeys } from '../../src/backup/key-copies.ts';
import type { Manifest } from '../../src/backup/manifest.ts';
import { readMasterKey } from '../../src/config/master-key.ts';
import { auditKeys } from '../../src/crypto/keys/audit-keys.ts';
import { keyFingerprint } from '../../src/crypto/keys/key-fingerprint.ts';
import type { Restored } from '../../src/backup/restored.ts';
import { sluisHere } from '../support/command-line.ts';
import { type CommandScene, commandScene } from '../support/command-scene.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { addTestPartner } from '../support/push.ts';
import { Scrape } from '../support/scrape.ts';

const open = (t: TestContext, configuration = '', own = false): Promise<CommandScene> =>
  commandScene(t, { accounts: ['anna', 'bert'], configuration, own });

async function taken(scene: CommandScene, ...args: string[]): Promise<TakenView> {
  return JSON.parse(await scene.done('backup', ...args, '--json')) as TakenView;
}

/** Stops the gateway and puts its data out of sight, as a lost disk would. */
async function loseData({ gateway }: CommandScene): Promise<void> {
  await gateway.stop({ drain: 'none' });
  renameSync(gateway.config.data.folder, `${gateway.config.data.folder}.lost`);
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());

test('a restored gateway has every message, its UIDLs, ids and passwords; what came later is not in it, and it says so', async (t) => {
  const scene = await open(t);
  const { gateway, at, done, submit } = scene;
  await submit(addressOf('bert'), 'small');
  await submit(addressOf('bert'), 'large', 900_000);
  const before = await Pop3Client.open(gateway.target('pop3'), loginOf('bert'));
  const uidls = [...(await before.uidl())];
  const contents = [await before.fetch(1), await before.fetch(2)];
  await before.quit();
  await done('audit', 'anchor');
  const backup = await taken(scene, at('backups'));
  await submit(addressOf('bert'), 'later');
  await done('audit', 'anchor');

  await loseData(scene);
  const anchors = readdirSync(join(gateway.config.keys.folder, 'anchors')).map((name) =>
    join(gateway.config.keys.folder, 'anchors', name),
  );
  const text = await done('restore', backup.path, '--reason', 'disk lost', '--anchors', anchors[0] ?? '');
  for (const step of ['manifest', 'checksums', 'pages', 'schema', 'counts', 'trail', 'keys', 'content', 'place'])
    assert.match(text, new RegExp(`^ok +${step} `, 'm'));
  assert.match(text, /2 of 2 bodies were opened and have their SHA-256/);
  assert.match(text, /What was accepted, fetched, changed or revoked after that moment is not in it/);
  assert.match(text, /anchors prove that the audit trail had gone on to row \d+/);

  const again = await gateway.restart();
  t.after(() => again.stop({ drain: 'none' }));
  const after = await Pop3Client.open(again.target('pop3'), loginOf('bert'));
  assert.deepEqual([...(await after.uidl())], uidls);
  assert.deepEqual([await after.fetch(1), await after.fetch(2)], contents);
  await after.quit();
  const rows = await done('audit', 'list', '--event', 'backup.', '--json');
  const [restored] = (JSON.parse(rows) as { event: string; facts: Record<string, unknown> }[]).filter(
    ({ event }) => event === 'backup.restored',
  );
  assert.equal(restored!.facts.backup, backup.backup);
  assert.equal(restored!.facts.reason, 'disk lost');
  assert.equal(typeof restored!.facts.actor, 'string');
  // Anchors that are later than the backup tell of the trail that was lost.
  assert.match(await done('audit', 'verify'), /the chain holds.*\nRESTORED on /s);
});

test('no key is in a backup, and no content: neither day keys nor the master key, in any form', async (t) => {
  const scene = await open(t);
  const { gateway, at, submit } = scene;
  await submit(addressOf('bert'), 'sealed-content-marker');
  const { path } = await taken(scene, at('backups'));
  const master = readFileSync(join(gateway.folder, 'master.key'), 'utf8').trim();
  const secrets = [
    Buffer.from(master),
    Buffer.from(master, 'hex'),
    Buffer.from(Buffer.from(master, 'hex').toString('base64').slice(0, 40)),
    Buffer.from('end of sealed-content-marker'),
  ];
  for (const file of filesOf(gateway.config.keys.folder))
    if (file.endsWith('.key')) secrets.push(readFileSync(file).subarray(-48));
  assert.ok(secrets.length > 5, 'a day key and the key of the audit trail are looked for');
  const files = filesOf(path);
  assert.deepEqual(files.map((file) => file.slice(path.length + 1).replace(/mail\.test-.*jsonl/, 'DAY')).sort(), [
    'audit-anchors/DAY',
    'audit-anchors/anchor.pem',
    'manifest.json',
    'manifest.json.sig',
    'sluis.db',
    'sluis.toml',
  ]);
  for (const file of files) {
    const octets = readFileSync(file);
    for (const secret of secrets) assert.equal(octets.includes(secret), false, `${file} has a secret`);
    assert.equal(statSync(path).mode & 0o077, 0, 'others may look into it');
  }
});

test('the manifest tells what is in a backup, and openssl can check its signature', async (t) => {
  const scene = await open(t);
  const { gateway, at, submit } = scene;
  await submit(addressOf('bert'), 'one');
  const view = await taken(scene, at('backups'));
  const manifest = JSON.parse(readFileSync(join(view.path, 'manifest.json'), 'utf8')) as Manifest;
  assert.equal(manifest.store.storeId, gateway.store.id);
  assert.equal(manifest.store.masterKey, keyFingerprint(await readMasterKey(gateway.config)));
  assert.equal(manifest.store.counts.messages, 1);
  assert.equal(manifest.store.counts.accounts, 3);
  assert.equal(manifest.hostname, 'mail.test');
  for (const { name, octets } of manifest.files) assert.equal(statSync(join(view.path, name)).size, octets, name);
  const checked = spawnSync(
    'openssl',
    [
      ...['pkeyutl', '-verify', '-pubin', '-inkey', join(gateway.config.keys.folder, 'audit', 'anchor.pem'), '-rawin'],
      ...['-in', join(view.path, 'manifest.json'), '-sigfile', join(view.path, 'manifest.json.sig')],
    ],
    { encoding: 'utf8' },
  );
  assert.match(checked.stdout + checked.stderr, /Verified Successfully/);
});

test('deliveries that waited are held after a restore until they are released, or pushed where that was asked for', async (t) => {
  const scene = await open(t);
  const { gateway, at, run, done, submit } = scene;
  await addTestPartner(gateway.store, 'lab', { host: '127.0.0.1', port: 9, tls: 'starttls', connections: 1 });
  await done('partner', 'suspend', 'lab');
  await submit('results@lab.test', 'queued');
  const backup = await taken(scene, at('backups'));
  await loseData(scene);
  const restored = JSON.parse(await done('restore', backup.path, '--reason', 'disk lost', '--json')) as Restored;
  assert.equal(restored.settled?.held, 1);
  rmSync(gateway.config.data.folder, { recursive: true });
  const pushed = await run('restore', backup.path, '--reason', 'disk lost', '--push');
  assert.match(pushed.stdout, /1 delivery will be pushed at the start/);
  rmSync(gateway.config.data.folder, { recursive: true });
  const text = await done('restore', backup.path, '--reason', 'disk lost');
  assert.match(text, /1 delivery to partners is held.*\n.*queue release --partner NAME/);
  const states = async (): Promise<string[]> => {
    const listed = JSON.parse(await done('queue', 'list', '--json', '--partner', 'lab')) as {
      deliveries: { state: string }[];
    };
    return listed.deliveries.map(({ state }) => state);
  };
  assert.deepEqual(await states(), ['held']);
  await done('queue', 'release', '--partner', 'lab');
  assert.deepEqual(await states(), ['waiting']);
});

test('a restore refuses: a place with a store, no reason, other keys, a backup that was changed in any file', async (t) => {
  const scene = await open(t);
  const { gateway, at, run, submit } = scene;
  await submit(addressOf('bert'), 'one', 300_000);
  const { path } = await taken(scene, at('backups'));
  const there = await run('restore', path, '--reason', 'test');
  assert.equal(there.code, 4);
  assert.match(
    there.stderr,
    /it has "sluis\.db", and nothing is ever restored over a store; move the old database away/,
  );
  await loseData(scene);
  assert.match((await run('restore', path)).stderr, /without --reason TEXT/);
  // Nobody has to sign here, so no request has a reason.
  assert.match((await run('restore', path, '--approval', at('ask.json'))).stderr, /without --reason TEXT/);
  assert.match(
    (await run('restore', at('backups'), '--reason', 'x')).stderr,
    /has no manifest\.json; name the folder of one/,
  );

  for (const [option, expected] of [
    ['--key', /Cannot use ".*nowhere" as a public key of the audit trail: ENOENT; expected a PEM file/],
    ['--anchors', /Cannot read anchors from ".*nowhere": ENOENT; name a file with signed heads/],
  ] as const) {
    const ran = await run('restore', path, '--reason', 'x', option, at('nowhere'));
    assert.equal(ran.code, 2);
    assert.match(ran.stderr, expected);
  }

  const refused = async (what: string, break_: (copy: string) => void, expected: RegExp): Promise<void> => {
    const copy = at(`broken-${what}`);
    cpSync(path, copy, { recursive: true });
    break_(copy);
    const ran = await run('restore', copy, '--reason', 'x');
    assert.equal(ran.code, 5, what);
    assert.match(ran.stderr, expected, what);
    assert.equal(existsSync(join(gateway.config.data.folder, 'sluis.db')), false, what);
    assert.deepEqual(
      readdirSync(gateway.config.data.folder).filter((name) => name.startsWith('sluis.db')),
      [],
      'nothing is left over',
    );
  };
  const flip = (file: string, at: number): void => {
    const octets = readFileSync(file);
    octets[at] = (octets[at] ?? 0) ^ 1;
    writeFileSync(file, octets);
  };
  const database = readFileSync(join(path, 'sluis.db')).length;
  for (const where of [100, database >> 1, database - 1])
    await refused(
      `octet-${where}`,
      (copy) => flip(join(copy, 'sluis.db'), where),
      /sluis\.db" is not what the manifest says/,
    );
  await refused(
    'configuration',
    (copy) => flip(join(copy, 'sluis.toml'), 5),
    /sluis\.toml" is not what the manifest says/,
  );
  await refused('missing', (copy) => rmSync(join(copy, 'sluis.toml')), /sluis\.toml" cannot be read \(ENOENT\)/);
  await refused('signature', (copy) => flip(join(copy, 'manifest.json.sig'), 5), /its signature is not one of/);
  await refused('unsigned', (copy) => rmSync(join(copy, 'manifest.json.sig')), /its signature is missing/);
  const manifestWith = (copy: string, change: (text: string) => string): void => {
    const file = join(copy, 'manifest.json');
    writeFileSync(file, change(readFileSync(file, 'utf8')));
  };
  await refused(
    'manifest',
    (copy) => manifestWith(copy, (text) => text.replace('"messages": 1', '"messages": 2')),
    /its signature/,
  );

  // Whoever accepts an unsigned manifest still has every other proof.
  const unsigned = at('unsigned');
  cpSync(path, unsigned, { recursive: true });
  manifestWith(unsigned, (text) => text.replace('"messages": 1', '"messages": 2'));
  mkdirSync(at('no-anchors'));
  await scene.refused(
    2,
    /Cannot check the trail against ".*no-anchors": no anchor was read in it/,
    ...['restore', path, '--reason', 'x', '--anchors', at('no-anchors')],
  );
  const counted = await run('restore', unsigned, '--reason', 'x', '--unsigned');
  assert.match(counted.stderr, /it has 1 messages, the manifest says 2/);

  const keys = gateway.config.keys.folder;
  const [day = ''] = readdirSync(keys).filter((name) => /^\d{4}-.*\.key$/.test(name));
  renameSync(join(keys, day), join(keys, 'away'));
  assert.match(
    (await run('restore', path, '--reason', 'x')).stderr,
    /The day key file ".*" is missing.*restore the key folder/,
  );
  renameSync(join(keys, 'away'), join(keys, day));
  const master = join(gateway.folder, 'master.key');
  const right = readFileSync(master, 'utf8');
  writeFileSync(master, `${'ab'.repeat(32)}\n`);
  const needed = (JSON.parse(readFileSync(join(path, 'manifest.json'), 'utf8')) as Manifest).store.masterKey!;
  const found = keyFingerprint(Buffer.from('ab'.repeat(32), 'hex'));
  const wrong = await run('restore', path, '--reason', 'x');
  assert.equal(wrong.code, 5);
  assert.match(
    wrong.stderr,
    new RegExp(
      `the master key at hand is ${found}, and this backup opens with ${needed}: no escrow of it is known here: look for shares whose pages name ${needed} .*${needed}/ in keys.copy-to`,
    ),
  );
  assert.doesNotMatch(wrong.stdout, /checksums/, 'nobody waits for the copy first');
  // As backups were before they named their master key: the database tells it.
  const unnamed = at('unnamed');
  cpSync(path, unnamed, { recursive: true });
  manifestWith(unnamed, (text) => text.replace(/^ *"masterKey": .*\n/m, ''));
  assert.match(
    (await run('restore', unnamed, '--reason', 'x', '--unsigned')).stderr,
    new RegExp(
      `sealing key is not the one that this store was made with: .* ${found}, and ${needed} is needed; no escrow`,
    ),
  );
  writeFileSync(master, right);

  // As backups were before they named their master key.
  const old = at('old');
  cpSync(path, old, { recursive: true });
  manifestWith(old, (text) => text.replace(/^ *"masterKey": .*\n/m, ''));
  assert.equal(readFileSync(join(old, 'manifest.json'), 'utf8').includes('masterKey'), false);
  const accepted = await run('restore', old, '--reason', 'x', '--unsigned');
  assert.equal(accepted.code, 0, accepted.stderr);
  assert.match(accepted.stdout, /Nothing proves that a gateway wrote this backup: its signature could not be checked/);
  const told = JSON.parse(await scene.done('audit', 'list', '--event', 'backup.restored', '--json')) as {
    facts: { signature?: string };
  }[];
  assert.deepEqual(
    told.map(({ facts }) => facts.signature),
    ['unknown'],
  );
  rmSync(gateway.config.data.folder, { recursive: true });
  assert.equal((await run('restore', path, '--reason', 'x')).code, 0);
});

test("a backup refuses a folder that would be lost with the store, lies beside the keys, or is another gateway's", async (t) => {
  const scene = await open(t);
  const { gateway, at, run } = scene;
  const refused = async (folder: string, expected: RegExp): Promise<void> => {
    const ran = await run('backup', folder);
    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.stderr, expected);
  };
  await refused(join(gateway.config.data.folder, 'backups'), /it is in the data folder, and would be lost with it/);
  await refused(join(gateway.config.keys.folder, 'backups'), /it is in the key folder/);
  await taken(scene, at('mine'));
  const other = await open(t, '', true);
  const foreign = await other.run('backup', at('mine'));
  assert.match(foreign.stderr, /of another store \(mail\.test\); name a folder of its own/);
  const nowhere = await run('backup');
  assert.match(nowhere.stderr, /no folder was named, and the configuration has none/);
  writeFileSync(at('file'), '');
  assert.match((await run('backup', at('file'))).stderr, /ENOTDIR|EEXIST/);
});

test('the age of backups, of copies elsewhere and of drills is told at /metrics, and sluis check reminds', async (t) => {
  const scene = await open(t, '[backup]\nfolder = "backups"\ncopy-to = "elsewhere"\n');
  const { gateway, done } = scene;
  const at = (name: string): string => join(gateway.folder, name);
  mkdirSync(at('elsewhere'));
  assert.match(
    await done('check'),
    /Warning: the key folder, .* is copied nowhere, .* set copy-to in the section keys/,
  );
  const empty = await Scrape.of(gateway);
  for (const name of ['sluis_backup_age_seconds', 'sluis_backup_offsite_age_seconds', 'sluis_drill_age_seconds'])
    assert.match(empty.text, new RegExp(`^${name} \\+Inf$`, 'm'), 'none at all is too old for every alarm');
  assert.doesNotMatch(empty.text, /^sluis_backup_duration_seconds /m);
  assert.equal(empty.value('sluis_backup_max_age_seconds'), 26 * 3600);
  assert.match(await done('check'), /Warning: there is no backup in ".*backups" yet: "sluis backup take" takes one/);

  await taken(scene);
  assert.match(
    await done('check'),
    /Warning: no backup was ever restored for a trial: "sluis drill restore" does it, and/,
  );
  await scene.refused(9, /no message in it to open; try again with a backup that has one/, 'drill', 'restore');
  await scene.submit(addressOf('bert'), 'one');
  await taken(scene);
  assert.match(await done('drill', 'restore', '--reason', 'monthly'), /The backup can be restored/);
  const after = (await gateway.admin.backups.state()).newest;
  assert.ok(after !== undefined);
  assert.doesNotMatch(await done('check'), /section backup|no backup in|newest backup|drill/);
  assert.equal(empty.value('sluis_key_copy_configured'), 0);
  assert.equal(empty.value('sluis_drill_configured'), 0);
  assert.equal(empty.value('sluis_drill_max_age_seconds'), 100 * 86400);
  assert.equal(empty.value('sluis_drill_passed'), undefined);
  await gateway.stop();
  const again = await gateway.restart();
  t.after(() => again.stop({ drain: 'none' }));
  const scrape = await Scrape.of(again);
  for (const name of ['sluis_backup_age_seconds', 'sluis_backup_offsite_age_seconds', 'sluis_drill_age_seconds']) {
    const age = scrape.value(name);
    assert.ok(age !== undefined && age >= 0 && age < 600, `${name} outlives a restart: ${age}`);
  }
  assert.equal(scrape.value('sluis_backup_configured'), 1);
  assert.equal(scrape.value('sluis_drill_passed'), 1);
  // What `check` says of drills stands in their reports.
  const drills = join(at('backups'), 'drills');
  const report = JSON.parse(readFileSync(join(drills, readdirSync(drills).sort()[0] ?? ''), 'utf8')) as object;
  const keys = await auditKeys(gateway.config.keys.folder, () => readMasterKey(gateway.config), randomBytes);
  const put = (at: string, change: object, signed = true): void => {
    const text = JSON.stringify({ ...report, ...change, at });
    const file = join(drills, `drill-${backupName(Date.parse(at))}.json`);
    writeFileSync(file, text);
    if (signed) writeFileSync(`${file}.sig`, sign(null, Buffer.from(text), keys.privateKey));
  };
  put('2999-01-01T00:00:00.000Z', { passed: false }, false);
  assert.match(
    await done('check'),
    /Warning: 1 report of drills in ".*drills" is not signed by this gateway, or was changed, such as "drill-2999-01-01T000000Z\.json", and counts for nothing/,
  );
  for (const name of readdirSync(drills)) rmSync(join(drills, name));
  put('2026-11-20T01:02:03.000Z', { passed: false });
  assert.match(
    await done('check'),
    /Warning: the last drill, of 2026-11-20T01:02Z, could not restore its backup: "sluis drill restore" tries again/,
  );
  for (const name of readdirSync(drills)) rmSync(join(drills, name));
  put('2020-01-01T01:02:03.000Z', {});
  assert.match(
    await done('check'),
    /Warning: since 2020-01-01T01:02Z, more than 100d ago, no backup was restored for a trial/,
  );
});

test('what a crash left of a backup is swept by the next, is never listed, and old ones go by the rule', async (t) => {
  const scene = await open(t, '[backup]\nfolder = "../kept"\nkeep = 2\n');
  const { gateway, run, done } = scene;
  const kept = join(gateway.folder, '..', 'kept');
  t.after(() => rmSync(kept, { recursive: true, force: true }));
  const partial = join(kept, '2026-11-25T020000Z.partial');
  mkdirSync(partial, { recursive: true });
  writeFileSync(join(partial, 'sluis.db'), 'half');
  mkdirSync(join(kept, '2026-11-25T030000Z'));
  assert.deepEqual(JSON.parse(await done('backup', 'list', '--json')), []);
  const all: readonly TakenView[] = [await taken(scene), await taken(scene), await taken(scene)];
  assert.equal(existsSync(partial), false);
  assert.deepEqual(all[2]!.removed, [all[0]!.backup]);
  const listed = JSON.parse(await done('backup', 'list', '--json')) as BackupView[];
  assert.deepEqual(
    listed.map(({ backup }) => backup),
    all.slice(1).map(({ backup }) => backup),
  );
  assert.match(await done('backup', 'check'), /sluis\.db: as it was written[^]*opens .* was not tried: "sluis drill/);
  const unsigned = all[1]!.path;
  rmSync(join(unsigned, 'manifest.json.sig'));
  await scene.refused(
    9,
    /nothing proves that the gateway wrote the manifest: .* is missing/,
    'backup',
    'check',
    unsigned,
  );
  const database = join(all[2]!.path, 'sluis.db');
  const octets = readFileSync(database);
  octets[octets.length >> 1] = (octets[octets.length >> 1] ?? 0) ^ 4;
  writeFileSync(database, octets);
  const damaged = await run('backup', 'check');
  assert.equal(damaged.code, 5);
  assert.match(damaged.stdout, /sluis\.db: its SHA-256 is not the one of the manifest/);
});

test('an erased day stays closed in an old backup: it opens without that day, and the others open', async (t) => {
  const scene = await open(t);
  const { gateway, at, submit, done } = scene;
  await submit(addressOf('bert'), 'erased');
  const backup = await taken(scene, at('backups'));
  const keys = gateway.config.keys.folder;
  const [day = ''] = readdirSync(keys).filter((name) => /^\d{4}-.*\.key$/.test(name));
  await loseData(scene);
  // As the sweep does when the last message of the day is gone.
  writeFileSync(join(keys, day.replace('.key', '.erased')), '');
  rmSync(join(keys, day));
  const text = await done('restore', backup.path, '--reason', 'x');
  assert.match(text, /1 were erased, alone or with their day, and stay closed/);
  assert.match(text, /1 message of 1 day that was erased since was taken out/);
});

test('sluis drill restore --keys-from: what the operator sees, as text and JSON, and what is refused', async (t) => {
  const scene = await open(t, '[backup]\nfolder = "backups"\n');
  const { gateway, done, run, submit } = scene;
  const copies = join(gateway.folder, 'keys-copy');
  mkdirSync(copies);
  await submit(addressOf('bert'), 'kept');
  await taken(scene);
  const fingerprint = keyFingerprint(await readMasterKey(gateway.config));
  await copyKeys({ keyFolder: gateway.config.keys.folder, to: copies, fingerprint });
  const copy = join(copies, fingerprint);
  const text = await done('drill', 'restore', '--keys-from', copies, '--reason', 'yearly');
  assert.match(text, /^ok +key-copy +".*keys-copy\/\w+" has what the key folder has, and was used in its place$/m);
  assert.match(text, /^ok +keys /m);
  assert.match(text, /^The backup can be restored: 1 message was opened, in [\d.]+ s\.$/m);
  const shown = JSON.parse(await done('drill', 'restore', '--keys-from', copy, '--json')) as Record<string, unknown>;
  assert.deepEqual([shown.passed, shown.keysFrom], [true, copy]);
  const own = await run('drill', 'restore', '--keys-from', gateway.config.keys.folder);
  assert.equal(own.code, 2);
  assert.match(own.stderr, /^Cannot drill with the keys in ".*": that is the key folder itself; name the copy of it/);
  for (const name of readdirSync(copy)) if (/^\d{4}-.*\.key$/.test(name)) rmSync(join(copy, name));
  const lacking = await run('drill', 'restore', '--keys-from', copies);
  assert.equal(lacking.code, 5);
  assert.match(lacking.stdout, /^FAILED +keys .*is missing/m);
  assert.match(lacking.stdout, /^The backup CANNOT be restored/m);
  assert.match(
    lacking.stderr,
    /cannot be restored with the keys in ".*"; take another one now .* try without --keys-from/,
  );
  assert.match(await done('drill', 'restore'), /^The backup can be restored/m);
});

test('sluis check tells what the copy of the key folder lacks, what still lies in it, and that its place is missing', async (t) => {
  const scene = await open(t);
  const { gateway, at, submit } = scene;
  await submit(addressOf('bert'), 'makes a day key');
  const { folder: keyFolder } = gateway.config.keys;
  const file = join(gateway.folder, 'with-copy.toml');
  const text = readFileSync(gateway.config.file, 'utf8');
  writeFileSync(file, text.replace(/^\[keys\]$/m, `[keys]\ncopy-to = "${at('keys-copy')}"`));
  const check = async (): Promise<string> => {
    const ran = await sluisHere(['check', '--config', file]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout + ran.stderr;
  };
  assert.match(
    await check(),
    /Warning: Cannot copy the key folder to ".*keys-copy": ".*" is missing; mount or make it/,
  );
  mkdirSync(at('keys-copy'));
  assert.match(
    await check(),
    /Warning: the copy of the key folder in ".*keys-copy" is not whole: \d+ files, such as ".*"; the running gateway copies within minutes, and "sluis backup take" does it at once/,
  );
  const fingerprint = keyFingerprint(await readMasterKey(gateway.config));
  const places = { keyFolder, to: at('keys-copy'), fingerprint };
  await copyKeys(places);
  assert.doesNotMatch(await check(), /key folder/);
  const [day = ''] = readdirSync(keyFolder).filter((name) => /^\d{4}-.*\.key$/.test(name));
  const copied = join(at('keys-copy'), fingerprint, day);
  rmSync(copied);
  assert.match(await check(), new RegExp(`is not whole: 1 file, such as "${day}"`));
  writeFileSync(copied, 'torn');
  assert.match(await check(), new RegExp(`is not whole: 1 file, such as "${day}"`));
  writeFileSync(join(keyFolder, day.replace('.key', '.erased')), '');
  assert.match(await check(), new RegExp(`is not whole: 2 files, such as "${day.replace('.key', '.erased')}"`));
  await copyKeys(places);
  assert.doesNotMatch(await check(), /key folder/);
});
