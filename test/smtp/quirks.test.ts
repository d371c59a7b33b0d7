/**
 * Old clients, each with one habit: refused where it is not allowed, by a text that names it;
 * allowed, what they send arrives to the octet.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Quirk, quirkTable } from '../../src/domain/quirks.ts';
import type { SettingName } from '../../src/domain/settings.ts';
import { instant, seconds } from '../../src/domain/units.ts';
import type { QuirkDay } from '../../src/store/quirks.ts';
import type { Store } from '../../src/store/port/store.ts';
import { addPartner } from '../store/partner-contract.ts';
import { filed } from '../support/filed.ts';
import { type SmtpFixture, startSmtp } from '../support/smtp.ts';
import { type Cleanup, address } from '../support/store.ts';
import { until } from '../support/until.ts';
import { runTranscript } from '../support/transcript.ts';

const GREETING = 'S: 220 *\nC: EHLO client.test\nS... 250 *\n@starttls\n';
const EHLO = `${GREETING}C: EHLO client.test\nS... 250 *\n@auth alice alice-pw\n`;
const ENVELOPE = 'C: MAIL FROM:<alice@group.test>\nS: 250 *\nC: RCPT TO:<bob@group.test>\n';
const HEADER = 'From: alice@group.test\r\nDate: Wed, 25 Nov 2026 09:00:00 +0100\r\nMessage-ID: <1@old.test>\r\n';
const MESSAGE = `${HEADER}X-Mailer: OldSys 2.1\r\n\r\nresult\r\n`;

const raw = (text: string): string =>
  text.replace(/[\\\0-\x1f\x7f-\xff]/g, (c) => `\\x${c.charCodeAt(0).toString(16).padStart(2, '0')}`); // eslint-disable-line no-control-regex -- written for the transcript
const data = (octets: string): string => `C: DATA\nS: 354 *\nC~ ${raw(octets)}.\\r\\n\n`;

interface Client {
  readonly quirk: Quirk;
  /**
   * Everything up to the recipient's reply, or to the final dot where the content is what deviates.
   */
  readonly says: string;
  /** Sent behind DATA where the recipient was taken. */
  readonly content?: string;
  /** What arrives below our trace line and added fields; default: what was sent. */
  readonly arrives?: string;
  /** The setting's values; default: those of the table. */
  readonly strict?: string;
}

const clients: readonly Client[] = [
  {
    quirk: 'command-lf',
    says: `${EHLO}C~ MAIL FROM:<alice@group.test>\\n\nS: 250 *\nC~ RCPT TO:<bob@group.test>\\n\n`,
  },
  {
    quirk: 'helo',
    says: `S: 220 *\nC: HELO old\nS: 250 *\n@starttls\nC: HELO old\nS: 250 *\n@auth alice alice-pw\n${ENVELOPE}`,
  },
  {
    quirk: 'login-initial',
    says: `${GREETING}C: EHLO old\nS... 250 *\n@base64 C: AUTH LOGIN {{alice}}\nS: 334 UGFzc3dvcmQ6\n@base64 C: {{alice-pw}}\nS: 235 *\n${ENVELOPE}`,
  },
  { quirk: 'path-blanks', says: `${EHLO}C: MAIL FROM: <alice@group.test>\nS: 250 *\nC: RCPT TO: < bob@group.test >\n` },
  { quirk: 'no-brackets', says: `${EHLO}C: MAIL FROM:alice@group.test\nS: 250 *\nC: RCPT TO:bob@group.test\n` },
  {
    quirk: 'line-ends',
    says: EHLO + ENVELOPE,
    content: `${HEADER}\r\nUNA:+.? '\nUNB+UNOA:1\r'\r\n`,
    arrives: `${HEADER}\r\nUNA:+.? '\r\nUNB+UNOA:1\r\n'\r\n`,
  },
  { quirk: 'long-lines', says: EHLO + ENVELOPE, content: `${HEADER}\r\n${'UNH+1+MEDLAB:1'.repeat(200)}\r\n` },
  { quirk: 'eight-bit', says: EHLO + ENVELOPE, content: `${HEADER}\r\ncaf\xe9 \x80\xff\r\n` },
  {
    quirk: 'no-date',
    says: EHLO + ENVELOPE,
    content: 'From: alice@group.test\r\nMessage-ID: <1@old.test>\r\n\r\nx\r\n',
  },
  {
    quirk: 'no-message-id',
    says: EHLO + ENVELOPE,
    content: 'From: alice@group.test\r\nDate: Wed, 25 Nov 2026 09:00:00 +0100\r\n\r\nx\r\n',
  },
];

