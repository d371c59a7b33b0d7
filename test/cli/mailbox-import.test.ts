/**
 * `sluis mailbox import` beside a running gateway, on a store that nobody serves, and from one
 * gateway to another.
 */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { EICAR } from '../../src/scan/proof.ts';
import { testCertificates } from '../support/certificates.ts';
import { FakeClamd } from '../support/clamd.ts';
import { sluisHere } from '../support/command-line.ts';
import { type TestGateway, addressOf, loginOf, passwordOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const [anna, bert] = [addressOf('anna'), addressOf('bert')];
const edi = `From: x\n\nUNB+UNOA:1+1+2+261125:0905+7'UNH+1+MEDLAB:1'UNT+2+1'UNZ+1+7'`;
const letter = (n: number | string, end = '\r\n'): string =>
  [
    `Return-Path: <${bert}>`,
    `Delivered-To: ${anna}`,
    `Message-ID: <m${n}@old>`,
    `Subject: ${n}`,
    '',
    `.text ${n}`,
    '',
  ].join(end);

function folder(t: TestContext, files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(tmpdir(), 'sluis-import-'));
  t.after(() => rmSync(made, { recursive: true, force: true }));
  for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(made, part));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(made, name), text, 'latin1');
  return made;
}

async function gatewayFor(t: TestContext, ...accounts: string[]): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts });
  t.after(() => gateway.remove());
  return gateway;
}

const run = (gateway: TestGateway, args: readonly string[], input = ''): ReturnType<typeof sluisHere> =>
  sluisHere(['mailbox', 'import', ...args, '--config', gateway.config.file], input);

async function fetched(gateway: TestGateway, name: string): Promise<Map<string, string>> {
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf(name));
  const all = new Map<string, string>();
  for (const [n, uidl] of await client.uidl()) all.set(uidl, (await client.fetch(n)).toString('latin1'));
  await client.quit();
  return all;
}

test('a maildir of Dovecot: UIDLs, octets, marks and trace; again it imports nothing twice, deleted ones neither', async (t) => {
  const gateway = await gatewayFor(t, 'anna', 'bert');
  const maildir = folder(t, {
    'cur/1764158401.M1P1.old:2,S': letter(1, '\n'),
    'cur/1764158402.M2P1.old:2,': letter(2),
    'new/1764158403.M3P1.old': edi,
    'dovecot-uidlist': '3 V255 N10\n1 W999 :1764158401.M1P1.old:2,S\n2 :1764158402.M2P1.old:2,\n',
  });
  const open = await Pop3Client.open(gateway.target('pop3'), loginOf('anna'));
  const dry = await run(gateway, [anna, '--maildir', maildir, '--dry-run']);
  assert.equal(
    dry.stdout,
    [
      `${anna}: 3 messages in ${maildir}. UIDLs by dovecot-uidlist (UIDVALIDITY 255): 2 as %08Xu%08Xv, 0 that it kept of an older server, 1 that it had not numbered yet.`,
      '  3 messages would be imported. Nothing was changed.',
      '',
    ].join('\n'),
  );
  const done = await run(gateway, [anna, '--maildir', maildir, '--reason', 'wave 1']);
  assert.equal(done.stderr, '');
  // Two line ends of the third get their CR, and its last line gets one.
  const octets = 2 * letter(1).length + edi.length + 4;
  assert.deepEqual(done.stdout.split('\n').slice(1), [
    `  Imported 3 messages (${octets} bytes) in 1 batch: 1 counts as fetched, 2 as waiting; 1 has EDI in them.`,
    '  2 messages had lines that end in LF: CRLF now, as they were served over POP3.',
    '  1 message has another size than the old server had noted; compare some of them with the old files.',
    '',
  ]);
  // The session that was open sees nothing of it, as of new mail.
  assert.equal((await open.stat()).messages, 0);
  await open.quit();
  const all = await fetched(gateway, 'anna');
  assert.deepEqual([...all.keys()], ['00000001000000ff', '00000002000000ff', '0000000a000000ff']);
  assert.deepEqual([...all.values()].slice(0, 2), [letter(1), letter(2)]);
  const traced = await sluisHere(['trace', 'm1@old', '--config', gateway.config.file]);
  assert.match(traced.stdout, /message\.imported/, traced.stderr);
  assert.match(traced.stdout, /wave 1/);
  const client = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  await client.command('DELE 1');
  await client.quit();
  writeFileSync(join(maildir, 'new/1764158409.M9P1.old'), letter(9));
  const again = await run(gateway, [anna, '--maildir', maildir]);
  assert.match(again.stdout, /3 messages were imported before and are left out\.\n {2}Imported 1 message /);
  assert.deepEqual(
    [...(await fetched(gateway, 'anna')).keys()],
    ['00000002000000ff', '0000000a000000ff', '0000000b000000ff'],
  );
});

