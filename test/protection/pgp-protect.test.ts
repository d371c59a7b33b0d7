import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encryptionKeyIdsOf } from '../crypto/pgp/support.ts';
import { Pgp } from '../../src/crypto/pgp/pgp.ts';
import type { PgpKey } from '../../src/crypto/pgp/protocol.ts';
import { addressKey } from '../../src/domain/address.ts';
import { refusing, row } from '../../src/domain/refusal.ts';
import { instant, minutes } from '../../src/domain/units.ts';
import type { Middleware } from '../../src/middleware/middleware.ts';
import { protect } from '../../src/protection/protect.ts';
import { NEVER } from '../../src/store/pgp-keys.ts';
import { person } from '../crypto/cms/support.ts';
import { protectedBy, secretOf } from '../crypto/pgp/support.ts';
import { address } from '../support/store.ts';
import { giveKey, readBy } from './pgp-support.ts';
import { type Bench, bench, contentOf, copyFor, identity, letter, passed, random } from './support.ts';

const ME = 'p256@praktijk.example';
const BOB = 'bob@praktijk.example';
const stepOf = ({ keys, pgp, log }: Bench): Middleware => protect({ keys, pgp, random, log });
const WANTED = { encrypt: 'required', 'protection-by': 'pgp' };

/** Sender's and addressee's keys; the gateway holds the sender's. */
async function pair(b: Bench, settings: Record<string, string> = WANTED): Promise<{ me: PgpKey; bob: PgpKey }> {
  await b.register(BOB, settings);
  return { me: await giveKey(b, ME, { held: true }), bob: await giveKey(b, BOB) };
}

test('a copy is signed and encrypted, and opens to the same octets; strong hides the subject', async (t) => {
  const b = await bench(t);
  const { me, bob } = await pair(b);
  await b.register('cara@praktijk.example', { ...WANTED, 'protection-profile': 'strong' });
  const cara = await giveKey(b, 'cara@praktijk.example');
  const body = Buffer.from("UNA:+.? '\r\n-\r\n\xe9\r\n", 'latin1');
  const message = await b.submitted(letter(body, { to: `${BOB}, cara@praktijk.example` }), [
    BOB,
    'cara@praktijk.example',
  ]);
  const outcome = passed(await b.run(stepOf(b), message));
  assert.deepEqual(outcome.copies.map(({ protection }) => protection).sort(), ['pgp interop', 'pgp strong']);
  for (const [at, key, subject] of [
    [BOB, bob, true],
    ['cara@praktijk.example', cara, false],
  ] as const) {
    const octets = await contentOf(copyFor(outcome, at));
    assert.equal(octets.includes('Subject: Uitslag'), subject);
    assert.equal(octets.includes("UNA:+.? '"), false);
    const read = await readBy(b, octets, key, me);
    assert(typeof read !== 'string');
    assert.deepEqual(
      read.signatures.map(({ state }) => state),
      ['valid'],
    );
    assert(read.text.endsWith(`\r\n\r\n${body.toString('latin1')}`));
    assert.match(read.text, /^Subject: Uitslag\r$/m);
  }
  assert.deepEqual(outcome.audit.map(({ event, facts }) => [event, facts?.protection, facts?.key]).sort(), [
    ['message.protected', 'pgp interop', me.fingerprint],
    ['message.protected', 'pgp strong', me.fingerprint],
  ]);
  await outcome.discard();
});

test('whoever To and Cc do not name gets an encrypted copy alone, and the sender may stay a reader', async (t) => {
  const b = await bench(t);
  const { me, bob } = await pair(b);
  for (const at of ['cc@praktijk.example', 'bcc@praktijk.example']) {
    await b.register(at, WANTED);
    await giveKey(b, at);
  }
  const to = [BOB, 'cc@praktijk.example', 'bcc@praktijk.example'];
  const message = await b.submitted(letter('x\r\n', { cc: 'cc@praktijk.example' }), to);
  const { account, organisation } = message.submitter;
  const settings = { 'encrypt-to-self': true };
  const submitter = { account: { ...account, settings }, organisation };
  const outcome = passed(await b.run(stepOf(b), { ...message, submitter }));
  assert.deepEqual(outcome.copies.map(({ recipients }) => recipients.length).sort(), [1, 2]);
  const shared = await contentOf(copyFor(outcome, BOB));
  const apart = await contentOf(copyFor(outcome, 'bcc@praktijk.example'));
  assert.equal((await encryptionKeyIdsOf(shared)).length, 3, 'two recipients and the sender');
  assert.equal((await encryptionKeyIdsOf(apart)).length, 2);
  assert.equal(await readBy(b, apart, bob), 'no-key');
  for (const octets of [shared, apart]) assert.equal(typeof (await readBy(b, octets, me)), 'object');
});

