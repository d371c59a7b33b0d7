/** OpenPGP both ways with GnuPG: keys, signatures, encryption, each octet for octet. */
// @beside
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { Pgp } from '../../src/crypto/pgp/pgp.ts';
import type { PgpKey } from '../../src/crypto/pgp/protocol.ts';
import { openPgp } from '../../src/crypto/pgp/unwrap.ts';
import {
  BODY,
  CONTENT,
  gathered,
  letter,
  makeKey,
  messageOf,
  must,
  protectedBy,
  secretOf,
} from '../crypto/pgp/support.ts';
import { memoryStage } from '../crypto/smime/support.ts';
import { withoutProgram } from '../support/require.ts';
import { seeded } from '../support/seeded.ts';

const options = { skip: withoutProgram('gpg', 'gnupg') };
const pgp = new Pgp();
let home: string;
let ours: PgpKey;
let oursRsa: PgpKey;
let theirs: PgpKey;
let theirsRsa: PgpKey;

const gpg = (args: readonly string[], input?: Uint8Array): { out: Buffer; err: string; status: number | null } => {
  const ran = spawnSync(
    'gpg',
    ['--homedir', home, '--batch', '--yes', '--no-tty', '--trust-model', 'always', ...args],
    {
      ...(input === undefined ? {} : { input }),
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return { out: ran.stdout, err: ran.stderr.toString(), status: ran.status };
};
const mustRun = (args: readonly string[], input?: Uint8Array): Buffer => {
  const { out, err, status } = gpg(args, input);
  assert.equal(status, 0, err);
  return out;
};
async function exported(email: string): Promise<PgpKey> {
  const octets = mustRun(['--armor', '--export-secret-keys', email]);
  const [key] = must(await pgp.run({ kind: 'read-keys', octets }));
  assert(key !== undefined);
  return key;
}

before(async () => {
  if (options.skip !== false) return;
  home = mkdtempSync(join(tmpdir(), 'sluis-gpg-'));
  execFileSync('chmod', ['700', home]);
  mustRun(['--passphrase', '', '--quick-generate-key', 'theirs@group.test', 'future-default', 'default', '1y']);
  mustRun(['--passphrase', '', '--quick-generate-key', 'rsa@group.test', 'rsa2048', 'sign,cert', '1y']);
  const fingerprint = /^fpr:+([0-9A-F]+):/m.exec(
    mustRun(['--with-colons', '--list-keys', 'rsa@group.test']).toString(),
  )?.[1];
  mustRun(['--passphrase', '', '--quick-add-key', fingerprint!, 'rsa2048', 'encrypt', '1y']);
  [theirs, theirsRsa] = [await exported('theirs@group.test'), await exported('rsa@group.test')];
  [ours, oursRsa] = await Promise.all([makeKey(pgp, 'ours'), makeKey(pgp, 'oursrsa', 'rsa3072')]);
  // Secret keys too: GnuPG must be able to take over a key that we made.
  for (const key of [ours, oursRsa]) mustRun(['--import'], secretOf(key));
});
after(async () => {
  await pgp.close();
  if (options.skip !== false) return;
  spawnSync('gpgconf', ['--homedir', home, '--kill', 'all']);
  rmSync(home, { recursive: true, force: true });
});

const armourOf = (mail: Buffer): Buffer =>
  Buffer.from(/-----BEGIN PGP [\s\S]*-----END PGP [A-Z]+-----\r\n/.exec(mail.toString('latin1'))![0], 'latin1');
const ENTITY = Buffer.concat([Buffer.from(`${CONTENT}\r\n`), BODY]);

test('GnuPG verifies what we sign, octet for octet', options, async () => {
  for (const key of [ours, oursRsa]) {
    const mail = await protectedBy(pgp, letter(), { secretKeys: [secretOf(key)] });
    writeFileSync(join(home, 'sig'), armourOf(mail));
    writeFileSync(join(home, 'content'), ENTITY);
    assert.match(
      gpg(['--status-fd', '2', '--verify', join(home, 'sig'), join(home, 'content')]).err,
      /\[GNUPG:\] VALIDSIG /,
    );
    writeFileSync(join(home, 'content'), ENTITY.subarray(1));
    assert.match(
      gpg(['--status-fd', '2', '--verify', join(home, 'sig'), join(home, 'content')]).err,
      /\[GNUPG:\] BADSIG /,
    );
  }
});

test('GnuPG decrypts what we encrypt to its keys and to ours, 5 MB and 8-bit EDI', options, async () => {
  const large = Buffer.from(`${seeded(3750).octets(3_750_000).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`);
  for (const [key, body] of [
    [theirs, BODY],
    [theirsRsa, BODY],
    [ours, BODY],
    [theirs, large],
  ] as const) {
    const mail = await protectedBy(pgp, letter(body), { secretKeys: [secretOf(ours)], publicKeys: [key.publicKey] });
    writeFileSync(join(home, 'mail'), armourOf(mail));
    const { out, err } = gpg(['--status-fd', '2', '--decrypt', join(home, 'mail')]);
    assert.match(err, /\[GNUPG:\] VALIDSIG /);
    assert.match(err, /\[GNUPG:\] DECRYPTION_OKAY/);
    assert(out.equals(Buffer.concat([Buffer.from(`${CONTENT}\r\n`), body])), key.algorithm);
  }
});

/** What a program that knows PGP/MIME sends. */
const theirMail = (armour: Buffer): Buffer =>
  Buffer.concat([
    Buffer.from(
      'From: <theirs@group.test>\r\nTo: <ours@group.test>\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/encrypted;\r\n boundary=b; protocol="application/pgp-encrypted"\r\n\r\n--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n',
    ),
    Buffer.from(armour.toString('latin1').replace(/\r?\n/g, '\r\n'), 'latin1'),
    Buffer.from('\r\n--b--\r\n'),
  ]);
const openWith = async (mail: Buffer, key: PgpKey, from: PgpKey) =>
  await openPgp(await messageOf(mail), {
    ...{ pgp, maxContent: 20_000_000, stage: memoryStage().stage },
    ...{ secretKeys: [secretOf(key)], publicKeys: [from.publicKey] },
  });

test('we decrypt and verify what GnuPG makes, also compressed', options, async () => {
  const large = Buffer.concat([Buffer.from(`${CONTENT}\r\n`), seeded(5000).octets(5_000_000)]);
  for (const [to, from, content, more] of [
    [ours, 'theirs@group.test', ENTITY, []],
    [oursRsa, 'rsa@group.test', ENTITY, []],
    [ours, 'theirs@group.test', ENTITY, ['--compress-algo', 'zlib']],
    [ours, 'theirs@group.test', large, []],
  ] as const) {
    const armour = mustRun(
      ['--armor', '--sign', '--encrypt', '--local-user', from, '--recipient', to.emails[0]!, ...more],
      content,
    );
    const opened = must(await openWith(theirMail(armour), to, from === 'rsa@group.test' ? theirsRsa : theirs));
    assert.deepEqual(
      opened?.signatures?.map(({ state }) => state),
      ['valid'],
    );
    // Random octets have line ends of every kind; what is handed out is their canonical form.
    const inside = await gathered((opened.message.asCame ?? opened.message.source).slices());
    assert(
      inside.subarray(inside.length - content.length).equals(content) ||
        inside.subarray(-content.length - 2, -2).equals(content),
    );
  }
});

test('we verify what GnuPG signs, and not what was changed', options, async () => {
  writeFileSync(join(home, 'content'), ENTITY);
  const signature = mustRun([
    '--armor',
    '--detach-sign',
    '--local-user',
    'theirs@group.test',
    '--output',
    '-',
    join(home, 'content'),
  ]);
  const mail = (entity: Buffer): Buffer =>
    Buffer.concat([
      Buffer.from(
        'From: <theirs@group.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary=b\r\n\r\n--b\r\n',
      ),
      entity,
      Buffer.from(
        `\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\n${signature.toString('latin1').replace(/\r?\n/g, '\r\n')}\r\n--b--\r\n`,
      ),
    ]);
  const stateOf = async (octets: Buffer): Promise<string | undefined> =>
    must(await openWith(octets, ours, theirs))
      ?.signatures?.map(({ state }) => state)
      .join();
  assert.equal(await stateOf(mail(ENTITY)), 'valid');
  assert.equal(await stateOf(mail(Buffer.concat([ENTITY, Buffer.from('\r\n')]))), 'wrong');
});

test('what GnuPG signs and encrypts with the line ends of Unix is opened and verified', options, async () => {
  const entity = 'Content-Type: text/plain; charset=utf-8\n\nuitslag\nvan vandaag\n';
  // RFC 3156 section 5: over the canonical form; some programs sign what they have.
  for (const signed of [entity.replaceAll('\n', '\r\n'), entity]) {
    const armour = mustRun(['--armor', '--detach-sign', '--local-user', 'theirs@group.test'], Buffer.from(signed));
    const inner =
      'Content-Type: multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary=s\n\n' +
      `--s\n${entity}\n--s\nContent-Type: application/pgp-signature\n\n${armour.toString()}\n--s--\n`;
    const sealed = mustRun(['--armor', '--encrypt', '--recipient', ours.emails[0]!], Buffer.from(inner));
    const opened = must(await openWith(theirMail(sealed), ours, theirs));
    assert.deepEqual(
      opened?.signatures?.map(({ state }) => state),
      ['valid'],
    );
    const text = (await gathered(opened.message.source.slices())).toString('latin1');
    assert(text.includes(entity.replaceAll('\n', '\r\n')));
    assert.doesNotMatch(text.replaceAll('\r\n', ''), /[\r\n]/);
  }
  const alone = mustRun(['--armor', '--encrypt', '--recipient', ours.emails[0]!], Buffer.from(entity));
  const opened = must(await openWith(theirMail(alone), ours, theirs));
  assert(
    (await gathered(opened!.message.source.slices())).toString('latin1').endsWith('\r\n\r\nuitslag\r\nvan vandaag\r\n'),
  );
});
