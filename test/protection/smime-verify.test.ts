import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode, explicit, oid, sequence } from '../../src/crypto/certificates/der.ts';
import { Oid } from '../../src/crypto/certificates/oids.ts';
import { entityOf, readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import { clearSigned, opaqueSigned, withHeader } from '../../src/crypto/smime/protect.ts';
import type { Middleware } from '../../src/middleware/middleware.ts';
import { smimeVerify } from '../../src/protection/smime-verify.ts';
import { type Person, circle, collect, makePerson, person, signerOf } from '../crypto/cms/support.ts';
import { NOW, value } from '../crypto/support.ts';
import { type Bench, bench, contentOf, copyFor, letter, passed, random } from './support.ts';

const BOB = 'bob@praktijk.example';
const stepOf = ({ keys }: Bench): Middleware => smimeVerify({ keys, authserv: 'mail.test' });

const capabilities = [{ oid: Oid.aes256Gcm }];

/** `form`: how it is signed. */
async function signed(
  by: Person,
  form: 'clear' | 'opaque' = 'clear',
  body = 'the text\r\n',
  header?: string,
): Promise<Buffer> {
  const message = value(await readMessage(sourceOf(letter(body, header === undefined ? {} : { header }))));
  const signing = { signers: [signerOf(by)], signingTime: NOW, capabilities };
  const content =
    form === 'clear'
      ? clearSigned(entityOf(message), signing, { random, eightBit: false })
      : opaqueSigned(entityOf(message), signing);
  return await collect(withHeader(message, content));
}

async function told(b: Bench, content: Buffer): Promise<{ field: string; rest: Buffer; facts: unknown }> {
  const outcome = passed(await b.run(stepOf(b), await b.submitted(content, [BOB])));
  const octets = await contentOf(copyFor(outcome, BOB));
  const end = octets.indexOf('Received: ');
  const { protection, copy, ...facts } = outcome.audit[0]?.facts ?? {};
  const worth = outcome.audit[0]?.outcome === 'success' ? 'valid' : 'not valid';
  assert.deepEqual([protection, copy], [`smime signature ${worth}`, copyFor(outcome, BOB).body.id]);
  return { field: octets.toString('latin1', 0, end), rest: octets.subarray(end), facts };
}

async function start(t: { after(run: () => Promise<void> | void): void }): Promise<Bench> {
  const b = await bench(t);
  await b.register(BOB);
  return b;
}

test('a valid signature passes, on top of the message as it came, and what its signer reads is noted', async (t) => {
  const b = await start(t);
  const who = await person('p256');
  for (const form of ['clear', 'opaque'] as const) {
    const content = await signed(who, form);
    const { field, rest, facts } = await told(b, content);
    assert.match(
      field,
      /^Authentication-Results: mail\.test;\r\n\tsmime=pass\r\n\tbody\.smime-identifier=p256@praktijk\.example\r\n\tbody\.smime-serial=[0-9a-f]+\r\n\tbody\.smime-issuer="[^"\r\n]*Mail Root[^"\r\n]*"\r\n$/,
    );
    assert.deepEqual(rest, content, 'every octet below the field is as it was submitted');
    assert.deepEqual(facts, { signature: 'valid', certificates: who.certificate.fingerprint });
  }
  assert.deepEqual(b.keys.noted, [
    ['p256@praktijk.example', capabilities],
    ['p256@praktijk.example', capabilities],
  ]);
});

test('the verdict takes the place of the field that said that nothing was checked', async (t) => {
  const b = await start(t);
  const content = await signed(await person('p256'));
  const edge = Buffer.from('Authentication-Results: mail.test; none\r\n');
  const { field, rest } = await told(b, Buffer.concat([edge, content]));
  assert.match(field, /^Authentication-Results: mail\.test;\r\n\tsmime=pass\r\n/);
  assert.doesNotMatch(field, /none/);
  assert.deepEqual(rest, content);
});

test('a right signature over content that two programs read differently passes for nobody, and the content stays', async (t) => {
  const b = await start(t);
  const who = await person('p256');
  const two =
    '--a\r\nContent-Type: text/plain\r\n\r\nGeef 5 mg.\r\n--a--\r\n--b\r\nContent-Type: text/plain\r\n\r\nGeef 50 mg.\r\n--b--\r\n';
  for (const [header, body, reason] of [
    [`Content-Type: multipart/mixed; boundary=a; boundary*=us-ascii''b\r\n`, two, 'the parameter boundary is written'],
    [
      `Content-Type: multipart/mixed; boundary*0*=us-ascii''b; boundary=a\r\n`,
      two,
      'the parameter boundary is written',
    ],
    ['Content-Type: multipart/mixed; boundary="\\a"\r\n', two, 'a quoted pair'],
    [
      'Content-Type: multipart/mixed; boundary=a\r\nContent-Type: multipart/mixed; boundary=b\r\n',
      two,
      'Content-Type stands twice',
    ],
    ['Content-Type: text/plain\r\nContent-Transfer-Encoding: base64 (x)\r\n', 'R2VlZg==\r\n', 'a comment'],
    [
      'Content-Type: multipart/mixed; boundary=a\r\n',
      two
        .replace('--a\r\n', '--a\r\nFrom: director@praktijk.example\r\n')
        .replace('text/plain', 'text/plain; hp="clear"'),
      'names another author',
    ],
  ] as const)
    for (const form of ['clear', 'opaque'] as const) {
      const content = await signed(who, form, body, header);
      const { field, rest, facts } = await told(b, content);
      assert.match(field, /\tsmime=neutral\r\n\treason="programs may show other content than was signed: /, header);
      assert.ok(field.includes(reason), field);
      assert.deepEqual(rest, content, 'the content goes out as it came');
      assert.match(JSON.stringify(facts), /"doubt":"/);
    }
  const own = two.slice(0, two.indexOf('--b')).replace('--a\r\n', '--a\r\nFrom: P <p256@praktijk.example>\r\n');
  const same = await signed(who, 'clear', own, 'Content-Type: multipart/mixed; boundary=a\r\n');
  assert.match((await told(b, same)).field, /smime=pass/);
  const version = Buffer.from(
    (await signed(who)).toString('latin1').replace('MIME-Version', 'MIME-Version: 1.0\r\nMIME-Version'),
    'latin1',
  );
  assert.match((await told(b, version)).field, /smime=neutral[^]*MIME-Version stands twice/);
});

test('tampered content fails; a signer who is not the author, or whose certificate ended, does not count', async (t) => {
  const b = await start(t);
  const { authority, now } = await circle();
  const content = await signed(await person('p256'));
  const tampered = Buffer.from(content.toString('latin1').replace('the text', 'The text'), 'latin1');
  assert.match((await told(b, tampered)).field, /\tsmime=fail\r\n\treason="message-digest: /);
  const other = await told(b, await signed(await person('p384')));
  assert.match(other.field, /\tsmime=policy\r\n\treason="address: .*\r\n\tbody\.smime-identifier=p384@praktijk/);
  const ended = await makePerson('p256', 'p256', authority, now, { notAfter: now - 1000 });
  assert.match((await told(b, await signed(ended))).field, /\tsmime=policy\r\n\treason="dates: /);
  assert.deepEqual((await told(b, await signed(ended))).facts, {
    signature: 'invalid',
    failed: 'dates',
    certificates: ended.certificate.fingerprint,
  });
  assert.deepEqual(b.keys.noted, [], 'nothing is believed of these');
});

test('the signature of the gateway itself proves no author', async (t) => {
  const b = await start(t);
  b.keys.own = (await person('p384')).certificate;
  const { field } = await told(b, await signed(await person('p384')));
  assert.match(field, /\tsmime=policy\r\n\treason="signed by the gateway itself, /);
});

test('what nobody can read is neutral, and goes on as it came', async (t) => {
  const b = await start(t);
  const content = await signed(await person('p256'));
  const broken = Buffer.from(content.toString('latin1').replace(/\r\n--sluis-[0-9a-f]+--\r\n$/, '\r\n'), 'latin1');
  const { field, rest, facts } = await told(b, broken);
  assert.match(field, /\tsmime=neutral\r\n\treason="multipart\/signed has /);
  assert.deepEqual(rest, broken);
  assert.equal((facts as { signature?: string }).signature, 'unreadable');
});

test('a message that is not signed with S/MIME is not read, one that only might be is not written', async (t) => {
  const b = await start(t);
  await b.run(stepOf(b), await b.submitted(letter('x\r\n'), [BOB]));
  assert.deepEqual(b.counts, { opened: 0, read: 0 });
  const enveloped = encode(sequence(oid(Oid.envelopedData), explicit(0, sequence()))).toString('base64');
  for (const [header, body] of [
    ['Content-Type: multipart/signed; protocol="application/pgp-signature"; boundary=x\r\n', 'x'],
    ['Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: base64\r\n', enveloped],
  ] as const) {
    const message = await b.submitted(letter(`${body}\r\n`, { header }), [BOB]);
    const outcome = passed(await b.run(stepOf(b), message));
    assert.deepEqual([outcome.copies[0]?.body, b.counts.opened, outcome.audit], [message.body, 0, []]);
  }
});