const settingOfQuirk = (quirk: Quirk): { readonly name: SettingName; readonly on: string; readonly off: string } => {
  const { by } = quirkTable[quirk];
  assert.ok(by.kind === 'setting', quirk);
  return by;
};
const isContent = ({ content }: Client): boolean => content !== undefined;
const speak = async ({ port, ca }: SmtpFixture, text: string): Promise<void> =>
  await runTranscript(text, { protocol: 'smtp', port, ca });
const counted = async ({ store }: SmtpFixture, login = 'alice'): Promise<readonly QuirkDay[]> => {
  const account = await store.registry.findAccount(login);
  return account === undefined ? [] : await store.quirks.of(account.account.id);
};
const totals = (days: readonly QuirkDay[]): Record<string, readonly [number, number]> =>
  Object.fromEntries(days.map((d) => [d.quirk, [d.tolerated, d.refused]]));

async function strict(t: Cleanup, client: Client): Promise<void> {
  const { name, on, off } = settingOfQuirk(client.quirk);
  const smtp = await startSmtp(t, { settings: { alice: { [name]: off } } });
  const refused = `S: * (quirk ${client.quirk}: ${name}=${on})\nC: QUIT\nS: 221 *`;
  await speak(
    smtp,
    isContent(client) ? `${client.says}S: 250 *\n${data(client.content ?? '')}${refused}` : client.says + refused,
  );
  assert.deepEqual(await filed(smtp.store, 'bob'), []);
  assert.deepEqual(totals(await counted(smtp)), { [client.quirk]: [0, 1] });
  const entry = smtp.log.events.find((e) => e.event === 'smtp.refused');
  assert.equal(entry?.fields.quirk, client.quirk);
}

async function allowed(t: Cleanup, client: Client): Promise<void> {
  const { name, on } = settingOfQuirk(client.quirk);
  const smtp = await startSmtp(t, { settings: { alice: { [name]: on } } });
  const content = client.content ?? MESSAGE;
  await speak(smtp, `${client.says}S: 250 *\n${data(content)}S: 250 2.0.0 accepted as *`);
  const [got = ''] = await filed(smtp.store, 'bob');
  const arrives = client.arrives ?? content;
  assert.equal(got.slice(-arrives.length), arrives);
  const [message] = await smtp.store.deliveries.findMessages({ limit: 1, since: instant(0) });
  const rows = await smtp.store.audit.read({ limit: 10, message: message!.id });
  assert.equal(rows.find((row) => row.event === 'message.accepted')?.facts?.quirks, client.quirk);
  const days = await counted(smtp);
  assert.deepEqual(totals(days), { [client.quirk]: [1, 0] });
  assert.equal(days[0]?.client, client.content === undefined ? 'OldSys 2.1' : undefined);
}

for (const client of clients) {
  test(`${client.quirk}: refused by name where it is not allowed, and counted`, (t) => strict(t, client));
  test(`${client.quirk}: taken where it is allowed, to the octet, and counted with the program's name`, (t) =>
    allowed(t, client));
}

test('NUL is refused by name whatever is set, and counted', async (t) => {
  const smtp = await startSmtp(t);
  await speak(smtp, `${EHLO}${ENVELOPE}S: 250 *\n${data(`${HEADER}\r\na\0b\r\n`)}S: 550 5.6.0 *(quirk nul)`);
  assert.deepEqual(totals(await counted(smtp)), { nul: [0, 1] });
});

