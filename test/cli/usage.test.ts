/**
 * `report usage` and `account list --idle`: what an operator sees, of what a running gateway did.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { isoMonth, monthOf } from '../../src/domain/months.ts';
import { type Instant, days, instant } from '../../src/domain/units.ts';
import { dayOf, isoDay } from '../../src/domain/working-days.ts';
import { JsonLines, TableLines } from '../../src/cli/listing.ts';
import { readableSize } from '../../src/cli/output.ts';
import { commandsOn } from '../support/command-line.ts';
import { addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const now = (): Instant => Date.now() as Instant;
const MONTH = isoMonth(monthOf(now()));
const TODAY = isoDay(dayOf(now()));

interface Report {
  readonly running: boolean;
  readonly accounts: readonly Record<string, unknown>[];
  readonly organisations: readonly Record<string, unknown>[];
  readonly total: Record<string, unknown>;
}

test('the figures of a month are those of what was submitted, fetched and refused', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert', 'carl'] });
  t.after(() => gateway.remove());
  const { run, done, json, refused } = commandsOn(() => gateway.config.file);
  const message = (subject: string): Buffer =>
    Buffer.from(
      `From: ${addressOf('anna')}\r\nMessage-ID: <${subject}@t>\r\nDate: Thu, 26 Nov 2026 10:00:00 +0100\r\nSubject: ${subject}\r\n\r\nx\r\n.\r\n`,
    );
  const anna = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  for (const to of [['bert'], ['bert', 'carl']]) {
    await anna.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
    for (const name of to) await anna.command(`RCPT TO:<${addressOf(name)}>`, '250');
    await anna.command(`RCPT TO:<${addressOf('nobody')}>`, '550');
    await anna.command('DATA', '354');
    anna.wire.send(message(to.join('-')));
    await anna.expect('250');
  }
  // A message from somebody else is refused as a whole.
  await anna.command(`MAIL FROM:<${addressOf('carl')}>`, '550');
  await anna.quit();
  await assert.rejects(Pop3Client.open(gateway.target('pop3'), { ...loginOf('carl'), password: 'Wrong-secret-pw' }));
  const bert = await Pop3Client.open(gateway.target('pop3'), loginOf('bert'));
  const { messages, octets } = await bert.stat();
  assert.equal(messages, 2);
  await bert.fetch(1);
  await bert.quit();

  // What was accepted and collected is there at once.
  const running = await json<Report>('report', 'usage', '--month', MONTH, '--organisation', 'group');
  assert.deepEqual(
    running.accounts.map((a) => [a.account, a.sent, a.received, a.collected]),
    [
      [addressOf('anna'), 2, 0, 0],
      [addressOf('bert'), 0, 2, 1],
      [addressOf('carl'), 0, 1, 0],
    ],
  );
  const shown = await done('account', 'show', addressOf('bert'));
  assert.match(shown, new RegExp(`^Last login: +${TODAY}$`, 'm'));
  assert.match(await done('account', 'show', addressOf('carl')), /^Last login: +never$/m);

  // Refusals are counted with their rows of the trail, a minute later at most, or when it stops.
  await gateway.stop();
  const report = await json<Report>('report', 'usage', '--month', MONTH, '--organisation', 'group');
  const nothing = {
    ...{ sent: 0, sentRecipients: 0, sentOctets: 0, received: 0, receivedOctets: 0, notices: 0 },
    ...{ collected: 0, pushed: 0, refused: 0, loginsRefused: 0, loginDays: 0, days: 0 },
  };
  const of = { ...nothing, organisation: 'group', kind: 'mail', state: 'active' };
  const [first, second, third] = report.accounts;
  const sentOctets = Number(first?.sentOctets);
  assert.deepEqual(first, {
    ...of,
    ...{ account: addressOf('anna'), sent: 2, sentRecipients: 3, sentOctets, refused: 3 },
    ...{ loginDays: 1, days: 1, lastLogin: TODAY },
  });
  assert.deepEqual(second, {
    ...of,
    ...{ account: addressOf('bert'), received: 2, receivedOctets: octets, collected: 1 },
    ...{ loginDays: 1, days: 1, lastLogin: TODAY },
  });
  assert.deepEqual(third, {
    ...of,
    ...{
      account: addressOf('carl'),
      received: 1,
      receivedOctets: third?.receivedOctets,
      loginsRefused: 1,
      idleSince: 'never',
    },
  });
  // As anna's program wrote it, without the dot and without our Received field, which lies in the
  // mailbox besides.
  assert.equal(sentOctets, message('bert').length + message('bert-carl').length - 2 * '.\r\n'.length);
  assert.ok(octets > sentOctets);
  const total = {
    ...nothing,
    ...{
      sent: 2,
      sentRecipients: 3,
      sentOctets,
      received: 3,
      receivedOctets: octets + Number(third.receivedOctets),
      collected: 1,
    },
    ...{ refused: 3, loginsRefused: 1 },
  };
  const { loginDays: _, days: __, ...sums } = total;
  assert.deepEqual(report.organisations, [{ organisation: 'group', accounts: 3, active: 2, ...sums }]);
  assert.deepEqual(report.total, { accounts: 3, active: 2, ...sums });
  assert.equal(report.running, true);

  const text = await done('report', 'usage', '--month', MONTH, '--organisation', 'group');
  const size = readableSize(sentOctets);
  assert.match(
    text,
    new RegExp(
      `^Usage in ${MONTH}, from .* CES?T to .* CES?T; the month is still running: figures so far\n\nORGANISATION +ACCOUNT +SENT `,
    ),
  );
  assert.match(
    text,
    new RegExp(`^group +anna@group\\.test +2 +3 +${size} +0 +0 bytes +0 +0 +0 +3 +0 +1 +${TODAY} +-$`, 'm'),
  );
  assert.match(text, /^group +carl@group\.test .* 1 +0 +- +never$/m);
  assert.match(text, /^group +\(3 accounts, 2 active\) +2 +3 /m);
  assert.match(text, /\n3 accounts, 2 of them active: 2 messages sent to 3 recipients, 3 received, 3 refusals\.\n$/);
  assert.match(await done('report', 'usage', '--month', MONTH, '--totals'), /^group +3 +2 +2 +3 /m);

  // A name that a spreadsheet would take for a formula.
  await done('account', 'add', '=cmd', '--organisation', 'group', '--no-password');
  const header =
    'month,status,organisation,account,kind,state,sent,recipients,sent_octets,received,received_octets,notices,collected,pushed,refused,logins_refused,login_days,days,last_login,idle_since';
  const csv = [
    header,
    `${MONTH},running,group,'=cmd,mail,active,0,0,0,0,0,0,0,0,0,0,0,0,,never`,
    `${MONTH},running,group,anna@group.test,mail,active,2,3,${sentOctets},0,0,0,0,0,3,0,1,1,${TODAY},`,
    `${MONTH},running,group,bert@group.test,mail,active,0,0,0,2,${octets},0,1,0,0,0,1,1,${TODAY},`,
    `${MONTH},running,group,carl@group.test,mail,active,0,0,0,1,${Number(third.receivedOctets)},0,0,0,0,1,0,0,,never`,
  ];
  const usage = ['report', 'usage', '--month', MONTH, '--organisation', 'group'];
  assert.deepEqual((await done(...usage, '--csv', '-')).trimEnd().split('\n'), csv);
  const file = join(gateway.folder, 'figures.csv');
  assert.equal(await done(...usage, '--csv', file), `Wrote ${file}.\n`);
  assert.deepEqual(readFileSync(file, 'utf8').trimEnd().split('\n'), csv);
  await refused(4, /it exists, and nothing is overwritten/, ...usage, '--csv', file);
  assert.match(
    await done(...usage, '--totals', '--csv', '-'),
    /^month,status,organisation,accounts,active,sent,.*\n.*,group,4,2,2,3,/,
  );

  const month = (of: string): string[] => ['report', 'usage', '--month', of];
  for (const bad of ['2026-13', '11-2026', 'november'])
    await refused(2, new RegExp(`Cannot use "${bad}" as month: expected a month such as 2026-11`), ...month(bad));
  await refused(
    2,
    /Cannot report on 2999-01: it has not begun; the latest month is .*, which is still running/,
    ...month('2999-01'),
  );
  await refused(3, new RegExp(`Cannot report on 2020-01: figures begin with ${MONTH}`), ...month('2020-01'));
  await refused(3, /Cannot find organisation "none"/, ...month(MONTH), '--organisation', 'none');
  await refused(2, /Cannot print JSON and CSV/, ...month(MONTH), '--csv', '-', '--json');
  assert.notEqual((await run(...month('2026-13'), '--csv', join(gateway.folder, 'none.csv'))).code, 0);
  assert.throws(() => readFileSync(join(gateway.folder, 'none.csv')));
});

test('idle accounts are listed with since when, never used ones as such', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'] });
  t.after(() => gateway.remove());
  const { done, json, refused } = commandsOn(() => gateway.config.file);
  assert.equal(await done('account', 'list', '--idle', '30d'), 'No account was idle for 30 days.\n');
  assert.equal(await done('account', 'list', '--idle', '1d'), 'No account was idle for 1 day.\n');
  assert.deepEqual(await json('account', 'list', '--idle', '30d'), []);
  await (await Pop3Client.open(gateway.target('pop3'), loginOf('anna'))).quit();
  await gateway.stop();
  // Forty days later, as far as the store knows.
  await gateway.store.close();
  const { default: Database } = await import('better-sqlite3');
  const db = new Database(join(gateway.config.data.folder, 'sluis.db'));
  db.exec(
    `UPDATE account SET last_login = last_login - 40, last_used = last_used - 40, created_at = created_at - 50 * 86400000 WHERE login LIKE '%@group.test'`,
  );
  db.close();
  // The first is a day, the second a moment: at night a day of summer time may be another one.
  const [day40, day50] = [isoDay(dayOf(now()) - 40), isoDay(dayOf(instant(now() - days(50))))];
  const text = await done('account', 'list', '--idle', '30d', '--organisation', 'group');
  assert.match(text, /^LOGIN +ORGANISATION +KIND +STATE +WAITING +IDLE SINCE\n/);
  assert.match(text, new RegExp(`^anna@group\\.test +group +mail +active +0 +${day40}$`, 'm'));
  assert.match(text, new RegExp(`^bert@group\\.test +group +mail +active +0 +never used, registered ${day50}$`, 'm'));
  assert.deepEqual(await json('account', 'list', '--idle', '45d', '--organisation', 'group'), [
    {
      ...{ login: addressOf('bert'), organisation: 'group', kind: 'mail', state: 'active', messages: 0 },
      since: day50,
      never: true,
    },
  ]);
  await refused(2, /expected a number of days up to 36500, such as 60d/, 'account', 'list', '--idle', 'soon');
  await refused(3, /Cannot find organisation "none"/, 'account', 'list', '--idle', '30d', '--organisation', 'none');
});

test('a listing of pages is the JSON of the whole, and its columns only widen', () => {
  for (const all of [[], [{ a: 1, b: [] }], [{ a: 'x\ny' }, { b: { c: [1, 2] } }, {}]]) {
    const lines = new JsonLines();
    assert.equal(all.map((row) => lines.of([row])).join('') + lines.end(), JSON.stringify(all, null, 2));
  }
  const table = new TableLines(['A', 'B', 'C']);
  assert.equal(table.of([['1', 'two', '3']]), 'A  B    C\n1  two  3\n');
  assert.equal(table.of([['longer', undefined, '']]), 'longer  -    -\n');
  assert.equal(table.of([['1', '2', '3']]), '1       2    3\n');
});
