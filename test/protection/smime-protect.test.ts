import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeEnvelope } from '../../src/crypto/cms/decrypt.ts';
import { decodedBody, entityOf, readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import { openMessage, standingOf } from '../../src/crypto/smime/open.ts';
import type { ProtectionPlan } from '../../src/crypto/smime/plan.ts';
import { clearSigned, encrypted as envelope, withHeader } from '../../src/crypto/smime/protect.ts';
import type { ChainOutcome } from '../../src/middleware/chain.ts';
import type { Middleware } from '../../src/middleware/middleware.ts';
import { protect } from '../../src/protection/protect.ts';
import { contentFields } from '../../src/mime/content-fields.ts';
import { type Kind, type Person, collect, person, signerOf, trust } from '../crypto/cms/support.ts';
import { memoryStage } from '../crypto/smime/support.ts';
import { NOW, seededBytes, value } from '../crypto/support.ts';
import { type Bench, bench, contentOf, copyFor, identity, keyOf, letter, passed, random } from './support.ts';
import { refusing, row } from '../../src/domain/refusal.ts';

const WANTED = { encrypt: 'required' };

const stepOf = ({ keys, pgp, log }: Bench): Middleware => protect({ keys, pgp, random, log });

const encryptTo = (who: Person, signer: Person, kind: 'interop' | 'strong' = 'interop'): ProtectionPlan => ({
  kind,
  signer: identity(signer),
  rsa: 'pkcs1',
  recipient: {
    certificate: who.certificate,
    ...(who.certificate.key.kind === 'rsa' ? { transport: 'pkcs1' as const } : {}),
  },
  cipher: kind === 'strong' ? 'aes-256-gcm' : 'aes-256-cbc',
  reason: 'test',
});

/** How many recipients the outer CMS names. */
async function named(copy: { readonly body: { slices(): AsyncIterable<Uint8Array> } }): Promise<number> {
  const octets = await collect(copy.body.slices());
  const message = value(await readMessage(sourceOf(octets)));
  const seen = value(await describeEnvelope(decodedBody(message, contentFields(message.header.octets))));
  return seen.recipients.length;
}

async function opened(outcome: ChainOutcome, at: string, who: Person): Promise<{ text: string; standing: string }> {
  const octets = await contentOf(copyFor(outcome, at));
  const message = value(await readMessage(sourceOf(octets)));
  const options = {
    keys: [keyOf(who)],
    trust: await trust(undefined),
    stage: memoryStage().stage,
    maxContent: 50_000_000,
  };
  const read = value(await openMessage(message, options));
  return {
    text: (await collect(read.message.source.slices())).toString('latin1'),
    standing: standingOf(read.layers).standing,
  };
}

const people = async (): Promise<Record<'p256' | 'p384' | 'rsa2048', Person>> => ({
  p256: await person('p256'),
  p384: await person('p384'),
  rsa2048: await person('rsa2048'),
});

test('a message for nobody who wants anything is not read again, and nothing is written', async (t) => {
  const b = await bench(t);
  await b.register('bob@praktijk.example');
  const message = await b.submitted(letter('x\r\n'), ['bob@praktijk.example']);
  const outcome = passed(await b.run(stepOf(b), message));
  assert.deepEqual(b.counts, { opened: 0, read: 0 });
  assert.equal(outcome.copies[0]?.body, message.body);
  // A system that signs nothing is not even asked about.
  const { account, organisation } = message.submitter;
  const submitter = { account: { ...account, kind: 'edi' as const }, organisation };
  b.keys.asked = 0;
  await b.run(stepOf(b), { ...message, submitter });
  assert.equal(b.keys.asked, 0);
});

test('recipients with the same protection share one body; interop, strong, signed and plain are apart', async (t) => {
  const b = await bench(t);
  const { p256, p384, rsa2048 } = await people();
  const to = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `${name}@praktijk.example`);
  for (const at of to) await b.register(at, WANTED);
  const [a, bb, c, d, e] = to as [string, string, string, string, string, string];
  b.keys.plans.set(a, encryptTo(p384, p256));
  b.keys.plans.set(bb, encryptTo(rsa2048, p256));
  b.keys.plans.set(c, encryptTo(p384, p256, 'strong'));
  b.keys.plans.set(d, { kind: 'signed', signer: identity(p256), rsa: 'pkcs1', reason: 'test' });
  b.keys.plans.set(e, { kind: 'signed', signer: identity(p256), rsa: 'pkcs1', reason: 'test' });
  const message = await b.submitted(letter('the text\r\n', { to: to.join(', ') }), to);
  const outcome = passed(await b.run(stepOf(b), message));
  assert.deepEqual(
    outcome.copies.map(({ protection, recipients }) => [protection, recipients.map((r) => r.to.address[0])]),
    [
      ['', ['f']],
      ['smime interop aes-256-cbc', ['a', 'b']],
      ['smime strong aes-256-gcm', ['c']],
      ['smime signed', ['d', 'e']],
    ],
  );
  assert.equal(copyFor(outcome, a).body, copyFor(outcome, bb).body);
  assert.equal(await named(copyFor(outcome, a)), 2);
  for (const [at, who] of [
    [a, p384],
    [bb, rsa2048],
    [c, p384],
  ] as const) {
    const { text, standing } = await opened(outcome, at, who);
    assert.equal(standing, 'valid');
    assert.match(text, /the text\r\n/);
  }
  assert.deepEqual(
    outcome.audit.map(({ event, facts, personal }) => [event, facts?.protection, personal?.recipients]),
    [
      ['message.protected', 'smime interop aes-256-cbc', [a, bb]],
      ['message.protected', 'smime strong aes-256-gcm', [c]],
      ['message.protected', 'smime signed', [d, e]],
      ['message.not-encrypted', undefined, [d, e]],
      ['message.not-encrypted', undefined, ['f@praktijk.example']],
    ],
  );
  // Nothing that protection wrote stays behind when it is not filed.
  await outcome.discard();
  await assert.rejects(contentOf(copyFor(outcome, a)));
});