test('the newest valid key is used; one that ended or was revoked, or of another account, hides none', async (t) => {
  const b = await bench(t);
  const { bob } = await pair(b);
  const now = b.clock.now();
  await giveKey(b, BOB, { more: { createdAt: instant(now - 3), encryptsUntil: instant(now - 1) } });
  await giveKey(b, BOB, { more: { createdAt: instant(now - 2), encryptsUntil: NEVER } });
  const revoked = await giveKey(b, BOB, { more: { createdAt: instant(now - 1) } });
  await b.store.pgpKeys.revoke(revoked.fingerprint, 'lost', { name: 'test' });
  await b.register('mallory@praktijk.example');
  await giveKey(b, 'mallory@praktijk.example', { more: { emails: [BOB] } });
  const outcome = passed(await b.run(stepOf(b), await b.submitted(letter('x\r\n'), [BOB])));
  assert.equal(typeof (await readBy(b, await contentOf(copyFor(outcome, BOB)), bob)), 'object');
});

test('required and no usable key of either kind: 550 5.7.5 at RCPT, and at DATA, with the reason', async (t) => {
  const b = await bench(t);
  await b.register(BOB, { encrypt: 'required', 'protection-by': 'pgp' });
  const step = stepOf(b);
  b.keys.plans.set(BOB, {
    kind: 'refused',
    about: 'recipient',
    refusal: refusing({ made: row(550, '5.7.5', 'no certificate', '') }).made,
    nothing: true,
  });
  const message = await b.submitted(letter('x\r\n'), [BOB]);
  const { registered } = message.recipients[0]!;
  const asked = { at: address(BOB), registered, submitter: message.submitter, sender: address(ME) };
  assert.match((await step.recipient!(asked))?.text ?? '', /no certificate or OpenPGP key for it is registered/);
  const expired = await giveKey(b, BOB, { more: { createdAt: instant(1), encryptsUntil: instant(b.clock.now() - 1) } });
  const refusal = await step.recipient!(asked);
  assert.deepEqual([refusal?.reply, refusal?.status], [550, '5.7.5']);
  assert.match(
    refusal?.text ?? '',
    /<bob@praktijk.example> accepts only encrypted .* OpenPGP key for it: it expired on \d{4}/,
  );
  assert.deepEqual(await b.run(step, message), { kind: 'refused', refusal });
  await b.store.pgpKeys.revoke(expired.fingerprint, 'x', { name: 'test' });
  assert.match((await step.recipient!(asked))?.text ?? '', /it was revoked/);
  await giveKey(b, BOB);
  assert.equal(await step.recipient!(asked), undefined);
});

test('the preference decides where both can, the other takes its place where one cannot', async (t) => {
  const b = await bench(t);
  const { bob } = await pair(b, { encrypt: 'required' });
  const p256 = await person('p256');
  const rsa = await person('rsa2048');
  const smime = {
    kind: 'interop',
    signer: identity(p256),
    rsa: 'pkcs1',
    recipient: { certificate: rsa.certificate, transport: 'pkcs1' },
    cipher: 'aes-256-cbc',
    reason: 'test',
  } as const;
  const made = async (): Promise<string> =>
    copyFor(await b.run(stepOf(b), await b.submitted(letter('x\r\n'), [BOB])), BOB).protection;
  const prefer = (by: string): Promise<void> =>
    b.store.registry.changeSettings(
      { scope: 'address', address: address(BOB) },
      { 'protection-by': by },
      { name: 'test' },
    );
  b.keys.plans.set(BOB, smime);
  assert.equal(await made(), 'smime interop aes-256-cbc', 'S/MIME unless it is said otherwise');
  await prefer('pgp');
  assert.equal(await made(), 'pgp interop');
  await b.store.pgpKeys.revoke(bob.fingerprint, 'lost', { name: 'test' });
  assert.equal(await made(), 'smime interop aes-256-cbc', 'its key is of no use any more');
  await prefer('smime');
  await giveKey(b, BOB);
  b.keys.plans.set(BOB, {
    kind: 'refused',
    about: 'recipient',
    refusal: refusing({ made: row(550, '5.7.5', 'none', '') }).made,
  });
  assert.equal(await made(), 'pgp interop', 'there is no certificate');
});

