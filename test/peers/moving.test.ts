/**
 * A practice moves from Dovecot: five thousand messages that its programs left on the server come
 * along with their UIDLs. fetchmail and getmail keep the state that they made against Dovecot, see
 * the same host, ports and password, and must fetch nothing twice.
 */
// @release: five thousand messages from a Dovecot; takeover/ tries the steps.
// @beside
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { Dovecot } from '../support/dovecot.ts';
import { HOSTNAME, Instance, type Served, addressOf, loginOf } from '../support/instance.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { withoutProgram } from '../support/require.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { run } from './run.ts';
import { secretFile } from './senders.ts';

const MESSAGES = 5000;
const { login, password } = loginOf('anna');
const skip =
  withoutProgram('dovecot', 'dovecot-pop3d') ||
  withoutProgram('fetchmail', 'fetchmail') ||
  withoutProgram('getmail', 'getmail6');

let instance: Instance;
let dovecot: Dovecot;
let served: Served | undefined;

before(async () => {
  if (skip !== false) return;
  instance = await Instance.create();
  instance.addAccounts(['anna', 'sender']);
  const certificates = join(instance.folder, 'certs-dev');
  dovecot = new Dovecot({
    ...instance.ports,
    key: join(certificates, 'server-key.pem'),
    certificate: join(certificates, 'server.pem'),
    password,
  });
});
after(async () => {
  if (skip !== false) return;
  await served?.stop();
  await dovecot.remove();
  instance.remove();
});

