/**
 * Mail through a gateway that scans with Debian's clamd: malware wherever clamd looks for it, over
 * every road in; its limits; what it cannot look into.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { readMessage, sourceOf } from '../../src/crypto/smime/message.ts';
import { protect } from '../../src/crypto/smime/protect.ts';
import { makeOperatorKey } from '../../src/crypto/trail/operator-key.ts';
import { MiB, instant, milliseconds } from '../../src/domain/units.ts';
import { findingsOf, scanFindings } from '../../src/gateway/doctor-scan.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { EICAR, PROOFS } from '../../src/scan/proof.ts';
import { askClamd } from '../../src/scan/line.ts';
import { zip } from '../../src/scan/zip.ts';
import { collect, signerOf } from '../crypto/cms/support.ts';
import { value } from '../crypto/support.ts';
import { API_LISTENER, apiOf } from '../support/api.ts';
import { startClamd } from '../support/clamd.ts';
import { type Commands, commandsOn } from '../support/command-line.ts';
import { testBeforeRelease } from '../support/effort.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { freePort } from '../support/instance.ts';
import { fetchAll } from '../support/mail.ts';
import { type MailGateway, startMailGateway } from '../support/mail-people.ts';
import { hasProgram, present } from '../support/require.ts';
import { SmtpClient, UnexpectedReply } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

process.env.PATH = `${process.env.PATH ?? ''}:/usr/sbin`;
const options = {
  skip: present('the program clamd', hasProgram('clamd'), 'install it with "apt-get install clamav-daemon"'),
};

const zipOf = async (name: string, octets: Buffer): Promise<Buffer> => {
  const pieces = [deflateRawSync(octets)];
  return await collect(zip([{ name, compressed: pieces[0]!.length, octets: octets.length, pieces }]));
};

const header = (more: string, from = 'anna'): string =>
  `From: <${addressOf(from)}>\r\nTo: <${addressOf('bram')}>\r\nSubject: Uitslag\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\nMIME-Version: 1.0\r\n${more}\r\n`;
const base64 = (octets: Buffer): string => octets.toString('base64').replace(/.{76}/g, '$&\r\n');
const attached = (octets: Buffer, name = 'bijlage.bin'): Buffer =>
  Buffer.from(
    `${header('Content-Type: multipart/mixed; boundary=b\r\n')}--b\r\n\r\ntekst\r\n--b\r\n` +
      `Content-Type: application/octet-stream; name="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${base64(octets)}\r\n--b--\r\n`,
  );
const inText = (text: string): Buffer => Buffer.from(`${header('')}Beste Bram,\r\n${text}\r\n`);
/** Nothing but this in its body. */
const bare = (text: string, from = 'anna'): Buffer => Buffer.from(`${header('', from)}${text}\r\n`);
const EDI = Buffer.from(
  `UNB+UNOC:3+1+2+261125:1200+77'UNH+1+MEDLAB:1'FTX+${EICAR.toString('latin1')}'UNT+3+1'UNZ+1+77'`,
);

const configuration = (path: string, more = ''): string => `[scan]\nclamd = "${path}"\n${more}`;

async function gatewayWith(t: TestContext, scan: string): Promise<MailGateway> {
  const gateway = await startMailGateway({ accounts: ['anna', 'bram'], configuration: `${scan}\n${API_LISTENER}` });
  t.after(() => gateway.remove());
  return gateway;
}

/** The reply to the content. */
async function submitted(gateway: MailGateway, content: Buffer, who = 'anna'): Promise<string> {
  const client = await SmtpClient.open(gateway.target('submission'), loginOf(who));
  try {
    return await client.submit(addressOf(who), [addressOf('bram')], content);
  } catch (error) {
    if (error instanceof UnexpectedReply) return error.reply;
    throw error;
  } finally {
    client.wire.destroy();
  }
}

const count = async (gateway: MailGateway): Promise<number> =>
  (await fetchAll(gateway.target('pop3s'), loginOf('bram'))).length;

const MALWARE = /^554 5\.7\.1 The message holds malware \(Eicar-(?:Test|Body)\.UNOFFICIAL\)/;