test('an import goes beyond the quota and says so, and no new mail comes in then', async (t) => {
  const gateway = await gatewayFor(t, 'anna', 'bert');
  await sluisHere(['account', 'set', anna, 'quota=1MiB', '--config', gateway.config.file]);
  const maildir = folder(t, { 'new/1.a': `From: x\r\n\r\n${'y'.repeat(1000).concat('\r\n').repeat(1100)}` });
  const done = await run(gateway, [anna, '--maildir', maildir]);
  assert.match(done.stdout, /The mailbox holds 1\.1 MiB, more than its quota of 1\.0 MiB: new mail for it is refused/);
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('bert'));
  await client.command(`MAIL FROM:<${bert}>`, '250');
  await client.command(`RCPT TO:<${anna}>`, '452 4.2.2');
  await client.quit();
});

test('a store that nobody serves takes an import, and the gateway hands it out afterwards', async (t) => {
  const gateway = await gatewayFor(t, 'anna');
  await gateway.stop();
  const done = await run(gateway, [anna, '--maildir', folder(t, { 'cur/1.a:2,': letter('a') }), '--json']);
  const told = JSON.parse(done.stdout) as { rule: string; imported: { messages: number } };
  assert.deepEqual([told.rule, told.imported.messages], ['UIDLs are the names of the files', 1]);
  const again = await gateway.restart();
  t.after(() => again.remove());
  assert.deepEqual([...(await fetched(again, 'anna'))], [['1.a', letter('a')]]);
});