test('a program of today deviates in nothing, and what is counted is messages', async (t) => {
  const smtp = await startSmtp(t, { settings: { alice: { 'quirk-command-lf': 'tolerate' } } });
  await speak(smtp, `${EHLO}${ENVELOPE}S: 250 *\n${data(MESSAGE)}S: 250 *`);
  assert.deepEqual(await counted(smtp), []);
  const message = `${ENVELOPE}S: 250 *\n${data(`${HEADER}\r\n1\n2\n3\n`.replace(/\n$/, '\r\n'))}S: 250 *\n`;
  await speak(smtp, `${EHLO}C~ NOOP\\n\nS: 250 *\n${message}${message.replace('2\\x0a', '4\\x0a')}`);
  assert.deepEqual(totals(await counted(smtp)), { 'command-lf': [2, 0], 'line-ends': [2, 0] });
});

test('what was said before STARTTLS is not held against the session', async (t) => {
  const smtp = await startSmtp(t);
  await speak(
    smtp,
    `S: 220 *\nC~ EHLO old\\n\nS... 250 *\n@starttls\n${EHLO.slice(GREETING.length)}${ENVELOPE}S: 250 *`,
  );
});

// --- listeners of their own

const LF_MESSAGE = `${HEADER}\r\n.dot\r\nresult\r\n`.replaceAll('\r\n', '\n');
const lf = (commands: string): string => `C~ ${raw(commands)}\n`;
const LF_SESSION = `S: 220 *\n${lf('EHLO old\n')}S... 250 *\n@starttls\n${lf('EHLO old\n')}S... 250 *\n${lf(`AUTH PLAIN ${Buffer.from('\0alice\0alice-pw').toString('base64')}\n`)}S: 235 *\n`;
const LF_ENVELOPE = `${lf('MAIL FROM:<alice@group.test>\n')}S: 250 *\n${lf('RCPT TO:<bob@group.test>\n')}`;
const LF_CONTENT = `${lf('DATA\n')}S: 354 *\n${lf(`${LF_MESSAGE.replace('\n.', '\n..')}.\n`)}`;

test('lf-only: a client without any CR sends two messages on a listener of its own, and they arrive with CRLF', async (t) => {
  const smtp = await startSmtp(t, { quirks: ['lf-only'] });
  const message = `${LF_ENVELOPE}S: 250 *\n${LF_CONTENT}S: 250 2.0.0 accepted as *\n`;
  await speak(smtp, `${LF_SESSION}${message}${message.replaceAll('1@old', '2@old')}${lf('QUIT\n')}S: 221 *`);
  const got = await filed(smtp.store, 'bob');
  assert.equal(got.length, 2);
  assert.ok(got[0]?.endsWith(`${HEADER}\r\n.dot\r\nresult\r\n`), got[0]);
  assert.deepEqual(totals(await counted(smtp)), { 'lf-only': [2, 0] });
});

test('lf-only: elsewhere its commands are refused by name; where those are allowed, its message ends in a refusal that names it', async (t) => {
  const strictly = await startSmtp(t);
  await speak(strictly, `${LF_SESSION}${LF_ENVELOPE}S: 500 5.5.2 *(quirk command-lf: quirk-command-lf=tolerate)`);
  let arrived = false;
  const watched = (store: Store): Store => {
    const open = store.openBody.bind(store);
    store.openBody = (promised) => {
      const body = open(promised);
      const write = body.write.bind(body);
      body.write = async (chunk) => {
        await write(chunk);
        arrived = true;
      };
      return body;
    };
    return store;
  };
  const smtp = await startSmtp(t, { settings: { alice: { 'quirk-command-lf': 'tolerate' } }, wrap: watched });
  const { port, ca, clock } = smtp;
  await runTranscript(
    `${LF_SESSION}${LF_ENVELOPE}S: 250 *\n${LF_CONTENT}@wait\nS: 421 4.4.2 *(quirk lf-only)\n@closed`,
    {
      ...{ protocol: 'smtp', port, ca },
      directives: {
        wait: async () => {
          await until('the message has arrived', () => arrived);
          for (let second = 0; second < 130; second += 1) {
            clock.advance(seconds(1));
            await new Promise((resolve) => setImmediate(resolve));
          }
        },
      },
    },
  );
  assert.deepEqual(await filed(smtp.store, 'bob'), []);
  assert.deepEqual(totals(await counted(smtp)), { 'lf-only': [0, 1] });
});