const home = (program: string): string => {
  const folder = join(instance.folder, `home-${program}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return folder;
};

/**
 * Subjects of what it fetched in this run. Its state is the file of UIDLs, and the mail stays on
 * the server.
 */
async function fetchmail(): Promise<string[]> {
  const at = home('fetchmail');
  const box = join(at, 'fetched');
  writeFileSync(box, '');
  const rc = secretFile(at, 'fetchmailrc', [
    `set idfile "${join(at, 'fetchids')}"`,
    `poll ${HOSTNAME} protocol pop3 port ${instance.ports.pop3} uidl timeout 60`,
    `  user "${login}" password "${password}" sslproto "TLS1.2+" sslcertck sslcertfile "${instance.ca}"`,
    `  no rewrite keep bsmtp "${box}"`,
  ]);
  const args = ['--silent', '--fetchmailrc', rc, '--pidfile', join(at, 'pid')];
  await run('fetchmail', args, { home: at, alsoFine: [1], patience: 240_000 });
  return subjectsIn(readFileSync(box, 'latin1'));
}

/**
 * Its own destinations fork for each message, and in version 6.19 lose the child now and then: it
 * hands over by LMTP.
 */
async function getmail(): Promise<string[]> {
  const at = home('getmail');
  const sink = await lmtpSink();
  secretFile(at, 'getmailrc', [
    `[retriever]\ntype = SimplePOP3SSLRetriever\nserver = ${HOSTNAME}\nport = ${instance.ports.pop3s}`,
    `username = ${login}\npassword = ${password}\nca_certs = ${instance.ca}`,
    `[destination]\ntype = MDA_lmtp\nhost = 127.0.0.1\nport = ${sink.port}\noverride = anna@home.test`,
    '[options]\ndelete = false\nread_all = false\ndelivered_to = false\nreceived = false\nverbose = 0',
  ]);
  await run('getmail', ['--getmaildir', at, '--rcfile', 'getmailrc', '--quiet'], { home: at, patience: 240_000 });
  assert(
    readdirSync(at).some((name) => name.startsWith('oldmail-')),
    'getmail keeps its state',
  );
  return subjectsIn(await sink.end());
}

/** Takes every message (RFC 2033), with the one recipient that getmail names. */
async function lmtpSink(): Promise<{ readonly port: number; readonly end: () => Promise<string> }> {
  const lines: string[] = [];
  const server = createServer((socket) => {
    let inside = false;
    socket.on('error', () => undefined).write('220 sink\r\n');
    createInterface({ input: socket }).on('line', (line) => {
      if (inside) lines.push(line);
      if (inside ? line !== '.' : line === '') return;
      const starts = !inside && /^DATA/i.test(line);
      inside = starts;
      socket.write(starts ? '354 continue\r\n' : '250 ok\r\n');
      if (/^QUIT/i.test(line)) socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const end = async (): Promise<string> => {
    server.close();
    await once(server, 'close');
    return lines.join('\n');
  };
  return { port: (server.address() as AddressInfo).port, end };
}

const subjectsIn = (text: string): string[] =>
  [...text.matchAll(/^Subject: (.*?)\r?$/gm)].map(([, subject = '']) => subject);

async function listed(): Promise<ReadonlyMap<number, string>> {
  const client = await Pop3Client.open(instance.target('pop3s'), loginOf('anna'));
  const all = await client.uidl();
  await client.quit();
  return all;
}

test(
  'five thousand messages move from Dovecot, and clients with their old state fetch nothing twice',
  { skip, timeout: 600_000 },
  async (t) => {
    for (let n = 1; n <= MESSAGES; n += 1) {
      const end = n % 2 === 0 ? '\n' : '\r\n';
      const lines = [
        `Return-Path: <${addressOf('sender')}>`,
        `From: ${addressOf('sender')}`,
        `To: ${login}`,
        `Message-ID: <${n}@old>`,
        `Subject: old ${n}`,
        '',
        `.text ${n}`,
        'x'.repeat(n % 700),
        '',
      ];
      writeFileSync(join(dovecot.maildir, 'new', `${1_764_000_000 + n}.M${n}P1.old`), lines.join(end));
    }
    await dovecot.start();
    const [byFetchmail, byGetmail] = [await fetchmail(), await getmail()];
    assert.deepEqual([byFetchmail.length, byGetmail.length], [MESSAGES, MESSAGES]);
    const before = await listed();
    const client = await Pop3Client.open(instance.target('pop3s'), loginOf('anna'));
    const samples = new Map<number, Buffer>();
    for (const n of [1, 2, 702, 4999, MESSAGES]) samples.set(n, await client.fetch(n));
    await client.quit();
    await dovecot.stop();
    assert(existsSync(join(dovecot.maildir, 'dovecot-uidlist')));

    served = await instance.serve();
    const began = performance.now();
    const said = instance.sluis('mailbox', 'import', 'anna', '--maildir', dovecot.maildir, '--reason', 'moving in');
    t.diagnostic(`${MESSAGES} messages in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    assert.match(
      said,
      new RegExp(`${MESSAGES} as %08Xu%08Xv, 0 that it kept of an older server, 0 that it had not numbered yet`),
    );
    assert.match(said, new RegExp(`Imported ${MESSAGES} messages .* ${MESSAGES} count as fetched, 0 as waiting`));
    assert.doesNotMatch(said, /another size/, 'each message has the size that Dovecot had noted');
    assert.deepEqual(await listed(), before);
    const now = await Pop3Client.open(instance.target('pop3s'), loginOf('anna'));
    for (const [n, content] of samples) assert(content.equals(await now.fetch(n)), `message ${n} has other octets`);
    await now.quit();

    assert.deepEqual([await fetchmail(), await getmail()], [[], []]);
    const sender = await SmtpClient.open(instance.target('submission'), loginOf('sender'));
    await sender.submit(
      addressOf('sender'),
      [addressOf('anna')],
      Buffer.from(`From: ${addressOf('sender')}\r\nSubject: new\r\n\r\nnew\r\n`),
    );
    await sender.quit();
    assert.deepEqual([await fetchmail(), await getmail()], [['new'], ['new']]);
    assert.deepEqual([await fetchmail(), await getmail()], [[], []]);
  },
);
