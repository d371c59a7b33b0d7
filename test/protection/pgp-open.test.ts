import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pgp } from '../../src/crypto/pgp/pgp.ts';
import { minutes, octets } from '../../src/domain/units.ts';
import type { Middleware } from '../../src/middleware/middleware.ts';
import { pgpOpen } from '../../src/protection/pgp-open.ts';
import { pgpVerify } from '../../src/protection/pgp-verify.ts';
import { makeKey, protectedBy, secretOf } from '../crypto/pgp/support.ts';
import { giveKey } from './pgp-support.ts';
import { type Bench, bench, contentOf, copyFor, letter, passed, random } from './support.ts';

const ME = 'p256@praktijk.example';
const BOB = 'bob@praktijk.example';
const OPEN = { open: true };
const openStep = ({ pgp, log }: Bench, thread: Pick<Pgp, 'run'> = pgp.thread): Middleware =>
  pgpOpen({
    keys: pgp.keys,
    thread,
    random,
    log,
    authserv: 'mail.test',
    helpdesk: { address: 'post@mail.test' },
    maxContent: octets(1_000_000),
  });
const verifyStep = ({ pgp }: Bench, thread: Pick<Pgp, 'run'> = pgp.thread): Middleware =>
  pgpVerify({ keys: pgp.keys, thread, authserv: 'mail.test' });

test('a copy is opened for those who let the gateway, each with keys of their own, and for nobody else', async (t) => {
  const b = await bench(t);
  const others = ['cor@praktijk.example', 'dora@hospital.test'] as const;
  await b.register(BOB, OPEN);
  await b.register(others[0]);
  await b.register(others[1], OPEN);
  const bob = await giveKey(b, BOB, { held: true });
  const me = await giveKey(b, ME);
  const sealed = await protectedBy(b.pgp.thread, letter('x\r\n'), {
    secretKeys: [secretOf(me)],
    publicKeys: [bob.publicKey],
  });
  const message = await b.submitted(sealed, [BOB, ...others]);
  const outcome = passed(await b.run(openStep(b), message));
  assert.deepEqual(
    [BOB, ...others].map((at) => copyFor(outcome, at).protection),
    ['pgp opened whole', '', 'pgp opened failed'],
  );
  assert.match((await contentOf(copyFor(outcome, BOB))).toString('latin1'), /x-pgp=pass[\s\S]*\r\n\r\nx\r\n$/);
  // The organisation's own language first.
  assert.match(
    (await contentOf(copyFor(outcome, others[1]))).toString('latin1'),
    /charset=\S+\r\n[^\r]*\r\n\r\nThis message/,
  );
  const facts = outcome.audit.map(({ facts: its }) => [its?.protection, its?.problem, its?.signature]);
  assert.deepEqual(facts, [
    ['pgp opened whole', undefined, 'valid'],
    ['pgp opened failed', 'no-key', undefined],
  ]);
});

test('a right signature over content that two programs read differently passes for nobody, opened or not', async (t) => {
  const b = await bench(t);
  await b.register(BOB, OPEN);
  await b.register('cor@praktijk.example');
  const bob = await giveKey(b, BOB, { held: true });
  const me = await giveKey(b, ME);
  const header = `Content-Type: multipart/mixed; boundary=a; boundary*=us-ascii''b\r\n`;
  const two = '--a\r\n\r\nGeef 5 mg.\r\n--a--\r\n--b\r\n\r\nGeef 50 mg.\r\n--b--\r\n';
  const mail = letter(two, { header });
  const sealed = await protectedBy(b.pgp.thread, mail, { secretKeys: [secretOf(me)], publicKeys: [bob.publicKey] });
  const opened = passed(await b.run(openStep(b), await b.submitted(sealed, [BOB])));
  const signed = await protectedBy(b.pgp.thread, mail, { secretKeys: [secretOf(me)] });
  const verified = passed(await b.run(verifyStep(b), await b.submitted(signed, ['cor@praktijk.example'])));
  for (const copy of [copyFor(opened, BOB), copyFor(verified, 'cor@praktijk.example')]) {
    const text = (await contentOf(copy)).toString('latin1');
    assert.match(text, /x-pgp=neutral\r\n\treason="programs may show other content than was signed[^]*50 mg/);
    assert.doesNotMatch(text, /x-pgp=pass/);
  }
});

test('nothing is read where nothing is protected, or nobody lets it be opened', async (t) => {
  const b = await bench(t);
  await b.register(BOB, OPEN);
  await b.register('cor@praktijk.example');
  await b.run(openStep(b), await b.submitted(letter('x\r\n'), [BOB]));
  await b.run(verifyStep(b), await b.submitted(letter('x\r\n'), [BOB]));
  const sealed = await protectedBy(b.pgp.thread, letter('x\r\n'), {
    publicKeys: [(await makeKey(b.pgp.thread, 'x')).publicKey],
  });
  await b.run(openStep(b), await b.submitted(sealed, ['cor@praktijk.example']));
  assert.deepEqual(b.counts, { opened: 0, read: 0 });
});

test('a thread without room refuses for now, whatever is in the message', async (t) => {
  const b = await bench(t);
  await b.register(BOB, OPEN);
  const bob = await giveKey(b, BOB, { held: true });
  const me = await giveKey(b, ME);
  const full = new Pgp({ running: 0, each: 0, waiting: 0, deadline: minutes(1) });
  t.after(() => full.close());
  const stranger = await makeKey(b.pgp.thread, 'stranger');
  for (const [step, protection] of [
    [openStep(b, full), { publicKeys: [bob.publicKey] }],
    [openStep(b, full), { publicKeys: [stranger.publicKey] }],
    [verifyStep(b, full), { secretKeys: [secretOf(me)] }],
  ] as const) {
    const outcome = await b.run(
      step,
      await b.submitted(await protectedBy(b.pgp.thread, letter('x\r\n'), protection), [BOB]),
    );
    assert(outcome.kind === 'refused');
    assert.deepEqual([outcome.refusal.reply, outcome.refusal.status], [451, '4.4.5']);
  }
});

test('of two signatures one that is wrong lets no other pass', async (t) => {
  const b = await bench(t);
  await b.register(BOB);
  const me = await giveKey(b, ME);
  const signed = (body: string): Promise<Buffer> =>
    protectedBy(b.pgp.thread, letter(body), { secretKeys: [secretOf(me)] });
  const packets = (mail: Buffer): Buffer =>
    Buffer.from(/SIGNATURE-----\r\n\r\n([\s\S]*?)-----END/.exec(mail.toString('latin1'))![1]!, 'base64');
  const right = await signed('x\r\n');
  const both = Buffer.concat([packets(right), packets(await signed('y\r\n'))])
    .toString('base64')
    .replace(/.{64}/g, '$&\r\n');
  const mail = right.toString('latin1').replace(/(SIGNATURE-----\r\n\r\n)[\s\S]*?(-----END)/, `$1${both}\r\n$2`);
  const outcome = await b.run(verifyStep(b), await b.submitted(Buffer.from(mail, 'latin1'), [BOB]));
  const copy = copyFor(outcome, BOB);
  assert.equal(copy.signature, 'invalid');
  const field = (await contentOf(copy)).toString('latin1');
  assert.deepEqual([...field.matchAll(/x-pgp=(\w+)/g)].map((m) => m[1]).sort(), ['fail', 'policy']);
});