test(
  'malware is refused in text, attachments, archives, EDI, over SMTP and the API; without the scanner it is filed',
  options,
  async (t) => {
    const { path } = await startClamd(t);
    const gateway = await gatewayWith(t, configuration(path));
    const inner = await zipOf('eicar.com', EICAR);
    const infected: readonly (readonly [string, Buffer])[] = [
      ['text', inText(EICAR.toString('latin1'))],
      ['attachment', attached(EICAR)],
      ['zip', attached(inner, 'uitslag.zip')],
      ['zip in zip', attached(await zipOf('binnen.zip', inner), 'uitslag.zip')],
      ['EDI', attached(EDI, 'medlab.edi')],
    ];
    for (const [what, content] of infected) assert.match(await submitted(gateway, content), MALWARE, what);
    assert.equal(await count(gateway), 0);
    assert.match(await submitted(gateway, inText('Groet')), /^250 2\.0\.0 /);
    assert.equal(await count(gateway), 1);
    const rows = (await gateway.store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'scan.found');
    assert.equal(rows.length, infected.length);

    const api = apiOf(t, gateway);
    const post = async (content: Buffer) =>
      await api
        .as('anna')
        .post('/messages', undefined, { body: content, headers: { 'content-type': 'message/rfc822' } });
    const refused = await post(attached(EICAR));
    assert.match(JSON.stringify(refused.json), /The message holds malware \(Eicar-(?:Test|Body)\.UNOFFICIAL\)/);
    assert.equal((await post(attached(Buffer.from('schoon')))).status, 201);

    const off = await gatewayWith(t, '');
    for (const [what, content] of infected) assert.match(await submitted(off, content), /^250 2\.0\.0 /, what);
    assert.equal(await count(off), infected.length);
  },
);

const PASSPHRASE = 'four words make one';

/** Two operators with keys of their own. Answers how one of them signs what is asked for. */
async function twoOperators(
  { folder }: MailGateway,
  { done }: Commands,
): Promise<(who: 'jan' | 'piet', id: string) => Promise<string>> {
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('passphrase'), `${PASSPHRASE}\n`);
  for (const name of ['jan', 'piet']) {
    const { sealed, publicKey } = makeOperatorKey(PASSPHRASE);
    writeFileSync(at(`${name}.pem`), sealed, { mode: 0o600 });
    writeFileSync(at(`${name}.pub`), publicKey);
    await done('operator', 'add', name, '--public-key', at(`${name}.pub`), '--reason', 'team');
  }
  return async (who, id) => await done('approve', id, '--key', at(`${who}.pem`), '--passphrase-file', at('passphrase'));
}

/** An interchange that clamd takes for malware: octets that stay together within one segment. */
const laboratory = (from: string, to = 'LAB'): string =>
  `UNB+UNOC:3+${from}+${to}+261125:1200+77'UNH+1+MEDLAB:1'FTX+${EICAR.toString('latin1')}'UNT+3+1'UNZ+1+77'`;

test(
  'an interchange that clamd takes for malware passes for the account that two operators have exempt, until one ends it, and nothing else does',
  options,
  async (t) => {
    const { path } = await startClamd(t);
    const gateway = await gatewayWith(t, `${configuration(path)}[operators]\nsecond-person = ["scan-exempt"]\n`);
    const commands = commandsOn(() => gateway.config.file, 'yes\n');
    const sign = await twoOperators(gateway, commands);
    const parties = ['--edi-from', '500123456:ZZ', '--edi-to', 'LAB'];
    const exempt = laboratory('500123456:ZZ');
    const refused = async (when: string): Promise<void> =>
      assert.match(await submitted(gateway, bare(exempt)), MALWARE, when);

    const add = [
      'scan',
      'exempt',
      'add',
      addressOf('anna'),
      ...parties,
      '--ends',
      '2099-12-31',
      '--reason',
      'laboratory',
    ];
    await refused('before anybody asked');
    const asked = await commands.run(...add);
    assert.equal(asked.code, 8, asked.stderr);
    const id = /--approval ([A-Z2-7]{4}-[A-Z2-7]{4})/.exec(asked.stderr)?.[1] ?? '';
    await refused('asked for');
    await sign('jan', id);
    assert.equal((await commands.run(...add, '--approval', id)).code, 8);
    await refused('one person signed');
    await sign('piet', id);
    await commands.done(...add, '--approval', id);

    assert.match(await submitted(gateway, bare(exempt)), /^250 /);
    const [filed] = await fetchAll(gateway.target('pop3s'), loginOf('bram'));
    assert.ok(filed?.includes(exempt), 'octet for octet');
    for (const [what, content, who] of [
      ['another account', bare(exempt, 'bram'), 'bram'],
      ['another sender of the interchange', bare(laboratory('500123457:ZZ')), 'anna'],
      ['another addressee of it', bare(laboratory('500123456:ZZ', 'ARTS')), 'anna'],
      ['a second interchange behind it', bare(`${exempt}${laboratory('500123457:ZZ')}`), 'anna'],
      ['text in front of it', inText(exempt), 'anna'],
      ['text behind it', bare(`${exempt}\r\n${EICAR.toString('latin1')}`), 'anna'],
      ['an attachment', attached(EICAR), 'anna'],
    ] as const)
      assert.match(await submitted(gateway, content, who), MALWARE, what);
    assert.equal(await count(gateway), 0, 'none of them was filed');

    await commands.done('scan', 'exempt', 'end', addressOf('anna'), ...parties);
    await refused('ended');
    assert.equal(await count(gateway), 0);
    const rows = (await gateway.store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'scan.marked');
    assert.deepEqual(
      rows.map(({ facts }) => [facts?.why, facts?.ediFrom, facts?.ediTo]),
      [['not scanned: exempt', '500123456:ZZ', 'LAB']],
    );
  },
);