test('lf-only: a session that ends its commands with CRLF can smuggle nothing in on that listener either', async (t) => {
  const smtp = await startSmtp(t, { quirks: ['lf-only'] });
  const smuggled = `${HEADER}\r\nx\n.\nMAIL FROM:<alice@group.test>\nRCPT TO:<bob@group.test>\nDATA\nevil\r\n`;
  await speak(smtp, `${EHLO}${ENVELOPE}S: 250 *\n${data(smuggled)}S: 250 2.0.0 accepted as *\nC: NOOP\nS: 250 *`);
  const got = await filed(smtp.store, 'bob');
  assert.equal(got.length, 1);
  assert.ok(got[0]?.endsWith('x\r\n.\r\nMAIL FROM:<alice@group.test>\r\nRCPT TO:<bob@group.test>\r\nDATA\r\nevil\r\n'));
});

test('auth-equals: EHLO offers the login in the form of 1998, on a listener that is set so', async (t) => {
  const offers = (lines: string): string => `${GREETING}C: EHLO old\nS... 250-LIMITS RCPTMAX=1000\n${lines}`;
  await speak(await startSmtp(t), offers('S: 250 AUTH PLAIN LOGIN'));
  await speak(
    await startSmtp(t, { quirks: ['auth-equals'] }),
    offers(`S: 250-AUTH PLAIN LOGIN
S: 250 AUTH=LOGIN PLAIN
C: AUTH LOGIN
S: 334 VXNlcm5hbWU6
@base64 C: {{alice}}
S: 334 UGFzc3dvcmQ6
@base64 C: {{alice-pw}}
S: 235 *`),
  );
});

test("lf-only: a partner's mail server does not have it, not even on that listener", async (t) => {
  const smtp = await startSmtp(t, { quirks: ['lf-only'] });
  await addPartner(smtp.store, 'hospital');
  await smtp.store.registry.addAddress('mta-hospital', address('lab@hospital.test'), { name: 'test' });
  const login = Buffer.from('\0mta-hospital\0mta-hospital-pw').toString('base64');
  await speak(
    smtp,
    `${GREETING}C: EHLO mx\nS... 250 *\nC: AUTH PLAIN ${login}\nS: 235 *\n${lf('MAIL FROM:<lab@hospital.test>\n')}S: 250 *\n${lf('RCPT TO:<bob@group.test>\n')}S: 500 5.5.2 *(quirk command-lf: *)`,
  );
  assert.deepEqual(totals(await counted(smtp, 'mta-hospital')), { 'command-lf': [0, 1] });
});

test('a partner sends no bare line ends, where a practice may', async (t) => {
  const smtp = await startSmtp(t);
  await addPartner(smtp.store, 'hospital');
  await smtp.store.registry.addAddress('mta-hospital', address('lab@hospital.test'), { name: 'test' });
  const login = Buffer.from('\0mta-hospital\0mta-hospital-pw').toString('base64');
  const bare = `From: lab@hospital.test\r\n\r\na\nb\r\n`;
  await speak(
    smtp,
    `${GREETING}C: EHLO mx\nS... 250 *\nC: AUTH PLAIN ${login}\nS: 235 *\nC: MAIL FROM:<lab@hospital.test>\nS: 250 *\nC: RCPT TO:<bob@group.test>\nS: 250 *\n${data(bare)}S: 550 5.6.11 *(quirk line-ends: line-ends=normalise)`,
  );
  assert.deepEqual(await filed(smtp.store, 'bob'), []);
});
