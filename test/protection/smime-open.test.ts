import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Source } from '../../src/crypto/smime/message.ts';
import { entityOf, readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import {
  clearSigned,
  type Protection,
  encrypted,
  opaqueSigned,
  protect,
  wholeMessage,
  withHeader,
  withNeutralHeader,
} from '../../src/crypto/smime/protect.ts';
import type { Middleware } from '../../src/middleware/middleware.ts';
import { smimeOpen } from '../../src/protection/smime-open.ts';
import { MimeWalk } from '../../src/mime/walk.ts';
import { type Person, collect, person, signerOf } from '../crypto/cms/support.ts';
import { NOW, value } from '../crypto/support.ts';
import {
  type Bench,
  type StepPassed,
  bench,
  contentOf,
  copyFor,
  keyOf,
  letter,
  passed,
  random,
  size,
} from './support.ts';

const BOB = 'bob@praktijk.example';
const OPEN = { open: true };

const stepOf = ({ keys, log }: Bench): Middleware =>
  smimeOpen({
    ...{ keys, random, log, authserv: 'mail.test' },
    ...{ helpdesk: { address: 'beheer@mail.test' }, maxContent: size(1_000_000) },
  });

const signing = (by: Person) => ({ signers: [signerOf(by)], signingTime: NOW });
const recipients = (...to: readonly Person[]) =>
  to.map(({ certificate }) => ({
    certificate,
    ...(certificate.key.kind === 'rsa' ? { transport: 'oaep' as const } : {}),
  }));
const read = async (octets: Buffer) => value(await readMessage(sourceOf(octets)));

async function wrapped(octets: Buffer, protection: Protection): Promise<Buffer> {
  return await collect(protect(await read(octets), protection, { random, eightBit: false }));
}

async function start(t: { after(run: () => Promise<void> | void): void }): Promise<Bench> {
  const b = await bench(t);
  await b.register(BOB, OPEN);
  b.keys.held.set(BOB, [keyOf(await person('rsa2048'))]);
  return b;
}

async function run(
  b: Bench,
  content: Buffer,
  to: readonly string[] = [BOB],
): Promise<StepPassed & { readonly text: string }> {
  const outcome = passed(await b.run(stepOf(b), await b.submitted(content, to)));
  return { ...outcome, text: (await contentOf(copyFor(outcome, BOB))).toString('latin1') };
}

test('both profiles are opened to what was sent, with the outcome on top', async (t) => {
  const b = await start(t);
  const [from, to] = [await person('p256'), await person('rsa2048')];
  const content = letter('the text\r\n');
  for (const [kind, cipher] of [
    ['interop', 'aes-256-cbc'],
    ['strong', 'aes-256-gcm'],
  ] as const) {
    const encryption = { recipients: recipients(to), cipher, random };
    const { text, copies, audit } = await run(b, await wrapped(content, { kind, signing: signing(from), encryption }));
    assert.match(
      text,
      new RegExp(
        `^Authentication-Results: mail\\.test;\\r\\n\\tsmime=pass\\r\\n\\tbody\\.smime-identifier=p256@praktijk\\.example\\r\\n(?:\\t.*\\r\\n)*Sluis-Opened: whole \\(${cipher}\\)\\r\\nReceived: `,
      ),
    );
    assert.match(text, /\r\nSubject: Uitslag\r\n/);
    assert.match(text, /\r\n\r\nthe text\r\n/);
    assert.doesNotMatch(text, /pkcs7-mime/);
    assert.deepEqual([copies[0]?.protection, copies[0]?.opened], ['smime opened whole', true]);
    assert.deepEqual(audit[0]?.facts, {
      protection: 'smime opened whole',
      copy: copies[0]?.body.id,
      cipher,
      signature: 'valid',
      certificates: from.certificate.fingerprint,
    });
  }
});

test('CBC without a valid signature inside is flagged; GCM, and CBC signed by the gateway, are whole and prove no author', async (t) => {
  const b = await start(t);
  const to = await person('rsa2048');
  const message = await read(letter('who wrote this\r\n'));
  const bare = async (cipher: 'aes-256-cbc' | 'aes-256-gcm'): Promise<string> =>
    (
      await run(
        b,
        await collect(
          withHeader(message, encrypted(entityOf(message), { recipients: recipients(to), cipher, random })),
        ),
      )
    ).text;
  assert.match(await bare('aes-256-cbc'), /\tsmime=none\r\n[^]*Sluis-Opened: unproven \(aes-256-cbc\)\r\n/);
  assert.match(await bare('aes-256-gcm'), /\tsmime=none\r\n[^]*Sluis-Opened: whole \(aes-256-gcm\)\r\n/);
  const encryption = { recipients: recipients(to), cipher: 'aes-256-cbc' as const, random };
  const gateway = await person('p384');
  const content = await wrapped(letter('x\r\n'), { kind: 'interop', signing: signing(gateway), encryption });
  assert.match((await run(b, content)).text, /\tsmime=policy\r\n[^]*Sluis-Opened: unproven/);
  b.keys.own = gateway.certificate;
  assert.match(
    (await run(b, content)).text,
    /\tsmime=policy\r\n\treason="signed by the gateway itself[^]*Sluis-Opened: whole/,
  );
});

test('what is opaque-signed is unwrapped for a program that cannot', async (t) => {
  const b = await start(t);
  const message = await read(letter('readable\r\n'));
  const content = await collect(withHeader(message, opaqueSigned(entityOf(message), signing(await person('p256')))));
  const { text } = await run(b, content);
  assert.match(text, /\tsmime=pass\r\n[^]*Sluis-Opened: whole\r\n[^]*\r\n\r\nreadable\r\n$/);
});

test('what cannot be opened is handed out with one text for every cause, and unchanged inside', async (t) => {
  const b = await start(t);
  const [from, to, other] = [await person('p256'), await person('rsa2048'), await person('p384')];
  const make = async (who: Person, cipher: 'aes-256-cbc' | 'aes-256-gcm' = 'aes-256-cbc'): Promise<Buffer> =>
    await wrapped(letter('secret\r\n'.repeat(200)), {
      kind: 'interop',
      signing: signing(from),
      encryption: { recipients: recipients(who), cipher, random },
    });
  const flip = (octets: Buffer, fromEnd: number): Buffer => {
    const lines = octets.toString('latin1').split('\r\n');
    const at = lines.length - fromEnd;
    lines[at] = Buffer.from(lines[at] ?? '', 'latin1')
      .reverse()
      .toString('latin1');
    return Buffer.from(lines.join('\r\n'), 'latin1');
  };
  const head = (octets: Buffer): string => octets.toString('latin1', 0, octets.indexOf('\r\n\r\n') + 4);
  const cases = {
    'no-key': await make(other),
    damaged: flip(await make(to, 'aes-256-gcm'), 4),
    'cut off': (await make(to)).subarray(0, 1500),
    'not CMS': Buffer.from(`${head(await make(to))}MIIBAAYJKoZIhvcNAQcDoAA=\r\n`),
  };
  const texts = new Set<string>();
  for (const [name, content] of Object.entries(cases)) {
    const { text, copies, audit } = await run(b, content);
    assert.match(
      text,
      /^Authentication-Results: mail\.test;\r\n\tsmime=permerror\r\n\treason="the message could not be opened"\r\nSluis-Opened: failed\r\nReceived: /,
      name,
    );
    assert.match(text, /\r\nFrom: <p256@praktijk\.example>\r\n[^]*\r\nSubject: Uitslag\r\n/);
    assert.ok(text.includes(`\r\n\r\n${content.toString('latin1')}\r\n--sluis-`), `${name}: octet for octet`);
    assert.doesNotMatch(text.replace(content.toString('latin1'), ''), /padding|key not|tag|damaged, changed/i);
    assert.deepEqual([copies[0]?.protection, audit[0]?.outcome], ['smime opened failed', 'failure'], name);
    const walk = new MimeWalk();
    walk.write(Buffer.from(text, 'latin1'));
    assert.equal(walk.end().leaves[0]?.type, 'text/plain');
    texts.add(
      text
        .slice(0, text.indexOf('message/rfc822'))
        .replaceAll(/sluis-[0-9a-f]{32}/g, 'b')
        .replace(/\r\nReceived[^]*?MIME-Version/, ''),
    );
  }
  assert.equal(texts.size, 1, 'the text tells nothing of the cause');
  const [only] = texts;
  assert.match(only ?? '', /kon hier niet worden geopend[^]*could not be opened here/);
  assert.equal(b.log.names.filter((each) => each === 'smime.not-opened').length, 4);
});

test('without a key for the address there is nothing to open with; an English organisation reads English first', async (t) => {
  const b = await start(t);
  await b.register('lab@hospital.test', OPEN);
  await b.register('plain@hospital.test');
  const encryption = { recipients: recipients(await person('rsa2048')), cipher: 'aes-256-cbc' as const, random };
  const content = await wrapped(letter('x\r\n'), {
    kind: 'interop',
    signing: signing(await person('p256')),
    encryption,
  });
  const outcome = await run(b, content, [BOB, 'lab@hospital.test', 'plain@hospital.test']);
  const lab = (await contentOf(copyFor(outcome, 'lab@hospital.test'))).toString('latin1');
  assert.match(lab, /could not be opened here[^]*kon hier niet/);
  assert.match(outcome.text, /\r\n\r\nx\r\n/);
  assert.deepEqual(await contentOf(copyFor(outcome, 'plain@hospital.test')), content, 'nobody opens it for this one');
});

test('another author inside than outside is not handed out; other fields that differ are told', async (t) => {
  const b = await start(t);
  const to = await person('rsa2048');
  const encryption = { recipients: recipients(to), cipher: 'aes-256-gcm' as const, random };
  const outer = await read(letter('x\r\n'));
  const inside = async (change: (text: string) => string): Promise<string> => {
    const inner = await read(Buffer.from(change(letter('inner text\r\n').toString('latin1')), 'latin1'));
    const signed = opaqueSigned(wholeMessage(inner), signing(await person('p256')));
    return (await run(b, await collect(withNeutralHeader(outer, encrypted(signed, encryption))))).text;
  };
  const forged = await inside((text) => text.replace('From: <p256@', 'From: <director@'));
  assert.match(forged, /Sluis-Opened: failed/);
  assert.doesNotMatch(forged, /inner text|director/);
  const twice = await inside((text) => text.replace('From: ', 'From: <director@praktijk.example>\r\nFrom: '));
  assert.match(twice, /Sluis-Opened: failed/);
  const named = await inside((text) => text.replace('From: <p256@', 'From: "director@praktijk.example" <p256@'));
  assert.match(named, /Sluis-Opened: failed/);
  const own = await inside((text) => text.replace('From: <p256@', 'From: "p256@praktijk.example" <p256@'));
  assert.match(own, /smime=pass[^]*inner text/);
  const redated = await inside((text) => text.replace('25 Nov 2026', '24 Nov 2026'));
  assert.match(redated, /smime=policy\r\n\treason="fields differ inside and outside: date"[^]*inner text/);
});

test('what was signed inside and can be read in two ways is opened, and passes for nobody', async (t) => {
  const b = await start(t);
  const to = await person('rsa2048');
  const encryption = { recipients: recipients(to), cipher: 'aes-256-gcm' as const, random };
  const two = '--a\r\n\r\nGeef 5 mg.\r\n--a--\r\n--b\r\n\r\nGeef 50 mg.\r\n--b--\r\n';
  const header = `Content-Type: multipart/mixed; boundary=a; boundary*=us-ascii''b\r\n`;
  const inner = await read(letter(two, { header }));
  const signed = signing(await person('p256'));
  for (const made of [
    withNeutralHeader(inner, encrypted(opaqueSigned(wholeMessage(inner), signed), encryption)),
    withHeader(inner, encrypted(opaqueSigned(entityOf(inner), signed), encryption)),
    withHeader(inner, encrypted(clearSigned(entityOf(inner), signed, { random, eightBit: false }), encryption)),
  ]) {
    const { text } = await run(b, await collect(made));
    assert.match(text, /smime=neutral\r\n\treason="programs may show other content than was signed[^]*50 mg/);
    assert.doesNotMatch(text, /smime=pass/);
  }
});

test('nothing inside speaks in our name or puts a second author on the message', async (t) => {
  const b = await start(t);
  const to = await person('rsa2048');
  const encryption = { recipients: recipients(to), cipher: 'aes-256-gcm' as const, random };
  const forged =
    'Authentication-Results: mail.test; smime=pass\r\nReturn-Path: <director@praktijk.example>\r\nSluis-Opened: whole\r\nBcc: x@praktijk.example\r\nFrom: <director@praktijk.example>\r\nSubject: inner\r\n';
  const outer = await read(letter('x\r\n'));
  const entity = async function* (): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.from(`${forged}Content-Type: text/plain\r\n\r\ninner text\r\n`);
  };
  const { text } = await run(b, await collect(withHeader(outer, encrypted(entity(), encryption))));
  const head = text.slice(0, text.indexOf('\r\n\r\n'));
  assert.deepEqual(
    head.match(/^(From|Return-Path|Subject|Bcc|Sluis-Opened|Authentication-Results): .*$/gm)?.map((l) => l.trim()),
    [
      'Authentication-Results: mail.test;',
      'Sluis-Opened: whole (aes-256-gcm)',
      'From: <p256@praktijk.example>',
      'Subject: inner',
    ],
  );
  const inner = await read(
    Buffer.from(forged.replace(/From.*\r\nSubject.*\r\n/, '') + letter('inner text\r\n').toString('latin1'), 'latin1'),
  );
  const whole = encrypted(opaqueSigned(wholeMessage(inner), signing(await person('p256'))), encryption);
  const opened = (await run(b, await collect(withNeutralHeader(outer, whole)))).text;
  const top = opened.slice(0, opened.indexOf('\r\n\r\n'));
  assert.equal(top.match(/^Authentication-Results: /gm)?.length, 1);
  assert.equal(top.match(/^Sluis-Opened: /gm)?.length, 1);
  assert.doesNotMatch(top, /^Bcc/m);
});

test('no verdict comes out of what was encrypted: not by another spelling, not behind a bare line end, not where it stays closed', async (t) => {
  const b = await start(t);
  const to = await person('rsa2048');
  const encryption = { recipients: recipients(to), cipher: 'aes-256-gcm' as const, random };
  const outer = await read(letter('x\r\n'));
  const claim = 'mail.test; smime=pass';
  for (const forged of [
    `Authentication-Results: (a(b)) ${claim}\r\n`,
    `AUTHENTICATION-RESULTS : "mail.te\\st"; smime=pass\r\n`,
    `ARC-Authentication-Results: i=1; ${claim}\r\n`,
    `Keywords: a\nAuthentication-Results: ${claim}\r\n`,
    `Keywords: a\rAuthentication-Results: ${claim}\r\n`,
    `Content-Language: nl\nAuthentication-Results: ${claim}\r\n`,
  ]) {
    const inner = await read(Buffer.from(forged + letter('inner text\r\n').toString('latin1'), 'latin1'));
    const whole = encrypted(opaqueSigned(wholeMessage(inner), signing(await person('p256'))), encryption);
    const entity = async function* (): AsyncGenerator<Uint8Array, void, void> {
      yield Buffer.from(`${forged}Content-Type: text/plain\r\n\r\ninner text\r\n`, 'latin1');
    };
    for (const made of [withNeutralHeader(outer, whole), withHeader(outer, encrypted(entity(), encryption))]) {
      const { text } = await run(b, await collect(made));
      assert.match(text, /^Authentication-Results: mail\.test;\r\n[^]*inner text/, forged);
      assert.equal(text.match(/authentication-results/gi)?.length, 1, text);
    }
  }
  const edge = Buffer.from('Authentication-Results: mail.test; none\r\n');
  const damaged = await collect(withHeader(outer, encrypted(entityOf(outer), encryption)));
  const closed = Buffer.concat([edge, damaged.subarray(0, damaged.length - 400), Buffer.from('\r\n')]);
  const { text } = await run(b, closed);
  const head = text.slice(0, text.indexOf('\r\n\r\n'));
  assert.match(head, /^Authentication-Results: mail\.test;\r\n\tsmime=permerror/);
  assert.equal(head.match(/Authentication-Results/g)?.length, 1, head);
});

test('line ends inside become canonical; a NUL cannot be handed out', async (t) => {
  const b = await start(t);
  const encryption = { recipients: recipients(await person('rsa2048')), cipher: 'aes-256-gcm' as const, random };
  const outer = await read(letter('x\r\n'));
  const make = async (body: string): Promise<string> => {
    const entity = async function* (): AsyncGenerator<Uint8Array, void, void> {
      yield Buffer.from(`Content-Type: text/plain\r\n\r\n${body}`);
    };
    return (await run(b, await collect(withHeader(outer, encrypted(entity(), encryption))))).text;
  };
  assert.match(await make('one\ntwo\rthree'), /\r\n\r\none\r\ntwo\r\nthree\r\n$/);
  assert.match(await make('one\0two\r\n'), /Sluis-Opened: failed/);
});

test('one copy for each place, whatever can be opened; nobody is opened for with the keys of another', async (t) => {
  const b = await start(t);
  const to = ['shared1@praktijk.example', 'shared2@praktijk.example', 'other@praktijk.example'];
  for (const at of to) await b.register(at, OPEN);
  b.keys.held.set(to[0]!, [keyOf(await person('rsa2048'))]);
  b.keys.held.set(to[1]!, [keyOf(await person('rsa2048'))]);
  b.keys.held.set(to[2]!, [keyOf(await person('p384'))]);
  const encryption = { recipients: recipients(await person('rsa2048')), cipher: 'aes-256-gcm' as const, random };
  const content = await wrapped(letter('x\r\n'), {
    kind: 'interop',
    signing: signing(await person('p256')),
    encryption,
  });
  const outcome = await run(b, content, [BOB, ...to]);
  assert.deepEqual(
    outcome.copies.map(({ recipients: its, protection }) => [its.map((each) => each.to.address), protection]),
    [BOB, ...to].map((at) => [[at], at === to[2] ? 'smime opened failed' : 'smime opened whole']),
    'in the order of RCPT',
  );
  // What is opened with the same keys is opened once.
  assert.equal(copyFor(outcome, to[0]!).body.sha256, copyFor(outcome, to[1]!).body.sha256);
});

test('a header at the limit of submission is opened, or explained, like any other', async (t) => {
  const b = await start(t);
  const encryption = { recipients: recipients(await person('rsa2048')), cipher: 'aes-256-gcm' as const, random };
  const content = letter('x\r\n', { to: `${'a'.repeat(259_000)} <${BOB}>` });
  const signed = { kind: 'interop', signing: signing(await person('p256')), encryption } as const;
  assert.match((await run(b, await wrapped(content, signed))).text, /Sluis-Opened: whole/);
  b.keys.held.clear();
  assert.match((await run(b, await wrapped(content, signed))).text, /Sluis-Opened: failed/);
});

test('plain mail is not read for an addressee who lets us open', async (t) => {
  const b = await start(t);
  const message = await b.submitted(letter('x\r\n'), [BOB]);
  const outcome = passed(await b.run(stepOf(b), message));
  assert.deepEqual([b.counts, outcome.copies[0]?.body as Source], [{ opened: 0, read: 0 }, message.body]);
});