test('whoever To and Cc do not name gets an encrypted copy alone; signed ones need no splitting', async (t) => {
  const b = await bench(t);
  const { p256, p384, rsa2048 } = await people();
  const to = ['to', 'cc', 'blind', 'blind2', 'signed'].map((name) => `${name}@praktijk.example`);
  for (const at of to) await b.register(at, WANTED);
  const [first, cc, blind, blind2, signed] = to as [string, string, string, string, string];
  for (const at of [first, cc, blind, blind2]) b.keys.plans.set(at, encryptTo(at === blind ? rsa2048 : p384, p256));
  b.keys.plans.set(signed, { kind: 'signed', signer: identity(p256), rsa: 'pkcs1', reason: 'test' });
  const content = letter('x\r\n', { to: `"The, first" <TO@Praktijk.example>`, cc: `team:${cc};` });
  const outcome = await b.run(stepOf(b), await b.submitted(content, to));
  assert.equal(copyFor(outcome, first).body, copyFor(outcome, cc).body);
  assert.deepEqual(await Promise.all([first, blind, blind2].map((at) => named(copyFor(outcome, at)))), [2, 1, 1]);
  assert.equal(new Set(to.map((at) => copyFor(outcome, at).body)).size, 4);
});

test('the sender can be one more reader of what is encrypted', async (t) => {
  const b = await bench(t);
  const { p256, p384, rsa2048 } = await people();
  await b.register('bob@praktijk.example', WANTED);
  const plan = encryptTo(p384, p256) as Extract<ProtectionPlan, { kind: 'interop' | 'strong' }>;
  const self = { certificate: rsa2048.certificate, transport: 'pkcs1' as const };
  b.keys.plans.set('bob@praktijk.example', { ...plan, self });
  const outcome = await b.run(stepOf(b), await b.submitted(letter('mine\r\n'), ['bob@praktijk.example']));
  for (const who of [p384, rsa2048]) assert.match((await opened(outcome, 'bob@praktijk.example', who)).text, /mine/);
});