test('from a POP3 server, with TLS that is checked: UIDLs stay, nothing is deleted there until it is asked for', async (t) => {
  const [old, gateway] = [await gatewayFor(t, 'anna', 'bert'), await gatewayFor(t, 'anna')];
  const sender = await SmtpClient.open(old.target('submission'), loginOf('bert'));
  for (const n of [1, 2, 3])
    await sender.submit(
      bert,
      [anna],
      Buffer.from(
        `From: ${bert}\r\nMessage-ID: <${n}@x>\r\nDate: Wed, 25 Nov 2026 09:00:00 +0100\r\n\r\n...${n}\r\n..\r\n`,
      ),
    );
  await sender.quit();
  const before = await fetched(old, 'anna');
  const { server, ca } = await testCertificates();
  const pin = new X509Certificate(server.certificate).fingerprint256;
  const from = (...more: string[]): string[] => [
    anna,
    '--pop3',
    `127.0.0.1:${old.port('pop3s')}`,
    '--password-file',
    '-',
    ...more,
  ];
  const caFile = join(gateway.folder, 'old-ca.pem');
  writeFileSync(caFile, ca.certificate);
  const strange = await run(gateway, from(), passwordOf('anna'));
  assert.match(strange.stderr, /give its authority with --ca, or the certificate itself with --pin/);
  const wrong = await run(gateway, from('--pin', pin), 'wrong');
  assert.match(wrong.stderr, /at PASS, it answered "-ERR/);
  assert.deepEqual([strange.code, wrong.code], [7, 7]);
  const done = await run(gateway, from('--pin', pin), passwordOf('anna'));
  assert.equal(done.code, 0, done.stderr);
  assert.match(done.stdout, /3 count as fetched, 0 as waiting/);
  assert.deepEqual(await fetched(gateway, 'anna'), before);
  assert.equal((await fetched(old, 'anna')).size, 3);
  const stls = [anna, '--pop3', `127.0.0.1:${old.port('pop3')}`, '--stls', '--pin', pin, '--user', anna, '--delete'];
  const again = await run(gateway, stls, passwordOf('anna'));
  assert.match(again.stdout, /3 messages were imported before.*Imported 0 messages.*Deleted 3 messages there/s);
  assert.equal((await fetched(old, 'anna')).size, 0);
  assert.deepEqual(await fetched(gateway, 'anna'), before);
});

test('many mailboxes from a CSV file: one that fails is told of, the others are done, and a second run does the rest', async (t) => {
  const gateway = await gatewayFor(t, 'anna', 'bert');
  const [one, two] = [folder(t, { 'new/1.a': letter(1) }), folder(t, { 'new/1.b': letter(2), 'new/2.b': letter(3) })];
  const csv = `login,maildir\n${anna},${one}\n${bert},${join(two, 'nowhere')}\nnobody,${two}\n`;
  const first = await run(gateway, ['--from', '-'], csv);
  // Of the first one that failed: its place cannot be read.
  assert.equal(first.code, 7);
  assert.match(first.stdout, /nobody: Cannot find account "nobody"/);
  assert.match(first.stdout, /bert@group\.test: Cannot read the maildir .*it has no folder "cur"/);
  assert.match(
    first.stdout,
    /1 of 3 mailboxes are done; correct what is said of the others and run the same command again/,
  );
  const second = await run(gateway, ['--from', '-'], `account,maildir\n${anna},${one}\n${bert},${two}\n`);
  assert.equal(second.code, 0);
  assert.match(second.stdout, /All 2 mailboxes are done\.\n$/);
  assert.deepEqual([...(await fetched(gateway, 'bert')).keys()], ['1.b', '2.b']);
  assert.equal((await fetched(gateway, 'anna')).size, 1);
});

test("an operator's mistakes", async (t) => {
  const gateway = await gatewayFor(t, 'anna');
  const long = 'x'.repeat(71);
  const maildir = folder(t, { 'new/1.a': letter(1), 'new/2.a': letter(2) });
  const table = join(maildir, 'uidls.csv');
  const withTable = async (text: string): Promise<string> => {
    writeFileSync(table, text);
    return (await run(gateway, [anna, '--maildir', maildir, '--uidl-file', table])).stderr;
  };
  for (const [args, text] of [
    [[], /expected either one account or --from FILE/],
    [[anna], /expected --maildir DIR or --pop3 HOST/],
    [['nobody', '--maildir', maildir], /Cannot find account "nobody"/],
    [[anna, '--maildir', maildir, '--delete'], /a maildir is only read/],
    [[anna, '--maildir', maildir, '--uidl-format', '%u'], /it has no dovecot-uidlist; leave --uidl-format out/],
    [[anna, '--pop3', 'a:b'], /expected HOST or HOST:PORT/],
    [[anna, '--pop3', 'a', '--pin', 'x'], /expected 64 hexadecimal digits; "openssl x509/],
  ] as const) {
    const ran = await run(gateway, args);
    assert.match(ran.stderr, text);
    assert.notEqual(ran.code, 0);
  }
  assert.match(await withTable(`file,uidl\n1.a,${long}\n2.a,b\n`), /has 71 characters; expected 1 to 70 visible ones/);
  assert.match(await withTable('file,uidl\n1.a,b\n2.a,b\n'), /two messages have the UIDL "b".*nothing was imported/);
  assert.match(await withTable('file,uidl\n1.a,\n'), /line 2, uidl: it is empty/);
  assert.equal(await withTable('file,uidl\n1.a,one\n2.a,two\n'), '');
  assert.deepEqual([...(await fetched(gateway, 'anna')).keys()], ['one', 'two']);
});

test('where mail is scanned, that of another server is as well: malware is left there and named, an import without a scanner stops', async (t) => {
  const clamd = await FakeClamd.start(t);
  const gateway = await startTestGateway({
    accounts: ['anna', 'bert'],
    configuration: `[scan]\nclamd = "${clamd.path}"\n`,
  });
  t.after(() => gateway.remove());
  const maildir = folder(t, {
    'cur/1.a:2,': letter(1),
    'cur/2.b:2,': letter(`2 ${EICAR.toString('latin1')}`),
    'cur/3.c:2,': letter(3),
  });
  const done = await run(gateway, [anna, '--maildir', maildir, '--reason', 'wave 1']);
  assert.match(done.stdout, /Imported 2 messages/);
  assert.match(done.stdout, /: it holds malware \(Eicar-Test-Signature\)\n/);
  assert.deepEqual([...(await fetched(gateway, 'anna')).values()], [letter(1), letter(3)]);
  // What clamd was given is what is handed out, whole.
  assert.deepEqual(
    clamd.streams.map(({ content }) => content.toString('latin1')),
    [letter(1), letter(`2 ${EICAR.toString('latin1')}`), letter(3)],
  );
  const rows = await gateway.store.audit.read({ limit: 100 });
  const found = rows.filter(({ event }) => event === 'scan.found');
  assert.deepEqual(
    found.map(({ facts }) => [facts?.where, facts?.signature]),
    [['imported', 'Eicar-Test-Signature']],
  );
  assert.deepEqual(
    rows.filter(({ event }) => event === 'message.imported').map(({ facts }) => facts?.scan),
    ['clean', 'clean'],
  );
  // Offered again it is looked at again, and what was filed is not.
  const again = await run(gateway, [anna, '--maildir', maildir, '--reason', 'wave 1']);
  assert.match(again.stdout, /it holds malware/);
  assert.equal(clamd.streams.length, 4);

  // What is not scanned is not taken, and nothing of it is filed.
  await clamd.stop();
  const stopped = await run(gateway, [bert, '--maildir', maildir, '--reason', 'wave 1']);
  assert.equal(stopped.code, 7);
  assert.match(stopped.stderr, /Cannot scan the message with UIDL "\S+" for malware \(away: .*then import again/);
  assert.deepEqual([...(await fetched(gateway, 'bert')).keys()], []);
});
