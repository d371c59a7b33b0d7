/**
 * OpenPGP both ways with Sequoia's sq, an implementation that shares no code with GnuPG or ours.
 */
// @beside
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { armoured } from '../../src/crypto/pgp/armour.ts';
import { Pgp } from '../../src/crypto/pgp/pgp.ts';
import type { PgpKey } from '../../src/crypto/pgp/protocol.ts';
import { BODY, CONTENT, gathered, letter, makeKey, must, protectedBy, secretOf } from '../crypto/pgp/support.ts';
import { withoutProgram } from '../support/require.ts';
import { seeded } from '../support/seeded.ts';

const options = { skip: withoutProgram('sq', 'sq') };
const pgp = new Pgp();
let home: string;
const at = (name: string): string => join(home, name);
let ours: PgpKey;
let oursRsa: PgpKey;
let theirs: PgpKey;

/** Keys come by file, none by a store of the user's. */
function sq(...args: string[]): { readonly out: Buffer; readonly err: string; readonly status: number | null } {
  const ran = spawnSync('sq', ['--home', 'none', '--batch', ...args], {
    cwd: home,
    input: '',
    maxBuffer: 64 * 1024 * 1024,
  });
  return { out: ran.stdout, err: ran.stderr.toString(), status: ran.status };
}
function mustRun(...args: string[]): Buffer {
  const { out, err, status } = sq(...args);
  assert.equal(status, 0, `sq ${args.join(' ')}: ${err}`);
  return out;
}
const write = async (
  name: string,
  kind: 'PUBLIC KEY BLOCK' | 'PRIVATE KEY BLOCK',
  packets: Uint8Array,
): Promise<void> => writeFileSync(at(name), await gathered(armoured(kind, [packets])));

before(async () => {
  if (options.skip !== false) return;
  home = mkdtempSync(join(tmpdir(), 'sluis-sq-'));
  mustRun(
    'key',
    'generate',
    '--own-key',
    '--email',
    'theirs@group.test',
    '--without-password',
    '--output',
    'theirs.key',
    '--rev-cert',
    'theirs.rev',
  );
  [ours, oursRsa] = await Promise.all([makeKey(pgp, 'ours'), makeKey(pgp, 'oursrsa', 'rsa3072')]);
  const [read] = must(await pgp.run({ kind: 'read-keys', octets: readFileSync(at('theirs.key')) }));
  assert(read !== undefined);
  theirs = read;
  await write('theirs.pub', 'PUBLIC KEY BLOCK', theirs.publicKey);
  for (const [name, key] of [
    ['ours', ours],
    ['oursrsa', oursRsa],
  ] as const) {
    await write(`${name}.key`, 'PRIVATE KEY BLOCK', secretOf(key));
    await write(`${name}.pub`, 'PUBLIC KEY BLOCK', key.publicKey);
  }
});
after(async () => {
  await pgp.close();
  if (options.skip === false) rmSync(home, { recursive: true, force: true });
});

const ENTITY = Buffer.concat([Buffer.from(`${CONTENT}\r\n`), BODY]);
const armourOf = (mail: Buffer): Buffer =>
  Buffer.from(/-----BEGIN PGP [\s\S]*-----END PGP [A-Z]+-----\r\n/.exec(mail.toString('latin1'))![0], 'latin1');

test('keys of ours and of Sequoia are read by the other', options, () => {
  assert.deepEqual(
    [theirs.emails, theirs.canEncrypt, theirs.canSign, theirs.secret?.locked],
    [['theirs@group.test'], true, true, false],
  );
  for (const [name, key] of [
    ['ours', ours],
    ['oursrsa', oursRsa],
  ] as const)
    assert.match(mustRun('inspect', `${name}.pub`).toString(), new RegExp(key.fingerprint, 'i'));
});