test('what the sender encrypted stays; what it signed is encrypted with that signature, or signed by us where it does not hold', async (t) => {
  const b = await bench(t);
  const { p256, p384 } = await people();
  const bob = 'bob@praktijk.example';
  await b.register(bob, WANTED);
  const plain = value(await readMessage(sourceOf(letter('signed text\r\n'))));
  const signing = { signers: [signerOf(p256)], signingTime: NOW };
  const signed = await collect(withHeader(plain, clearSigned(entityOf(plain), signing, { random, eightBit: false })));

  b.keys.plans.set(bob, { kind: 'signed', signer: identity(p256), rsa: 'pkcs1', reason: 'test' });
  const twice = await b.run(stepOf(b), await b.submitted(signed, [bob]));
  assert.deepEqual(await contentOf(copyFor(twice, bob)), signed, 'never signed again');

  // Encrypted first, then signed in the clear: encrypted, though the header does not say so.
  const { refusal } = refusing({ refusal: row(550, '5.7.5', 'no certificate', '') });
  b.keys.plans.set(bob, { kind: 'refused', about: 'recipient', refusal });
  const encryption = { recipients: [{ certificate: p384.certificate }], cipher: 'aes-256-gcm', random } as const;
  const around = clearSigned(envelope(entityOf(plain), encryption), signing, { random, eightBit: false });
  const wrapped = await collect(withHeader(plain, around));
  const kept = await b.run(stepOf(b), await b.submitted(wrapped, [bob]));
  assert.deepEqual(await contentOf(copyFor(kept, bob)), wrapped, 'what its sender encrypted is not refused');
  assert.equal((await b.run(stepOf(b), await b.submitted(signed, [bob]))).kind, 'refused');

  b.keys.plans.set(bob, encryptTo(p384, p256));
  const message = await b.submitted(signed, [bob]);
  const step = stepOf(b);
  const depths: number[] = [];
  for (const signature of ['valid', 'invalid'] as const) {
    const copies = [
      { body: message.body, recipients: message.recipients, protection: 'smime signature valid', signature },
    ];
    const made = await step.run(message, copies, { open: (promised) => b.store.openBody(promised) });
    assert(made.kind === 'passed');
    const octets = await contentOf(made.copies[0]!);
    const read = await openMessage(value(await readMessage(sourceOf(octets))), {
      keys: [keyOf(p384)],
      trust: await b.keys.trust(),
      stage: memoryStage().stage,
      maxContent: 50_000_000,
    });
    assert.equal(standingOf(value(read).layers).standing, 'valid');
    depths.push(
      (
        value(read)
          .message.header.octets.toString('latin1')
          .match(/multipart\/signed/g) ?? []
      ).length,
    );
    const text = (await collect(value(read).message.source.slices())).toString('latin1');
    assert.equal(text.match(/multipart\/signed/g)?.length, signature === 'valid' ? 1 : 2);
  }

  const encrypted = await contentOf(copyFor(await b.run(step, await b.submitted(letter('x\r\n'), [bob])), bob));
  b.counts.opened = 0;
  const again = await b.run(step, await b.submitted(encrypted, [bob]));
  assert.deepEqual([await contentOf(copyFor(again, bob)), b.counts.opened], [encrypted, 0]);
});

test('a refusal of the plan, a key that does not open, and an addressee who takes less refuse the message', async (t) => {
  const b = await bench(t);
  const { p256, p384 } = await people();
  const bob = 'bob@praktijk.example';
  await b.register(bob, { ...WANTED, 'max-message': 64 * 1024 });
  const { refusal } = refusing({ refusal: row(550, '5.7.5', 'it expired on 2026-11-01', '') });
  b.keys.plans.set(bob, { kind: 'refused', about: 'recipient', refusal });
  const step = stepOf(b);
  const message = await b.submitted(letter('x\r\n'), [bob]);
  assert.deepEqual(await b.run(step, message), { kind: 'refused', refusal });
  const asked = { at: message.recipients[0]!.to.address, registered: message.recipients[0]!.registered };
  const rcpt = { ...asked, submitter: message.submitter, sender: message.sender };
  assert.deepEqual(await step.recipient?.(rcpt), refusal);
  // The sender's own certificate goes by the header, which has not come at RCPT.
  b.keys.plans.set(bob, { kind: 'refused', about: 'sender', refusal });
  assert.equal(await step.recipient?.(rcpt), undefined);

  b.keys.plans.set(bob, encryptTo(p384, p256));
  b.keys.broken = true;
  const broken = await b.run(step, message);
  assert(broken.kind === 'refused');
  assert.deepEqual([broken.refusal.reply, broken.refusal.status], [451, '4.3.5']);
  assert.equal(b.log.names.filter((name) => name === 'smime.no-signing-key').length, 1);
  b.keys.broken = false;

  const large = await b.run(step, await b.submitted(letter('x'.repeat(60_000) + '\r\n'), [bob]));
  assert(large.kind === 'refused');
  assert.deepEqual([large.refusal.reply, large.refusal.status], [552, '5.2.3']);
});

