/**
 * `sluis key rotate` and the backups of before: the key folder that opens them is kept first, or
 * nothing is made again.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { KeyState } from '../../src/commands/key/custody.ts';
import type { Manifest } from '../../src/backup/manifest.ts';
import type { TakenView } from '../../src/backup/views.ts';
import { grouped } from '../../src/crypto/keys/base32.ts';
import type { Escrow } from '../../src/domain/escrow.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { type CommandScene, commandScene } from '../support/command-scene.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';

interface Scene extends CommandScene {
  readonly fingerprint: () => Promise<string>;
  /** Of before. */
  readonly backup: string;
}

const ROTATE = ['key', 'rotate', '--reason', 'custodian left', '--yes'];

/**
 * A stopped gateway with a message, a backup of it and an escrow; `copyTo`: its configuration names
 * a folder for copies of the key folder.
 */
async function stopped(t: TestContext, { copyTo = false } = {}): Promise<Scene> {
  const scene = await commandScene(t, { accounts: ['anna'] });
  const { gateway, at, done } = scene;
  const { file } = gateway.config;
  await scene.submit(addressOf('anna'), 'old');
  const { path } = JSON.parse(await done('backup', at('backups'), '--json')) as TakenView;
  const custodians = ['--custodian', 'Jan', '--custodian', 'Piet', '--reason', 'first escrow'];
  await done('key', 'escrow', '--out', at('shares'), ...custodians);
  await gateway.stop({ drain: 'none' });
  if (copyTo) writeFileSync(file, readFileSync(file, 'utf8').replace(/^\[keys\]$/m, '[keys]\ncopy-to = "elsewhere"'));
  const fingerprint = async (): Promise<string> =>
    (JSON.parse(await done('key', 'status', '--json')) as KeyState).fingerprint;
  return { ...scene, fingerprint, backup: path };
}

/** Data, keys and master key are lost; the backup, the shares of before and `keys` are left. */
async function restoresWith(t: TestContext, { gateway, at, done, backup }: Scene, keys: string) {
  const { data, keys: places } = gateway.config;
  const master = places['master-key-file']!;
  for (const path of [data.folder, places.folder, master]) renameSync(path, `${path}.lost`);
  renameSync(keys, places.folder);
  const shares = readdirSync(at('shares')).map((name) => join(at('shares'), name));
  assert.equal((await sluisHere(['key', 'recover', ...shares, '--out', master])).code, 0);
  assert.match(await done('restore', backup, '--reason', 'all is lost'), /1 of 1 bodies were opened/);
  const again = await gateway.restart();
  t.after(() => again.stop({ drain: 'none' }));
  const mail = await Pop3Client.open(again.target('pop3'), loginOf('anna'));
  assert.match((await mail.fetch(1)).toString(), /end of old/);
  await mail.quit();
}

test('without copy-to the key folder of before stays beside the new one, and opens a backup of before with the recovered old key', async (t) => {
  const scene = await stopped(t);
  const { gateway, done, fingerprint } = scene;
  const old = await fingerprint();
  const kept = join(`${gateway.config.keys.folder}.before-rotation`, old);
  const text = await done(...ROTATE);
  assert.ok(text.includes(`the old key folder, which is kept in ${kept}. It is on the same disk: copy it`));
  assert.notEqual(await fingerprint(), old);
  assert.equal(statSync(join(kept, '..')).mode & 0o777, 0o700);
  assert.equal(existsSync(join(kept, 'master.key')), false);
  await restoresWith(t, scene, kept);
});

test('with copy-to the copy there is brought up to date first; a place that is missing refuses, and nothing was changed', async (t) => {
  const scene = await stopped(t, { copyTo: true });
  const { gateway, run, done, fingerprint } = scene;
  const old = await fingerprint();
  const to = join(gateway.folder, 'elsewhere');
  const ran = await run(...ROTATE);
  assert.match(
    ran.stderr,
    /Cannot make a new master key: .* cannot be kept in ".*elsewhere".*missing; mount or make it; put that right; .* --without-copy. Nothing was changed/,
  );
  assert.equal(ran.code, 7);
  assert.equal(await fingerprint(), old);
  mkdirSync(to);
  const text = await done(...ROTATE);
  assert.ok(text.includes(`kept in ${join(to, old)}. Destroy both`), text);
  assert.equal(existsSync(`${gateway.config.keys.folder}.before-rotation`), false);
  await restoresWith(t, scene, join(to, old));
});

test('a copy with another day key than the key folder stops the rotation; --without-copy goes on and says what is lost', async (t) => {
  const { gateway, run, done, fingerprint } = await stopped(t);
  const old = await fingerprint();
  const kept = join(`${gateway.config.keys.folder}.before-rotation`, old);
  const day = readdirSync(gateway.config.keys.folder).find((name) => /^\d{4}-\d\d-\d\d\.key$/.test(name))!;
  mkdirSync(kept, { recursive: true, mode: 0o700 });
  writeFileSync(join(kept, day), 'torn');
  const ran = await run(...ROTATE);
  assert.match(ran.stderr, /should be the same and differ.* or set copy-to in the section keys; or, .* --without-copy/);
  assert.equal(await fingerprint(), old);
  const text = await done(...ROTATE, '--without-copy');
  assert.match(
    text,
    /No copy of the old key folder was made here: an earlier backup opens only with .*master\.key\.before-/,
  );
  assert.notEqual(await fingerprint(), old);
});

test('a restore with another master key names the set of shares that makes the right one, wherever that is still known', async (t) => {
  const { gateway, at, run, done, fingerprint, backup } = await stopped(t);
  const old = await fingerprint();
  const { set, needed } = JSON.parse(readFileSync(join(gateway.config.keys.folder, 'escrow.json'), 'utf8')) as Escrow;
  const manifest = JSON.parse(readFileSync(join(backup, 'manifest.json'), 'utf8')) as Manifest;
  assert.equal(manifest.escrow, undefined, 'it was taken before there was an escrow');
  const lose = (): void => renameSync(gateway.config.data.folder, `${gateway.config.data.folder}.lost`);
  const restored = async (from: string): Promise<Ran> => await run('restore', from, '--reason', 'x', '--unsigned');
  // By direct access to the store: nobody serves.
  const escrowed = (JSON.parse(await done('backup', at('escrowed'), '--json')) as TakenView).path;
  await done(...ROTATE);
  const now = await fingerprint();
  lose();

  const named = `the master key at hand is ${now}, and this backup opens with ${old}: any ${needed} shares of set ${grouped(set)}, split on `;
  const how = `make it: "sluis key recover SHARE SHARE --out FILE"; put it where the section keys`;
  const byFolder = await restored(backup);
  assert.equal(byFolder.code, 5);
  assert.ok(byFolder.stderr.includes(named) && byFolder.stderr.includes(`(Jan, Piet), ${how}`), byFolder.stderr);
  // Nothing but the backup is left: it names the set, and nobody.
  rmSync(`${gateway.config.keys.folder}.before-rotation`, { recursive: true });
  rmSync(join(gateway.config.keys.folder, 'escrow.json'));
  const text = readFileSync(join(escrowed, 'manifest.json'), 'utf8');
  assert.doesNotMatch(text, /Jan|Piet/);
  const byManifest = await restored(escrowed);
  assert.ok(byManifest.stderr.includes(named) && !byManifest.stderr.includes('Jan'), byManifest.stderr);
  assert.ok(byManifest.stderr.includes(`, ${how}`), byManifest.stderr);
  assert.match((await restored(backup)).stderr, new RegExp(`opens with ${old}: no escrow of it is known here`));
});
