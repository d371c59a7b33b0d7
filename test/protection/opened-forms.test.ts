/**
 * Forms that other programs write, opened: bare line ends inside, encryption below a signature, a
 * header that travels inside, labels that lie.
 */
import assert from 'node:assert/strict';
import { deflateSync } from 'node:zlib';
import { test } from 'node:test';
import { signDetached } from '../../src/crypto/cms/sign.ts';
import { encode, explicit, integer, octetString, oid, sequence } from '../../src/crypto/certificates/der.ts';
import { Oid } from '../../src/crypto/certificates/oids.ts';
import { readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import { MAX_LAYERS } from '../../src/crypto/smime/open.ts';
import { type Entity, clearSigned, encrypted, opaqueSigned, withHeader } from '../../src/crypto/smime/protect.ts';
import type { Middleware } from '../../src/middleware/middleware.ts';
import { pgpOpen } from '../../src/protection/pgp-open.ts';
import { pgpVerify } from '../../src/protection/pgp-verify.ts';
import { smimeOpen } from '../../src/protection/smime-open.ts';
import { smimeVerify } from '../../src/protection/smime-verify.ts';
import { Chain } from '../../src/middleware/chain.ts';
import { type Person, collect, person, signerOf } from '../crypto/cms/support.ts';
import type { PgpKey } from '../../src/crypto/pgp/protocol.ts';
import { protectedBy, secretOf } from '../crypto/pgp/support.ts';
import { NOW, value } from '../crypto/support.ts';
import { giveKey } from './pgp-support.ts';
import { type Bench, bench, contentOf, copyFor, keyOf, letter, passed, random, size } from './support.ts';

const ME = 'p256@praktijk.example';
const BOB = 'bob@praktijk.example';
const COR = 'cor@praktijk.example';
const authserv = 'mail.test';

const steps = ({ keys, log, pgp }: Bench): readonly Middleware[] => {
  const opening = { random, log, authserv, helpdesk: { address: 'beheer@mail.test' }, maxContent: size(3_000_000) };
  return [
    smimeVerify({ keys, authserv }),
    pgpVerify({ keys: pgp.keys, thread: pgp.thread, authserv }),
    smimeOpen({ keys, ...opening }),
    pgpOpen({ keys: pgp.keys, thread: pgp.thread, ...opening }),
  ];
};

const signing = (by: Person) => ({ signers: [signerOf(by)], signingTime: NOW });
const text = (content: string): Buffer => Buffer.from(content, 'latin1');
async function* entity(content: string | Buffer): Entity {
  yield Buffer.from(content as string, 'latin1');
}

/** An entity of S/MIME around another one, and the letter around it. */
class Maker {
  readonly me: Person;
  readonly to: Person;

  constructor(me: Person, to: Person) {
    this.me = me;
    this.to = to;
  }

  encrypted(content: Entity, cipher: 'aes-256-cbc' | 'aes-256-gcm' = 'aes-256-gcm'): Entity {
    const recipients = [{ certificate: this.to.certificate, transport: 'oaep' as const }];
    return encrypted(content, { recipients, cipher, random });
  }

  clear(content: Entity, by = this.me): Entity {
    return clearSigned(content, signing(by), { random, eightBit: false });
  }

  opaque(content: Entity): Entity {
    return opaqueSigned(content, signing(this.me));
  }

  /**
   * multipart/signed with bare LF around the content. The signature is over `signed`, the content
   * stands there as `content`.
   */
  async withLf(content: string, signed = content): Promise<string> {
    const signature = (await signDetached([text(signed)], signing(this.me))).toString('base64');
    return (
      'Content-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="b"\n\n' +
      `--b\n${content}\n--b\nContent-Type: application/pkcs7-signature\nContent-Transfer-Encoding: base64\n\n` +
      `${signature.replace(/.{64}/g, '$&\n')}\n--b--\n`
    );
  }

  async letter(content: Entity, subject = 'Uitslag'): Promise<Buffer> {
    const octets = text(letter('').toString('latin1').replace('Subject: Uitslag', `Subject: ${subject}`));
    return await collect(withHeader(value(await readMessage(sourceOf(octets))), content));
  }
}

async function start(t: { after(run: () => Promise<void> | void): void }): Promise<{
  b: Bench;
  make: Maker;
  open: (content: Buffer) => Promise<string>;
  shut: (content: Buffer) => Promise<string>;
}> {
  const b = await bench(t);
  await b.register(BOB, { open: true });
  await b.register(COR);
  const to = await person('rsa2048');
  b.keys.held.set(BOB, [keyOf(to)]);
  const run = async (content: Buffer, at: string): Promise<string> => {
    const chain = new Chain(b.store, steps(b));
    const outcome = passed(await chain.run(await b.submitted(content, [at])));
    return (await contentOf(copyFor(outcome, at))).toString('latin1');
  };
  return {
    ...{ b, make: new Maker(await person('p256'), to) },
    open: (content) => run(content, BOB),
    shut: (content) => run(content, COR),
  };
}

const PART = 'Content-Type: text/plain; charset=utf-8\n\nuitslag\nvan vandaag\n';
const crlf = (content: string): string => content.replace(/\r\n|\r|\n/g, '\r\n');
const onlyCrlf = (message: string): void => assert.doesNotMatch(message.replaceAll('\r\n', ''), /[\r\n]/);
const results = (message: string): string[] => [...message.matchAll(/\t(?:smime|x-pgp)=(\w+)/g)].map((m) => m[1] ?? '');
const reasons = (message: string): string[] => [...message.matchAll(/\treason="([^"]*)"/g)].map((m) => m[1] ?? '');

test('a signed message with bare LF is opened from any encryption: signed as it came, or in canonical form', async (t) => {
  const { make, open } = await start(t);
  for (const signed of [PART, crlf(PART)])
    for (const cipher of ['aes-256-cbc', 'aes-256-gcm'] as const) {
      const inside = await make.withLf(PART, signed);
      const opened = await open(await make.letter(make.encrypted(entity(inside), cipher)));
      assert.match(opened, /^Authentication-Results: mail\.test;\r\n\tsmime=pass/);
      assert.match(opened, /Sluis-Opened: whole/);
      assert.ok(opened.includes(crlf(PART)));
      onlyCrlf(opened);
      const other = await open(await make.letter(make.encrypted(entity(await make.withLf(PART, `${PART}x`)), cipher)));
      assert.deepEqual(results(other), ['fail']);
    }
});

test('line ends of every kind in one content, and a lone CR, give one form; the signature is over what came', async (t) => {
  const { make, open } = await start(t);
  const mixed = 'Content-Type: text/plain\r\n\none\rtwo\r\r\nthree\n\nfour\r\n';
  const opened = await open(await make.letter(make.encrypted(entity(await make.withLf(mixed)))));
  assert.deepEqual(results(opened), ['pass']);
  assert.ok(opened.includes('\r\n\r\none\r\ntwo\r\n\r\nthree\r\n\r\nfour\r\n'));
  onlyCrlf(opened);
  // A header with LF alone, and no line end at its end.
  const bare = await open(await make.letter(make.encrypted(entity('Content-Type: text/plain\n\nbody'))));
  assert.ok(bare.endsWith('\r\nContent-Type: text/plain\r\n\r\nbody\r\n'));
});

test('an opaque signature below LF, in base64 and binary, is read as it came', async (t) => {
  const { make, open } = await start(t);
  const whole = await collect(make.opaque(entity(crlf(PART))));
  const at = whole.indexOf('\r\n\r\n') + 4;
  const base64 = whole.toString('latin1').replaceAll('\r\n', '\n');
  const der = Buffer.from(whole.toString('latin1', at), 'base64');
  const binary = Buffer.concat([
    text('Content-Type: application/pkcs7-mime; smime-type=signed-data\nContent-Transfer-Encoding: binary\n\n'),
    der,
  ]);
  for (const inside of [base64, binary]) {
    const opened = await open(await make.letter(make.encrypted(entity(inside))));
    assert.deepEqual(results(opened), ['pass']);
    assert.ok(opened.endsWith(crlf(PART)));
  }
});

test('a large content with LF passes in slices, and no larger one comes out than a message may be', async (t) => {
  const { make, open } = await start(t);
  const long = `Content-Type: text/plain\n\n${'0123456789abcdef\n'.repeat(100_000)}`;
  const opened = await open(await make.letter(make.encrypted(entity(await make.withLf(long)))));
  assert.deepEqual([results(opened), opened.includes(crlf(long))], [['pass'], true]);
  const doubled = `Content-Type: text/plain\n\n${'\n'.repeat(1_600_000)}`;
  assert.match(await open(await make.letter(make.encrypted(entity(doubled)))), /Sluis-Opened: failed/);
});

test('encryption below a signature in the clear is opened, and each signature has its own verdict', async (t) => {
  const { make, open, shut } = await start(t);
  const signedTwice = await make.letter(make.clear(make.encrypted(make.clear(entity(crlf(PART))), 'aes-256-cbc')));
  const opened = await open(signedTwice);
  assert.deepEqual(results(opened), ['pass', 'pass']);
  assert.deepEqual(reasons(opened), ['outside the encryption', 'inside the encryption']);
  assert.match(opened, /\r\nSluis-Opened: whole \(aes-256-cbc\)\r\n/);
  assert.ok(opened.includes(crlf(PART)));
  assert.doesNotMatch(opened, /enveloped/);
  const closed = await shut(signedTwice);
  assert.deepEqual([results(closed), closed.includes('Sluis-Opened')], [['pass'], false]);
  assert.ok(closed.endsWith(signedTwice.toString('latin1')), 'whoever opens by himself gets it as it was sent');
  // Signed after it was encrypted: nobody signed what is inside.
  const after = await open(await make.letter(make.clear(make.encrypted(entity(crlf(PART))))));
  assert.deepEqual(results(after), ['pass']);
  assert.match(after, /outside the encryption[^]*Sluis-Opened: whole \(aes-256-gcm\)/);
  // A wrong signature outside does not hide that the inner one is right.
  const other = await make.letter(make.clear(make.encrypted(make.opaque(entity(crlf(PART)))), await person('p384')));
  const both = await open(other);
  assert.deepEqual(results(both), ['policy', 'pass']);
  assert.match(reasons(both)[0] ?? '', /^outside the encryption: address: /);
});

test('CBC below a signature is not proven by that signature: whoever signs may have changed it before', async (t) => {
  const { make, open } = await start(t);
  const opened = await open(await make.letter(make.clear(make.encrypted(entity(crlf(PART)), 'aes-256-cbc'))));
  assert.match(opened, /Sluis-Opened: unproven \(aes-256-cbc\)/);
});

test('what is below a signature and cannot be opened is explained, and the whole message attached', async (t) => {
  const { b, make, open } = await start(t);
  b.keys.held.clear();
  const sent = await make.letter(make.clear(make.encrypted(entity(crlf(PART)))));
  const opened = await open(sent);
  assert.match(opened, /^Authentication-Results: mail\.test;\r\n\tsmime=permerror[^]*Sluis-Opened: failed\r\n/);
  assert.ok(opened.includes(sent.toString('latin1')));
});

test('layers have an end', async (t) => {
  const { make, open } = await start(t);
  const wrapped = async (times: number): Promise<string> => {
    let content: Entity = entity(crlf(PART));
    for (let i = 0; i < times; i += 1) content = i % 2 === 0 ? make.encrypted(content) : make.clear(content);
    return await open(await make.letter(content));
  };
  assert.match(await wrapped(MAX_LAYERS - 1), /Sluis-Opened: whole/);
  assert.match(await wrapped(MAX_LAYERS + 1), /Sluis-Opened: failed/);
  let signed: Entity = entity(crlf(PART));
  for (let i = 0; i < 3 * MAX_LAYERS; i += 1) signed = make.clear(signed);
  assert.deepEqual(results(await open(await make.letter(signed))), ['pass']);
});

test('PGP below a signature of PGP, and each protocol below a signature of the other one', async (t) => {
  const { b, make, open } = await start(t);
  const [me, bob] = [await giveKey(b, ME), await giveKey(b, BOB, { held: true })];
  const inner = text(
    `${letter('')
      .toString('latin1')
      .replace(/Content-Type[^]*/, '')}${crlf(PART)}`,
  );
  const sign = { secretKeys: [secretOf(me)] };
  const sealed = await protectedBy(b.pgp.thread, inner, { ...sign, publicKeys: [bob.publicKey] });
  const wrapped = await open(await protectedBy(b.pgp.thread, sealed, sign));
  assert.deepEqual(results(wrapped), ['pass', 'pass']);
  assert.deepEqual(reasons(wrapped), ['outside the encryption', 'inside the encryption']);
  assert.match(wrapped, /Sluis-Opened: whole \(OpenPGP\)/);
  assert.ok(wrapped.endsWith(crlf(PART)));
  const contentOfLetter = (octets: Buffer): Entity =>
    entity(octets.subarray(octets.indexOf('Content-Type: multipart')));
  const below = await open(await make.letter(make.clear(contentOfLetter(sealed))));
  assert.match(below, /\tsmime=pass[^]*\tx-pgp=pass[^]*Sluis-Opened: whole \(OpenPGP\)/);
  assert.deepEqual(reasons(below), ['outside the encryption', 'inside the encryption']);
  assert.ok(below.endsWith(crlf(PART)));
  const smime = await make.letter(make.encrypted(make.opaque(entity(crlf(PART)))));
  const over = await open(await protectedBy(b.pgp.thread, smime, sign));
  assert.match(over, /\tx-pgp=pass[^]*\tsmime=pass[^]*Sluis-Opened: whole \(aes-256-gcm\)/);
  assert.ok(over.endsWith(crlf(PART)));
  // Below an opaque signature, or an encryption, of S/MIME: told, never handed out closed and
  // called opened.
  assert.match(await open(await make.letter(make.opaque(contentOfLetter(sealed)))), /Sluis-Opened: failed/);
});

test('PGP with bare LF inside: the header is read, and a signature inside is judged over what came, then in canonical form', async (t) => {
  const { b, open } = await start(t);
  const [me, bob] = [await giveKey(b, ME), await giveKey(b, BOB, { held: true })];
  const bare = text(
    `${letter('')
      .toString('latin1')
      .replace(/Content-Type[^]*/, '')}${crlf(PART)}`,
  );
  const signed = await protectedBy(b.pgp.thread, bare, { secretKeys: [secretOf(me)] });
  const encrypt = async (inside: string): Promise<string> => {
    const packets: Uint8Array[] = [];
    const job = { kind: 'encrypt', secretKeys: [], publicKeys: [bob.publicKey] } as const;
    const output = (slice: Uint8Array): void => void packets.push(slice);
    const made = await b.pgp.thread.run(job, { input: [text(inside)], output });
    assert.ok(made.ok);
    const armour = Buffer.concat(packets).toString('base64').replace(/.{64}/g, '$&\r\n');
    return await open(
      text(
        `${letter('')
          .toString('latin1')
          .replace(
            /Content-Type[^]*/,
            '',
          )}Content-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n` +
          `--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n` +
          `-----BEGIN PGP MESSAGE-----\r\n\r\n${armour}\r\n-----END PGP MESSAGE-----\r\n\r\n--b--\r\n`,
      ),
    );
  };
  const content = signed.toString('latin1', signed.indexOf('Content-Type: multipart/signed'));
  const lf = content.replaceAll('\r\n', '\n');
  for (const inside of [lf, content]) {
    const opened = await encrypt(inside);
    assert.deepEqual(results(opened), ['pass']);
    assert.ok(opened.includes(crlf(PART)));
    onlyCrlf(opened);
  }
  assert.deepEqual(results(await encrypt(lf.replace('vandaag', 'gisteren'))), ['fail']);
  const plain = await encrypt('Content-Type: text/plain; protected-headers="v1"\nSubject: binnen\n\nx');
  assert.match(plain, /\r\nSubject: binnen\r\n[^]*\r\n\r\nx\r\n$/);
});

interface Label {
  readonly content: string;
  /** Of the verdict for whom nothing is opened. */
  readonly says: 'smime' | 'x-pgp';
  readonly reason: string;
  /** Anybody can read it as it is: then nobody gets it attached to an explanation. */
  readonly readable?: true;
}

const BASE64 = 'Content-Transfer-Encoding: base64\r\n';
const NOT_SMIME = { says: 'smime', reason: 'it says that it is S/MIME, and cannot be read as such' } as const;
const ALONE = { reason: 'a signature without what it signs', readable: true } as const;
const multipart = (type: string, parts = '--b\r\n\r\nx\r\n--b\r\n\r\ny\r\n--b--\r\n'): string =>
  `Content-Type: multipart/${type}; boundary=b\r\n\r\n${parts}`;
const digested = encode(sequence(oid(Oid.tstInfo), explicit(0, sequence()))).toString('base64');
const deep = Buffer.from('3080'.repeat(4000), 'hex').toString('base64').replace(/.{76}/g, '$&\r\n');
const file = (name: string): string => `Content-Type: application/octet-stream; name="${name}"\r\n\r\nnothing\r\n`;

const LABELS: Readonly<Record<string, Label>> = {
  'pkcs7-mime, empty': {
    content: `Content-Type: application/pkcs7-mime; smime-type=signed-data\r\n${BASE64}\r\n`,
    ...NOT_SMIME,
  },
  'pkcs7-mime, no ASN.1': { content: 'Content-Type: application/pkcs7-mime\r\n\r\nthis is a text\r\n', ...NOT_SMIME },
  'pkcs7-mime, nested too deep': {
    content: `Content-Type: application/x-pkcs7-mime\r\n${BASE64}\r\n${deep}\r\n`,
    ...NOT_SMIME,
  },
  'pkcs7-mime, another kind': {
    content: `Content-Type: application/pkcs7-mime\r\n${BASE64}\r\n${digested}\r\n`,
    ...NOT_SMIME,
  },
  'pkcs7-mime, an smime-type of the future': {
    content: `Content-Type: application/pkcs7-mime; smime-type=sealed-data\r\n${BASE64}\r\n${digested}\r\n`,
    ...NOT_SMIME,
  },
  'pkcs7-mime, an encoding of nobody': {
    content: 'Content-Type: application/pkcs7-mime\r\nContent-Transfer-Encoding: x-other\r\n\r\nMIIB\r\n',
    ...NOT_SMIME,
  },
  'a file .p7m': { content: file('smime.p7m'), ...NOT_SMIME },
  'a file .p7c': { content: file('keten.P7C'), ...NOT_SMIME },
  'a file .p7z': { content: file('smime.p7z'), ...NOT_SMIME },
  'a file .p7s': { content: file('smime.p7s'), ...NOT_SMIME, readable: true },
  'pkcs7-signature alone': {
    content: `Content-Type: application/pkcs7-signature; name=smime.p7s\r\n${BASE64}\r\nMIIB\r\n`,
    ...{ says: 'smime', ...ALONE },
  },
  'x-pkcs7-signature alone': {
    content: 'Content-Type: application/x-pkcs7-signature\r\n\r\nx\r\n',
    ...{ says: 'smime', ...ALONE },
  },
  'pgp-signature alone': {
    content: 'Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n',
    ...{ says: 'x-pgp', ...ALONE },
  },
  'pgp-encrypted alone': {
    content: 'Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n',
    ...{ says: 'x-pgp', reason: 'a part of an encrypted message without the other one' },
  },
  'multipart/encrypted of another protocol': {
    content: multipart('encrypted; protocol="application/x-other"'),
    ...{ says: 'x-pgp', reason: 'multipart/encrypted with a protocol that is not read here' },
  },
  'multipart/encrypted of no protocol': {
    content: multipart('encrypted'),
    ...{ says: 'x-pgp', reason: 'multipart/encrypted with a protocol that is not read here' },
  },
  'multipart/encrypted of PGP, empty': {
    content: multipart('encrypted; protocol="application/pgp-encrypted"', ''),
    ...{ says: 'x-pgp', reason: 'multipart/encrypted without a part' },
  },
  ...Object.fromEntries(
    [
      ['the second part a text', 'no armour at all\r\n'],
      ['the second part empty', ''],
      ['the second part cut', '-----BEGIN PGP MESSAGE-----\r\n\r\nwcBMA0v6\r\n'],
      ['no packets in its armour', '-----BEGIN PGP MESSAGE-----\r\n\r\ndGV4dA==\r\n-----END PGP MESSAGE-----\r\n'],
    ].map(([what, second]) => [
      `multipart/encrypted of PGP, ${what}`,
      {
        content: multipart(
          'encrypted; protocol="application/pgp-encrypted"',
          `--b\r\nContent-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n${second}\r\n--b--\r\n`,
        ),
        ...{ says: 'x-pgp', reason: 'multipart/encrypted whose second part is not a whole OpenPGP message' },
      },
    ]),
  ),
  'multipart/encrypted of PGP, one part': {
    content: multipart('encrypted; protocol="application/pgp-encrypted"', '--b\r\n\r\nx\r\n--b--\r\n'),
    ...{ says: 'x-pgp', reason: 'multipart/encrypted whose second part is not a whole OpenPGP message' },
  },
  'multipart/signed of another protocol': {
    content: multipart('signed; protocol="application/x-other"'),
    ...{ says: 'smime', reason: 'multipart/signed with a protocol that is not read here', readable: true },
  },
  'multipart/signed of no protocol': {
    content: multipart('signed'),
    ...{ says: 'smime', reason: 'multipart/signed with a protocol that is not read here', readable: true },
  },
};

test('what says that it is protected and cannot be read has a verdict, and where it is closed an explanation for whom it is opened', async (t) => {
  const { make, open, shut } = await start(t);
  for (const [name, { content, says, reason, readable }] of Object.entries(LABELS)) {
    const sent = await make.letter(entity(content));
    const came = sent.toString('latin1');
    const top = `Authentication-Results: mail.test;\r\n\t${says}=neutral\r\n\treason="${reason}"\r\n`;
    const closed = await shut(sent);
    assert.equal(closed.slice(0, top.length), top, name);
    assert.ok(closed.endsWith(came), name);
    const opened = await open(sent);
    if (readable === true) assert.equal(opened, closed, name);
    else {
      assert.match(opened, /^Authentication-Results: mail\.test;\r\n\t[\w-]+=permerror/, name);
      assert.match(opened, /^Authentication-Results: [^]*Sluis-Opened: failed[^]*kon hier niet worden geopend/, name);
      assert.deepEqual([opened.includes(came), opened.includes(`\t${says}=permerror`)], [true, true], name);
    }
  }
});

test('application/pgp of before MIME is content like any other', async (t) => {
  const { make, open, shut } = await start(t);
  const sent = await make.letter(
    entity('Content-Type: application/pgp; format=mime\r\n\r\n-----BEGIN PGP MESSAGE-----\r\n\r\nwcBM\r\n'),
  );
  assert.deepEqual([await shut(sent), await open(sent)], Array(2).fill(sent.toString('latin1')));
});

test('a signature alone inside encryption is handed out as what was encrypted', async (t) => {
  const { make, open } = await start(t);
  const alone = 'Content-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n';
  const opened = await open(await make.letter(make.encrypted(entity(alone))));
  assert.match(opened, /Sluis-Opened: whole[^]*-----BEGIN PGP SIGNATURE-----\r\n$/);
});

/** A message inside with a header of its own; `\n`: as its maker wrote line ends. */
const whole = (change: (head: string) => string = (head) => head, end = '\r\n'): string =>
  change(
    `Content-Type: message/rfc822\r\n\r\nFrom: <${ME}>\r\nTo: ${BOB}\r\nSubject: Uitslag Jansen\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@praktijk.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n\r\npositief\r\n`,
  ).replaceAll('\r\n', end);

test('a message that was signed in the clear, whole, and encrypted takes the place of the one around it', async (t) => {
  const { make, open } = await start(t);
  const wrapped = async (inside: Entity): Promise<string> =>
    await open(await make.letter(make.encrypted(inside), '...'));
  for (const inside of [make.clear(entity(whole())), entity(await make.withLf(whole((s) => s, '\n')))]) {
    const opened = await wrapped(inside);
    const [head = '', body] = opened.split('\r\n\r\n', 2);
    assert.deepEqual([results(opened), body], [['pass'], 'positief\r\n']);
    assert.match(head, /\r\nSubject: Uitslag Jansen\r\n/);
    assert.doesNotMatch(opened, /Subject: \.\.\.|multipart\/signed|message\/rfc822/);
    onlyCrlf(opened);
  }
  assert.match(
    await wrapped(make.clear(entity(whole((s) => s.replace(ME, 'director@praktijk.example'))))),
    /Sluis-Opened: failed/,
  );
  const date = await wrapped(make.clear(entity(whole((s) => s.replace('25 Nov', '24 Nov')))));
  assert.match(date, /\tsmime=policy\r\n\treason="fields differ inside and outside: date"/);
});

test('a header on the content that was signed and encrypted: its subject counts, another author does not', async (t) => {
  const { make, open } = await start(t);
  const copy = (from: string): string =>
    `Content-Type: text/plain; hp="cipher"\r\nFrom: <${from}>\r\nTo: ${BOB}\r\nSubject: Uitslag Jansen\r\n\r\npositief\r\n`;
  for (const inside of [make.clear(entity(copy(ME))), make.opaque(entity(copy(ME)))]) {
    const opened = await open(await make.letter(make.encrypted(inside), '[...]'));
    assert.deepEqual(results(opened), ['pass']);
    assert.match(opened, /^(?:.*\r\n)*?Subject: Uitslag Jansen\r\n/);
    assert.equal(opened.split('\r\n\r\n')[0]?.match(/^Subject:/gm)?.length, 1);
  }
  const forged = make.clear(entity(copy('director@praktijk.example')));
  assert.match(await open(await make.letter(make.encrypted(forged), '[...]')), /Sluis-Opened: failed/);
});

test('a header that was signed and says something else outside is policy, with the field named', async (t) => {
  const { b, make, shut } = await start(t);
  const outside = 'Uitslag Jansen';
  const field = async (inside: Entity): Promise<string> => {
    const got = await shut(await make.letter(inside, outside));
    return `${results(got).join()} ${reasons(got).join()}`;
  };
  const copy = (subject: string, more = ''): string =>
    `Content-Type: text/plain; hp="clear"\r\nFrom: <${ME}>\r\n${more}Subject: ${subject}\r\n\r\nx\r\n`;
  for (const form of [make.clear.bind(make), make.opaque.bind(make)]) {
    assert.equal(await field(form(entity(copy(outside)))), 'pass ');
    assert.equal(await field(form(entity(copy('=?utf-8?q?Uitslag_Jansen?=')))), 'pass ');
    assert.equal(
      await field(form(entity(copy('Uitslag de Vries')))),
      'policy fields differ inside and outside: subject',
    );
    assert.equal(
      await field(form(entity(copy(outside, 'Reply-To: <x@elders.example>\r\n')))),
      'policy fields differ inside and outside: reply-to',
    );
    assert.equal(await field(form(entity(whole()))), 'pass ');
    assert.equal(
      await field(form(entity(whole((s) => s.replace('To: ', 'To: <cor@praktijk.example>, '))))),
      'policy fields differ inside and outside: to',
    );
    assert.equal(
      await field(form(entity(whole((s) => s.replace(`From: <${ME}>`, 'From: <director@praktijk.example>'))))),
      'policy fields differ inside and outside: from',
    );
  }
  const me = await giveKey(b, ME);
  for (const [subject, expected] of [
    [outside, 'pass '],
    ['Uitslag de Vries', 'policy fields differ inside and outside: subject'],
  ] as const)
    assert.equal(await field(entity(await pgpClear(b, me, copy(subject)))), expected);
});

/** multipart/signed with an OpenPGP signature over an entity that has fields of the letter. */
async function pgpClear({ pgp }: Bench, by: PgpKey, content: string): Promise<string> {
  const made = await pgp.thread.run({ kind: 'sign', secretKeys: [secretOf(by)] }, { input: [text(content)] });
  assert.ok(made.ok);
  return (
    'Content-Type: multipart/signed; protocol="application/pgp-signature"; micalg=pgp-sha512; boundary="p"\r\n\r\n' +
    `--p\r\n${content}\r\n--p\r\nContent-Type: application/pgp-signature\r\n\r\n-----BEGIN PGP SIGNATURE-----\r\n\r\n` +
    `${Buffer.from(made.value.signature).toString('base64').replace(/.{64}/g, '$&\r\n')}\r\n-----END PGP SIGNATURE-----\r\n\r\n--p--\r\n`
  );
}

const compressed = (content: Buffer): Entity =>
  entity(
    `Content-Type: application/pkcs7-mime; smime-type=compressed-data\r\nContent-Transfer-Encoding: base64\r\n\r\n${encode(
      sequence(
        oid(Oid.compressedData),
        explicit(
          0,
          sequence(integer(0), sequence(oid(Oid.zlib)), sequence(oid(Oid.data), explicit(0, octetString(content)))),
        ),
      ),
    )
      .toString('base64')
      .replace(/.{76}/g, '$&\r\n')}\r\n`,
  );

test('compressed content is read, alone and below other layers, and a bomb is not', async (t) => {
  const { make, open } = await start(t);
  const small = deflateSync(text(PART));
  const alone = await open(await make.letter(compressed(small)));
  assert.match(alone, /\tsmime=none[^]*Sluis-Opened: unproven \(compressed\)/);
  assert.ok(alone.endsWith(crlf(PART)));
  const below = await open(await make.letter(make.encrypted(make.opaque(compressed(small)))));
  assert.deepEqual([results(below), below.endsWith(crlf(PART))], [['pass'], true]);
  const above = await open(
    await make.letter(make.encrypted(compressed(deflateSync(await collect(make.clear(entity(crlf(PART)))))))),
  );
  assert.deepEqual([results(above), above.includes(crlf(PART))], [['pass'], true]);
  const bomb = deflateSync(Buffer.concat([text(PART), Buffer.alloc(2_500_000, 'a')]));
  for (const wrong of [bomb, small.subarray(0, small.length - 6), text('no zlib')])
    assert.match(await open(await make.letter(make.encrypted(compressed(wrong)))), /Sluis-Opened: failed/);
});