test('Sequoia verifies what we sign, octet for octet', options, async () => {
  for (const [name, key] of [
    ['ours', ours],
    ['oursrsa', oursRsa],
  ] as const) {
    writeFileSync(at('sig'), armourOf(await protectedBy(pgp, letter(), { secretKeys: [secretOf(key)] })));
    writeFileSync(at('content'), ENTITY);
    mustRun('verify', '--signer-file', `${name}.pub`, '--signature-file', 'sig', 'content');
    writeFileSync(at('content'), ENTITY.subarray(1));
    assert.notEqual(sq('verify', '--signer-file', `${name}.pub`, '--signature-file', 'sig', 'content').status, 0);
  }
});

test('Sequoia decrypts what we encrypt to its keys and to ours, 5 MB and 8-bit EDI', options, async () => {
  const large = Buffer.from(`${seeded(3750).octets(3_750_000).toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n`);
  for (const [name, key, body] of [
    ['theirs', theirs, BODY],
    ['ours', ours, BODY],
    ['oursrsa', oursRsa, BODY],
    ['theirs', theirs, large],
  ] as const) {
    const mail = await protectedBy(pgp, letter(body), { secretKeys: [secretOf(ours)], publicKeys: [key.publicKey] });
    writeFileSync(at('mail'), armourOf(mail));
    const out = mustRun('decrypt', '--recipient-file', `${name}.key`, '--signer-file', 'ours.pub', 'mail');
    assert(out.equals(Buffer.concat([Buffer.from(`${CONTENT}\r\n`), body])), name);
  }
});

test('we decrypt and verify what Sequoia makes, and not what was changed', options, async () => {
  const large = Buffer.concat([Buffer.from(`${CONTENT}\r\n`), seeded(5000).octets(5_000_000)]);
  for (const [name, key, content] of [
    ['ours', ours, ENTITY],
    ['oursrsa', oursRsa, ENTITY],
    ['ours', ours, large],
  ] as const) {
    writeFileSync(at('content'), content);
    const message = mustRun(
      'encrypt',
      '--for-file',
      `${name}.pub`,
      '--signer-file',
      'theirs.key',
      '--binary',
      'content',
    );
    const slices: Uint8Array[] = [];
    const job = {
      kind: 'decrypt',
      secretKeys: [secretOf(key)],
      publicKeys: [theirs.publicKey],
      maxContent: 20_000_000,
    } as const;
    const opened = must(await pgp.run(job, { input: [message], output: (slice) => void slices.push(slice) }));
    assert.deepEqual(
      opened.signatures.map(({ state }) => state),
      ['valid'],
    );
    assert(Buffer.concat(slices).equals(content), name);
    const changed = Buffer.from(message);
    changed[message.length - 40]! ^= 1;
    const damaged = await pgp.run(job, { input: [changed], output: () => assert.fail('an octet came out') });
    assert.equal(damaged.ok ? 'opened' : damaged.error.kind, 'damaged');
  }
  writeFileSync(at('content'), ENTITY);
  const signature = mustRun('sign', '--signer-file', 'theirs.key', '--signature-file', '-', '--binary', 'content');
  const state = async (content: Buffer): Promise<string | undefined> =>
    must(await pgp.run({ kind: 'verify', signature, publicKeys: [theirs.publicKey] }, { input: [content] }))[0]?.state;
  assert.equal(await state(ENTITY), 'valid');
  assert.equal(await state(ENTITY.subarray(1)), 'wrong');
});

test('a key that its owner revoked with Sequoia proves nothing here', options, async () => {
  writeFileSync(at('content'), ENTITY);
  const signature = mustRun('sign', '--signer-file', 'theirs.key', '--signature-file', '-', '--binary', 'content');
  const [revocation] = must(await pgp.run({ kind: 'read-keys', octets: readFileSync(at('theirs.rev')) }));
  const revoked = must(await pgp.run({ kind: 'merge-keys', known: theirs.publicKey, newer: revocation!.publicKey }));
  assert.deepEqual([revoked.revoked, revoked.canEncrypt, revoked.encryptsUntil], [true, false, 0]);
  const [judged] = must(
    await pgp.run({ kind: 'verify', signature, publicKeys: [revoked.publicKey] }, { input: [ENTITY] }),
  );
  assert.equal(judged?.state, 'revoked');
});
