/**
 * Operators' keys in the forms that people have, made by openssl and ssh-keygen, and what makes two
 * signatures an approval.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { type KeyObject, generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { approvalStatement, approversOf, canonicalJson, signApproval } from '../../src/crypto/trail/approval.ts';
import { base32, cleanBase32, fromBase32 } from '../../src/crypto/keys/base32.ts';
import {
  fingerprintOf,
  makeOperatorKey,
  readOperatorKey,
  readOperatorPrivateKey,
  spkiOf,
} from '../../src/crypto/trail/operator-key.ts';
import type { ApprovalRequest, ApprovalSignature, Operator } from '../../src/domain/second-person.ts';
import { hours, instant, minutes } from '../../src/domain/units.ts';
import { seeded } from '../support/seeded.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluis-operator-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const run = (program: string, ...args: string[]): string => {
  const ran = spawnSync(program, args, { encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout;
};

test('base32 is that of RFC 4648, and reads what people type', () => {
  for (const [plain, text] of [
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ] as const) {
    assert.equal(base32(Buffer.from(plain)), text);
    assert.deepEqual(Buffer.from(fromBase32(text)!), Buffer.from(plain));
  }
  assert.deepEqual(Buffer.from(fromBase32('mzxw-6y tb\n01'.replace('01', 'oi'))!), Buffer.from('foobar'));
  assert.equal(cleanBase32('k0-18'), 'KOIB');
  // A bit that belongs to no octet, a character too many, and one of no alphabet.
  for (const wrong of ['MZ', 'MZXW6A', 'M', 'MZ9Q', 'M=']) assert.equal(fromBase32(wrong), undefined, wrong);
  const random = seeded(1);
  for (let length = 0; length < 70; length += 1) {
    const octets = Uint8Array.from({ length }, () => random.below(256));
    assert.deepEqual(fromBase32(base32(octets)), octets);
  }
});

test('public keys of openssl and ssh-keygen, of certificates, and of nothing else', () => {
  run('openssl', 'genpkey', '-algorithm', 'ed25519', '-out', at('ed.pem'));
  run('openssl', 'pkey', '-in', at('ed.pem'), '-pubout', '-out', at('ed.pub'));
  const ed = readOperatorKey(readFileSync(at('ed.pub'), 'utf8'));
  assert(ed.ok);
  for (const curve of ['P-256', 'P-384', 'P-521']) {
    run('openssl', 'genpkey', '-algorithm', 'EC', '-pkeyopt', `ec_paramgen_curve:${curve}`, '-out', at('ec.pem'));
    run('openssl', 'pkey', '-in', at('ec.pem'), '-pubout', '-out', at('ec.pub'));
    assert(readOperatorKey(readFileSync(at('ec.pub'), 'utf8')).ok, curve);
  }
  run('openssl', 'req', '-x509', '-key', at('ed.pem'), '-subj', '/CN=jan', '-out', at('cert.pem'));
  assert.deepEqual(readOperatorKey(readFileSync(at('cert.pem'), 'utf8')), ed);

  run('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-C', 'jan', '-f', at('ssh'));
  const ssh = readOperatorKey(readFileSync(at('ssh.pub'), 'utf8'));
  assert(ssh.ok);
  const blob = Buffer.from(readFileSync(at('ssh.pub'), 'utf8').split(' ')[1]!, 'base64');
  const spki = `302a300506032b6570032100${blob.subarray(-32).toString('hex')}`;
  assert.equal(ssh.value.toString('hex'), spki);

  run('openssl', 'genpkey', '-algorithm', 'RSA', '-out', at('rsa.pem'));
  run('openssl', 'pkey', '-in', at('rsa.pem'), '-pubout', '-out', at('rsa.pub'));
  run('openssl', 'genpkey', '-algorithm', 'x25519', '-out', at('x.pem'));
  run('openssl', 'pkey', '-in', at('x.pem'), '-pubout', '-out', at('x.pub'));
  for (const [text, why] of [
    [readFileSync(at('rsa.pub'), 'utf8'), /another kind of key/],
    [readFileSync(at('x.pub'), 'utf8'), /another kind of key/],
    [readFileSync(at('ed.pem'), 'utf8'), /a private key/],
    ['hello', /cannot be read/],
    ['ssh-ed25519 AAAA jan', /cannot be read/],
    ['x'.repeat(64 * 1024 + 1), /longer than 64KiB/],
  ] as const) {
    const read = readOperatorKey(text);
    assert(!read.ok);
    assert.match(read.error, why);
  }
});

test('a key that we make opens with its passphrase alone, for openssl too', () => {
  const made = makeOperatorKey('a good passphrase');
  assert.match(made.sealed, /BEGIN ENCRYPTED PRIVATE KEY/);
  assert.deepEqual(readOperatorPrivateKey(made.sealed), { ok: false, error: 'passphrase' });
  assert.deepEqual(readOperatorPrivateKey(made.sealed, 'another'), { ok: false, error: 'passphrase' });
  assert.deepEqual(readOperatorPrivateKey('nothing'), { ok: false, error: 'unreadable' });
  assert(readOperatorPrivateKey(made.sealed, 'a good passphrase').ok);
  writeFileSync(at('made.pem'), made.sealed);
  const pub = run('openssl', 'pkey', '-in', at('made.pem'), '-passin', 'pass:a good passphrase', '-pubout');
  assert.equal(pub, made.publicKey);
});

const now = instant(Date.parse('2026-11-26T12:30:00Z'));
const request: ApprovalRequest = {
  ...{ id: 'K7QM2XRD', operation: 'audit.erase', verb: 'erase', input: '{"before":"2021-01-01T00:00:00Z"}' },
  ...{ askedBy: 'root', reason: 'retention', askedAt: now, endsAt: instant(now + hours(1)) },
};
const GATEWAY = 'mail.test';

interface Person {
  readonly operator: Operator;
  readonly key: KeyObject;
}
function person(name: string, kind: 'ed25519' | 'P-256' = 'ed25519'): Person {
  const { privateKey: key, publicKey } =
    kind === 'ed25519' ? generateKeyPairSync('ed25519') : generateKeyPairSync('ec', { namedCurve: kind });
  const spki = spkiOf(publicKey);
  return { key, operator: { name, publicKey: spki, fingerprint: fingerprintOf(spki) } };
}
const signed = (by: Person, of = request, when = now, gateway = GATEWAY): ApprovalSignature => ({
  fingerprint: by.operator.fingerprint,
  at: when,
  signature: signApproval(approvalStatement(gateway, of, by.operator.name, when), by.key),
});

test('two different people approve, whatever kinds of key they have', () => {
  const [jan, piet] = [person('jan'), person('piet', 'P-256')];
  const operators = [jan.operator, piet.operator];
  const found = approversOf(GATEWAY, request, [signed(jan), signed(piet)], operators);
  assert(found.ok);
  assert.deepEqual([found.value.first.name, found.value.second.name], ['jan', 'piet']);
});

test('no approval: one person twice, a forged or moved signature, a removed operator, too early, too late', () => {
  const [jan, piet, mallory] = [person('jan'), person('piet'), person('mallory')];
  const both = [jan.operator, piet.operator];
  const none = (signatures: readonly ApprovalSignature[], operators = both, of = request): void => {
    const found = approversOf(GATEWAY, of, signatures, operators);
    assert(!found.ok);
    assert.match(found.error, /only operator "jan" has signed it|no operator has signed it/);
  };
  none([]);
  none([signed(jan)]);
  none([signed(jan), signed(jan, request, instant(now + 1000))]);
  // Mallory says to be Piet.
  none([signed(jan), { ...signed(mallory), fingerprint: piet.operator.fingerprint }]);
  none([signed(jan), signed(mallory)]);
  none([signed(jan), signed(piet)], [jan.operator]);
  // A signature under something else: another request, operation, input, reason, person, time of
  // asking, gateway.
  const others: readonly Partial<ApprovalRequest>[] = [
    { id: 'K7QM2XRE' },
    { operation: 'message.bundle' },
    { input: '{"before":"2026-01-01T00:00:00Z"}' },
    { reason: 'tidying' },
    { askedBy: 'piet' },
    { askedAt: instant(now - 1) },
  ];
  for (const other of others) none([signed(jan), signed(piet, { ...request, ...other })]);
  none([signed(jan), signed(piet, request, now, 'other.test')]);
  none([signed(jan), { ...signed(piet), at: instant(now + 1) }]);
  const damaged = signed(piet);
  damaged.signature[5]! ^= 1;
  none([signed(jan), damaged]);
  none([signed(jan), signed(piet, request, instant(now - minutes(5) - 1))]);
  none([signed(jan), signed(piet, request, instant(request.endsAt + 1))]);
  // At its edges it holds.
  assert(approversOf(GATEWAY, request, [signed(jan), signed(piet, request, request.endsAt)], both).ok);
  assert(approversOf(GATEWAY, request, [signed(jan), signed(piet, request, instant(now - minutes(5)))], both).ok);
});

test('a signature by a clock that is set wrong is told apart from none, and the clock is named', () => {
  const jan = person('jan');
  for (const at of [now - minutes(6), request.endsAt + 1]) {
    const found = approversOf(GATEWAY, request, [signed(jan, request, instant(at))], [jan.operator]);
    assert(!found.ok);
    assert.match(
      found.error,
      /^no operator has signed it \(that of operator "jan" does not count: it was signed at .* by the clock of the machine that signed/,
    );
  }
});

test('openssl checks a signature over the statement that the documents tell of', () => {
  for (const kind of ['ed25519', 'P-256'] as const) {
    const jan = person('jan', kind);
    writeFileSync(at('statement'), approvalStatement(GATEWAY, request, 'jan', now));
    writeFileSync(at('signature'), signed(jan).signature);
    const { publicKey } = jan.operator;
    writeFileSync(at('jan.der'), publicKey);
    const digest = kind === 'ed25519' ? [] : ['-digest', 'sha256'];
    run(
      'openssl',
      ...['pkeyutl', '-verify', '-pubin', '-keyform', 'DER', '-inkey', at('jan.der'), '-rawin', ...digest],
      ...['-in', at('statement'), '-sigfile', at('signature')],
    );
  }
});

test('the canonical form of an input does not depend on how it came', () => {
  const value = { b: 1, a: [{ d: undefined, c: 'x' }], u: undefined, n: null };
  assert.equal(canonicalJson(value), '{"a":[{"c":"x"}],"b":1,"n":null}');
  assert.equal(canonicalJson(JSON.parse(JSON.stringify(value))), canonicalJson(value));
  assert.equal(canonicalJson({ n: null, a: [{ c: 'x' }], b: 1 }), canonicalJson(value));
  assert.notEqual(canonicalJson({ a: '1' }), canonicalJson({ a: 1 }));
});