test('more blind copies than one message may have are refused before the first is made', async (t) => {
  const b = await bench(t);
  const { p256, p384 } = await people();
  const to = Array.from({ length: 65 }, (_, i) => `blind${i}@praktijk.example`);
  for (const at of to) {
    await b.register(at, WANTED);
    b.keys.plans.set(at, encryptTo(p384, p256));
  }
  const outcome = await b.run(stepOf(b), await b.submitted(letter('x\r\n', { to: 'undisclosed-recipients:;' }), to));
  assert(outcome.kind === 'refused');
  assert.deepEqual([outcome.refusal.status, b.counts.opened], ['5.5.3', 0]);
});

test('where encryption was wanted and not possible, trace and log say why', async (t) => {
  const b = await bench(t);
  const { p256, p384 } = await people();
  const to = ['a', 'b', 'c'].map((name) => `${name}@praktijk.example`);
  for (const at of to) await b.register(at, { encrypt: 'when-possible' });
  await b.register('d@praktijk.example');
  b.keys.plans.set(to[0]!, encryptTo(p384, p256));
  const outcome = passed(await b.run(stepOf(b), await b.submitted(letter('x\r\n'), [...to, 'd@praktijk.example'])));
  assert.deepEqual(
    outcome.audit
      .filter(({ event }) => event === 'message.not-encrypted')
      .map(({ facts, personal }) => [facts, personal]),
    [[{ why: 'nothing is wanted', recipients: 2 }, { recipients: to.slice(1) }]],
  );
  assert.equal(b.log.names.filter((name) => name === 'protection.not-encrypted').length, 1);
});

test('a header at the limit is read in a moment, and refused where nothing more fits on top of it', async (t) => {
  const b = await bench(t);
  const { p256, p384 } = await people();
  const bob = 'bob@praktijk.example';
  await b.register(bob, WANTED);
  b.keys.plans.set(bob, encryptTo(p384, p256));
  const long = (octets: number): Buffer => letter('x\r\n', { to: `${'a'.repeat(octets)} <${bob}>` });
  const began = performance.now();
  const outcome = passed(await b.run(stepOf(b), await b.submitted(long(250_000), [bob])));
  assert.ok(performance.now() - began < 2000);
  assert.equal(outcome.copies[0]?.protection, 'smime interop aes-256-cbc');
  const refused = await b.run(stepOf(b), await b.submitted(long(262_144 - 900), [bob]));
  assert(refused.kind === 'refused');
  assert.deepEqual([refused.refusal.reply, refused.refusal.status], [554, '5.6.0']);
});

for (const kind of ['interop', 'strong'] as const)
  test(`3 MB of any octets come out of ${kind} as they went in, for keys of every kind`, async (t) => {
    const b = await bench(t);
    const kinds: readonly Kind[] = ['p256', 'p384', 'rsa2048'];
    const to = kinds.map((each) => `${each}-to@praktijk.example`);
    for (const [i, at] of to.entries()) {
      await b.register(at, WANTED);
      b.keys.plans.set(at, encryptTo(await person(kinds[i]!), await person('rsa2048'), kind));
    }
    const body =
      Buffer.from(seededBytes(9)(3_000_000))
        .toString('latin1')
        .replace(/[\r\n\0]+/g, '\r\n') + '\r\n';
    const message = await b.submitted(letter(body, { to: to.join(',') }), to, { eightBit: true });
    const outcome = await b.run(stepOf(b), { ...message, from: (await person('rsa2048')).address });
    for (const [i, at] of to.entries()) {
      const { text } = await opened(outcome, at, await person(kinds[i]!));
      assert.ok(text.includes(body), at);
    }
  });