test('what is protected already stays as it is: PGP/MIME, and inline PGP', async (t) => {
  const b = await bench(t);
  const { me, bob } = await pair(b);
  const inline = (text: string): Promise<string> =>
    b
      .submitted(letter(text), [BOB])
      .then((message) => b.run(stepOf(b), message))
      .then((outcome) => copyFor(outcome, BOB).protection);
  const pgpMime = await protectedBy(b.pgp.thread, letter('x\r\n'), { publicKeys: [bob.publicKey] });
  const message = await b.submitted(pgpMime, [BOB]);
  assert.equal(passed(await b.run(stepOf(b), message)).copies[0]?.body, message.body);
  const block = '-----BEGIN PGP MESSAGE-----\r\n\r\nwV4D\r\n-----END PGP MESSAGE-----\r\n';
  assert.equal(await inline(block), '');
  assert.equal(await inline(`\r\n${block}\r\n`), '');
  assert.equal(await inline(`Zie hieronder.\r\n${block}`), 'pgp interop', 'the text around it is not protected');
  assert.equal(await inline(`${block}En dit.\r\n`), 'pgp interop');
  // Signed by its sender: not signed again, and encrypted as it is.
  await b.register('dora@praktijk.example', { 'protection-by': 'pgp' });
  const signed =
    '-----BEGIN PGP SIGNED MESSAGE-----\r\nHash: SHA256\r\n\r\nx\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\nwV4D\r\n-----END PGP SIGNATURE-----\r\n';
  const both = await b.run(stepOf(b), await b.submitted(letter(signed), [BOB, 'dora@praktijk.example']));
  assert.equal(copyFor(both, 'dora@praktijk.example').protection, '');
  const read = await readBy(b, await contentOf(copyFor(both, BOB)), bob, me);
  assert(typeof read !== 'string' && read.text.endsWith(signed));
});

test('what its sender signed with PGP is encrypted with that signature inside, and never signed twice', async (t) => {
  const b = await bench(t);
  const { me, bob } = await pair(b);
  await b.register('dora@praktijk.example');
  const signed = await protectedBy(b.pgp.thread, letter('x\r\n'), { secretKeys: [secretOf(me)] });
  const message = await b.submitted(signed, [BOB, 'dora@praktijk.example']);
  const copies = [
    {
      body: message.body,
      recipients: message.recipients,
      protection: 'pgp signature valid',
      signature: 'valid' as const,
    },
  ];
  const bodies = { open: (promised: Parameters<typeof b.store.openBody>[0]) => b.store.openBody(promised) };
  const outcome = await stepOf(b).run(message, copies, bodies);
  assert(outcome.kind === 'passed');
  const find = (at: string) => outcome.copies.find(({ recipients }) => recipients.some(({ to }) => to.address === at))!;
  assert.equal(find('dora@praktijk.example').protection, 'pgp signature valid');
  const octets = await contentOf(find(BOB));
  const read = await readBy(b, octets, bob, me);
  assert(typeof read !== 'string');
  assert.deepEqual(
    read.signatures.map(({ state }) => state),
    ['valid'],
  );
  assert.match(read.text, /multipart\/signed/);
});

test('a thread without room, and a secret half that does not open, are temporary', async (t) => {
  const b = await bench(t);
  await pair(b);
  const full = new Pgp({ running: 0, each: 0, waiting: 0, deadline: minutes(1) });
  t.after(() => full.close());
  const message = await b.submitted(letter('x\r\n'), [BOB]);
  const outcome = await b.run(protect({ ...b, pgp: { ...b.pgp, thread: full }, random }), message);
  assert(outcome.kind === 'refused');
  assert.deepEqual([outcome.refusal.reply, outcome.refusal.status], [451, '4.4.5']);
  const other = await bench(t);
  await pair(other);
  const [held] = await other.store.pgpKeys.findMail(addressKey(address(ME)));
  await other.store.pgpKeys.add(
    ME,
    {
      ...held!,
      algorithm: 'x',
      userIds: [],
      emails: [ME],
      revoked: false,
      sealedKey: Buffer.from('SLK1 of another master key, certainly'),
    },
    'imported',
    { name: 'test' },
  );
  const refused = await other.run(stepOf(other), await other.submitted(letter('x\r\n'), [BOB]));
  assert(refused.kind === 'refused');
  assert.deepEqual([refused.refusal.reply, refused.refusal.status], [451, '4.3.5']);
  assert.doesNotMatch(refused.refusal.text, /master/);
  assert.deepEqual(
    other.log.names.filter((event) => event.startsWith('pgp')),
    ['pgp-key.refused', 'pgp.no-signing-key'],
  );
});
