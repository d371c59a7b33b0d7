/**
 * Old POP3 clients: refused by a text that names the quirk where it is not allowed, served where it
 * is.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Settings } from '../../src/domain/settings/setting.ts';
import { type Pop3Fixture, startPop3 } from '../support/pop3.ts';
import { until } from '../support/until.ts';

const message = (n: number): string => `Subject: ${n}\r\n\r\nresult ${n}\r\n`;
const FETCH = (n: number): string => `C: RETR ${n}\nS: +OK *\nS... .\n`;
const LOGIN = 'S: +OK *\n@starttls\n@auth alice secret\n';

async function withSettings(settings: Settings): Promise<Pop3Fixture> {
  const pop3 = await startPop3();
  pop3.authenticator.settings = settings;
  pop3.store.file(1, message(1), message(2), message(3));
  return pop3;
}

const ended = async ({ log }: Pop3Fixture): Promise<void> =>
  await until('the session has ended', () => log.names.includes('pop3.ended'));

const LF = String.raw`S: +OK *
C~ CAPA\n
S... .
@starttls
C~ USER alice\n
S: +OK *
C~ PASS secret\n
`;

test('command-lf: refused at the login by name, taken where it is allowed', async () => {
  await using strict = await withSettings({});
  await strict.dialog(`${LF}S: -ERR [[]SYS/PERM] *(quirk command-lf: quirk-command-lf=tolerate)`.replace('[[]', '['));
  assert.deepEqual(strict.store.noted, ['1 command-lf refused']);
  await using allowed = await withSettings({ 'quirk-command-lf': 'tolerate' });
  await allowed.dialog(`${LF}S: +OK *3 messages*\nC~ STAT\\n\nS: +OK 3 *\nC~ QUIT\\n\nS: +OK *`);
  await ended(allowed);
  assert.deepEqual(allowed.store.noted, ['1 command-lf tolerated']);
});

test('command-lf: a client that begins with it after the login is refused command by command', async () => {
  await using pop3 = await withSettings({});
  await pop3.dialog(`${LOGIN}C~ STAT\\n\nS: -ERR *(quirk command-lf: *)\nC: STAT\nS: +OK 3 *`);
});

test('what a client said before STLS is not held against it', async () => {
  await using pop3 = await withSettings({});
  await pop3.dialog(`S: +OK *\nC~ CAPA\\n\nS... .\n@starttls\n@auth alice secret\nC: STAT\nS: +OK 3 *`);
});

test('login-initial: AUTH LOGIN with the user name in the same line', async () => {
  const dialog = 'S: +OK *\n@starttls\n@base64 C: AUTH LOGIN {{alice}}\nS: + UGFzc3dvcmQ6\n@base64 C: {{secret}}\n';
  await using strict = await withSettings({ 'quirk-login-initial': 'refuse' });
  await strict.dialog(`${dialog}S: -ERR *(quirk login-initial: quirk-login-initial=tolerate)`);
  await using allowed = await withSettings({});
  await allowed.dialog(`${dialog}S: +OK *3 messages*`);
});

test('last: refused by name; where it is allowed it tells of this session and the ones before', async () => {
  await using strict = await withSettings({});
  await strict.dialog(`${LOGIN}C: LAST\nS: -ERR *(quirk last: quirk-last=tolerate)`);
  await using allowed = await withSettings({ 'quirk-last': 'tolerate' });
  allowed.store.sentBefore.add(1);
  // RFC 1460 section 5, its example.
  await allowed.dialog(
    `${LOGIN}C: LAST\nS: +OK 1\n${FETCH(3)}C: LAST\nS: +OK 3\nC: DELE 2\nS: +OK*\nC: LAST\nS: +OK 3\nC: RSET\nS: +OK*\nC: LAST\nS: +OK 1\nC: QUIT\nS: +OK*`,
  );
  await ended(allowed);
  assert.deepEqual(allowed.store.noted, ['1 last tolerated', '1 no-uidl tolerated']);
});

test('no-uidl: a client of LIST and TOP fetches and deletes; where that is not allowed RETR names it until UIDL came', async () => {
  const listing = `C: LIST\nS: +OK *\nS... .\nC: TOP 1 0\nS: +OK *\nS... .\n`;
  await using usual = await withSettings({});
  await usual.dialog(`${LOGIN}${listing}${FETCH(1)}C: DELE 1\nS: +OK*\nC: QUIT\nS: +OK *`);
  assert.deepEqual(usual.store.bodiesOf(1), [message(2), message(3)]);
  await ended(usual);
  assert.deepEqual(usual.store.noted, ['1 no-uidl tolerated']);
  await using strict = await withSettings({ 'quirk-no-uidl': 'refuse' });
  await strict.dialog(
    `${LOGIN}${listing}C: RETR 1\nS: -ERR *(quirk no-uidl: quirk-no-uidl=tolerate)\nC: UIDL\nS: +OK *\nS... .\n${FETCH(1)}`,
  );
});

test('XTND is not offered, and a client that tries it goes on without', async () => {
  await using pop3 = await withSettings({});
  await pop3.dialog(`${LOGIN}C: XTND XMIT\nS: -ERR *\nC: STAT\nS: +OK 3 *`);
});

// --- the line is dropped without QUIT

const MARK_AND_DROP = `${LOGIN}${FETCH(1)}C: DELE 1\nS: +OK*\n${FETCH(2)}C: DELE 3\nS: +OK*\n@close`;

async function left(
  settings: Settings,
  dialog = MARK_AND_DROP,
): Promise<{ bodies: string[]; noted: string[]; pop3: Pop3Fixture }> {
  const pop3 = await withSettings({ 'quirk-no-uidl': 'tolerate', ...settings });
  await pop3.dialog(dialog);
  await ended(pop3);
  const noted = pop3.store.noted.filter((note) => !note.includes('no-uidl'));
  return { bodies: pop3.store.bodiesOf(1), noted, pop3 };
}

test('delete-on-disconnect: nothing goes without QUIT, unless the account is set so', async () => {
  const { bodies, noted, pop3 } = await left({});
  await using _ = pop3;
  assert.deepEqual(bodies, [message(1), message(2), message(3)]);
  assert.deepEqual(noted, ['1 delete-on-disconnect refused']);
});

test('delete-on-disconnect=marked: what was fetched and marked goes; what was marked alone stays', async () => {
  const { bodies, noted, pop3 } = await left({ 'quirk-delete-on-disconnect': 'marked' });
  await using _ = pop3;
  assert.deepEqual(bodies, [message(2), message(3)]);
  assert.deepEqual(noted, ['1 delete-on-disconnect tolerated']);
  assert.equal(pop3.store.committed.at(-1)?.facts?.by, 'hung-up');
  assert.equal(pop3.log.events.find((e) => e.event === 'pop3.ended')?.fields.deleted, 1);
});

test('delete-on-disconnect=retrieved: all that was fetched goes', async () => {
  const { bodies, pop3 } = await left({ 'quirk-delete-on-disconnect': 'retrieved' });
  await using _ = pop3;
  assert.deepEqual(bodies, [message(3)]);
});

test('delete-on-disconnect: a session that only looked, one that idles too long and one that was taken over remove nothing', async () => {
  const setting: Settings = { 'quirk-delete-on-disconnect': 'retrieved' };
  const looked = await left(setting, `${LOGIN}C: LIST\nS: +OK *\nS... .\n@close`);
  await using _1 = looked.pop3;
  assert.equal(looked.bodies.length, 3);
  assert.deepEqual(looked.noted, []);
  const idle = await left(setting, `${LOGIN}${FETCH(1)}@advance 601000\n@closed`);
  await using _2 = idle.pop3;
  assert.equal(idle.bodies.length, 3);
  const taken = await left(setting, `${LOGIN}${FETCH(1)}@takeover 1\n@close`);
  await using _3 = taken.pop3;
  assert.equal(taken.bodies.length, 3);
});

test('delete-on-disconnect: a store that fails removes nothing, and says so', async () => {
  const { bodies, pop3 } = await left(
    { 'quirk-delete-on-disconnect': 'retrieved' },
    `${LOGIN}${FETCH(1)}@failing\n@close`,
  );
  await using _ = pop3;
  assert.equal(bodies.length, 3);
  assert.ok(pop3.log.names.includes('pop3.not-removed'));
});