test('S/MIME that the gateway opens is scanned inside', options, async (t) => {
  const { path } = await startClamd(t);
  const gateway = await gatewayWith(t, configuration(path));
  const anna = await gateway.give('anna');
  const bram = await gateway.give('bram', { kind: 'rsa2048', keep: true });
  await gateway.set('bram', { open: true });
  const sealed = async (content: Buffer): Promise<Buffer> =>
    await collect(
      protect(
        value(await readMessage(sourceOf(content))),
        {
          kind: 'interop',
          signing: { signers: [signerOf(anna)], signingTime: instant(Date.now()) },
          encryption: {
            ...{ cipher: 'aes-256-cbc', random: randomBytes },
            recipients: [{ certificate: bram.certificate, transport: 'oaep' }],
          },
        },
        { random: randomBytes, eightBit: false },
      ),
    );
  assert.match(await submitted(gateway, await sealed(attached(EICAR))), MALWARE);
  assert.match(await submitted(gateway, await sealed(inText('Groet'))), /^250 /);
  const [opened] = await fetchAll(gateway.target('pop3s'), loginOf('bram'));
  assert.match(opened ?? '', /Sluis-Opened: whole[^]*\r\nBeste Bram,\r\nGroet\r\n/);
});

test(
  'what clamd says is too large is refused as such, also where it cuts the stream; by setting it passes with a mark',
  options,
  async (t) => {
    const { path } = await startClamd(t);
    const gateway = await gatewayWith(t, configuration(path));
    // Random octets do not shrink: above StreamMaxLength, 3 MiB; then above MaxScanSize, 4 MiB,
    // inside an archive.
    const [long, bomb] = [attached(randomBytes(4 * MiB)), attached(await zipOf('nul', Buffer.alloc(20 * MiB)))];
    for (const content of [long, bomb])
      assert.match(await submitted(gateway, content), /^552 5\.3\.4 The message is too large to be scanned/);
    const lenient = await gatewayWith(t, configuration(path, 'too-large = "pass"\n'));
    for (const content of [long, bomb]) assert.match(await submitted(lenient, content), /^250 /);
    const rows = (await lenient.store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'scan.marked');
    assert.deepEqual(
      rows.map(({ facts }) => facts?.mark),
      ['too-large', 'too-large'],
    );
  },
);

test(
  'a clamd that says OK beyond its limits is not believed, doctor says what to set; one that stops is away, and mail goes on when it is back',
  options,
  async (t) => {
    const port = await freePort();
    const silent = await startClamd(t, ['MaxFileSize 4M', 'MaxScanSize 4M', `TCPSocket ${port}`, 'TCPAddr 127.0.0.1']);
    const gateway = await gatewayWith(t, configuration(`127.0.0.1:${port}`));
    assert.match(await submitted(gateway, inText('Groet')), /^451 4\.7\.1 /);
    assert.match(await submitted(gateway, inText(EICAR.toString('latin1'))), MALWARE);
    const [finding] = await scanFindings(gateway.config, systemClock);
    assert.match(finding?.what ?? '', /one large member.*AlertExceedsMax yes/);
    const hole = await startClamd(t, ['AlertExceedsMax yes', 'MaxFileSize 3M', 'MaxScanSize 8M']);
    const scan = { ...gateway.config.scan, clamd: { path: hole.path } };
    const [found] = await scanFindings({ scan }, systemClock);
    assert.match(found?.what ?? '', /one large member.*MaxFileSize as large as MaxScanSize/);
    assert.deepEqual(findingsOf({ standing: { kind: 'proven' } }, gateway.config.scan, systemClock), []);
    const away = await gatewayWith(t, configuration(`${silent.path}.none`, 'away = "pass"\n'));
    assert.match(await submitted(away, inText('Groet')), /^250 /);
    await until('the log tells of it', () => away.log.names.includes('scan.away'));
  },
);

testBeforeRelease('the proofs are archives that clamd reads to their end where its limits let it', async (t) => {
  const { path } = await startClamd(t, ['AlertExceedsMax yes', 'MaxFileSize 2000M', 'MaxScanSize 2000M', 'MaxFiles 0']);
  const time = milliseconds(150_000);
  const [, many] = PROOFS;
  const answer = await askClamd(
    { at: { path }, times: { connect: time, send: time, reply: time }, clock: systemClock },
    'INSTREAM',
    many.archive(),
  );
  assert.ok(answer.kind === 'answer');
  assert.match(answer.text, /^stream: Eicar-\w+\.UNOFFICIAL FOUND$/);
});
