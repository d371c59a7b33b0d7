/**
 * Which sessions tell that a program ended at a message: the habits of programs, each over the
 * listener.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EntryUid } from '../../src/domain/ids.ts';
import type { Settings } from '../../src/domain/settings/setting.ts';
import type { FetchingEnd, Fetcher } from '../../src/pickup/stuck.ts';
import { startPop3 } from '../support/pop3.ts';
import { until } from '../support/until.ts';

const ON: Settings = { 'stuck-messages': 'hold', 'stuck-after': 4 };
const message = (n: number): string => `Subject: ${n}\r\n\r\nbody\r\n`;
const ANSWER = 'S: +OK *\nS: Subject: *\nS: \nS: body\nS: .\n';
const retr = (n: number): string => `C: RETR ${n}\n${ANSWER}`;

interface Told extends FetchingEnd, Fetcher {}

/** What is told of a session that says `commands` and then ends so. */
async function endOf(
  commands: string,
  { settings = ON, messages = [1, 2, 3].map(message), quit = false, watched = false } = {},
): Promise<Told | undefined> {
  const told: Told[] = [];
  await using pop3 = await startPop3({
    stuck: { ended: (of, end) => void told.push({ ...of, ...end }), isWatched: () => watched },
  });
  pop3.authenticator.settings = settings;
  pop3.store.file(1, ...messages);
  await pop3.dialog(
    `S: +OK*\n@starttls\n@auth alice secret\n${commands}${quit ? 'C: QUIT\nS: +OK*\n@closed\n' : '@close\n'}`,
  );
  await until('the session has ended', () => pop3.log.events.some(({ event }) => event === 'pop3.ended'));
  return told[0];
}

const UIDL = 'C: UIDL 1\nS: +OK *\n';
const DELE = (n: number): string => `C: DELE ${n}\nS: +OK*\n`;

const stuckAt: readonly (readonly [string, string])[] = [
  ['the line drops behind RETR, with messages behind it (mpop, getmail)', retr(1)],
  ['those before it were fetched and marked', retr(1) + DELE(1) + retr(2)],
  ['it is the last one, and the program knows UIDLs', UIDL + retr(3)],
  ['fetchmail fetches by TOP', `C: TOP 2 99999999\n${ANSWER}`],
];
for (const [what, commands] of stuckAt)
  test(`stuck: ${what}`, async () => {
    const told = await endOf(commands);
    assert.ok(told?.at !== undefined, 'expected a session that ended at a message');
    assert.deepEqual([told.account, told.what, told.after, told.wasFetched(told.at)], [1, 'hold', 4, true]);
  });

const goneOn: readonly (readonly [string, string, boolean])[] = [
  ['QUIT, whatever was kept', retr(1), true],
  ['the message was marked for deletion before the line dropped', retr(1) + DELE(1), false],
  ['another command came behind it', `${retr(1)}C: NOOP\nS: +OK*\n`, false],
  ['a program without UIDLs has fetched all, and drops the line', retr(1) + retr(2) + retr(3), false],
  ['all but what it deleted, from the newest on', DELE(2) + retr(3) + retr(1), false],
];
for (const [what, commands, quit] of goneOn)
  test(`not stuck: ${what}`, async () => {
    const told = await endOf(commands, { quit });
    assert.ok(told !== undefined, 'expected a session that fetched something');
    assert.equal(told.at, undefined);
  });

test('a look at the top of a message is no fetch, and sessions without one tell nothing', async () => {
  assert.equal(await endOf(`C: TOP 1 0\nS: +OK *\nS: Subject: *\nS: \nS: .\n`), undefined);
  assert.equal(await endOf('C: STAT\nS: +OK *\n'), undefined);
});

test('a program that sends its commands ahead shows where it ended once it is watched: each waits for a moment', async () => {
  const ahead = `C~ RETR 1\\r\\nRETR 2\\r\\n\n`;
  assert.equal((await endOf(`${ahead}${ANSWER}${ANSWER}`))?.fetches, 2);
  const told = await endOf(`${ahead}${ANSWER}`, { watched: true });
  assert.deepEqual([told?.fetches, typeof told?.at], [1, 'number'], 'it ended at the first one');
  // And whoever is alive gets what it asked for.
  const on = await endOf(`${ahead}${ANSWER}@advance 1000\n@advance 1000\n@advance 1000\n${ANSWER}`, { watched: true });
  assert.equal(on?.fetches, 2);
});

test('off is the default: nothing is told', async () => {
  assert.equal(await endOf(retr(1), { settings: {} }), undefined);
});

test('the uid that is told is that of the message, and the sessions of one that is large and broke off are no sign', async () => {
  const told = await endOf(retr(2));
  assert.equal(told?.wasFetched(Number(told.at) as EntryUid), true);
  assert.equal(told.wasFetched((Number(told.at) + 1) as EntryUid), false);
});
