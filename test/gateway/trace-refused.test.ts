/**
 * "We sent it, it never arrived": a search finds what was refused, in its place in time, with the
 * reply that was given.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findRefused } from '../../src/admin/trace-refused.ts';
import type { FoundView } from '../../src/admin/delivery-views.ts';
import { instant } from '../../src/domain/units.ts';
import type { AuditRow } from '../../src/store/audit.ts';
import { commandsOn } from '../support/command-line.ts';
import { FakeClock } from '../support/clock.ts';
import { addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { send } from '../support/mail.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { address } from '../support/store.ts';

const [anna, bram, nobody] = [addressOf('anna'), addressOf('bram'), addressOf('nobody')];

test('trace --sender --recipient finds refused attempts beside accepted mail, newest first, with the reply', async (t) => {
  const clock = new FakeClock();
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'carl'], clock });
  t.after(() => gateway.remove());
  const { done, json } = commandsOn(() => gateway.config.file);
  const from = (sender: string, to: string): Promise<string> =>
    send(gateway.target('submission'), loginOf('anna'), {
      from: sender,
      to: [to],
      content: `From: ${sender}\r\nSubject: x\r\n\r\nx\r\n`,
    });
  const found = (...options: string[]): Promise<readonly FoundView[]> => json('trace', ...options);
  const shown = (views: readonly FoundView[]): unknown =>
    views.map((view) => (view.kind === 'accepted' ? view.id : [view.at, view.recipients, view.reply, view.count]));

  const first = await from(anna, bram);
  clock.advance(60_000);
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await client.command(`MAIL FROM:<${anna}>`, '250');
  for (let n = 0; n < 3; n += 1) await client.command(`RCPT TO:<${nobody}>`, '550');
  await client.command('RSET', '250');
  const unknown = `550 5.1.1 <${nobody}> is not registered`;
  // At once, and not when the minute is over in which refusals are counted.
  const [refused, ...others] = await found('--from', anna, '--to', nobody);
  assert.equal(others.length, 0);
  assert.deepEqual(refused?.kind === 'refused' && [refused.count, refused.recipients, refused.account], [
    3,
    [nobody],
    anna,
  ]);
  assert.ok(refused?.kind === 'refused' && refused.reply.startsWith(unknown), JSON.stringify(refused));

  clock.advance(60_000);
  // Of the content: for all its recipients.
  await client.command(`MAIL FROM:<${anna}>`, '250');
  await client.command(`RCPT TO:<${bram}>`, '250');
  await client.command('DATA', '354');
  client.wire.send(`From: ${addressOf('carl')}\r\nSubject: x\r\n\r\nx\r\n.\r\n`);
  // What is told stays English; the Dutch behind it is for whoever reads the line.
  const [content = ''] = (await client.reply()).split(' / ');
  clock.advance(60_000);
  // Of the sender: nobody knows to whom it was.
  await client.command('RSET', '250');
  client.wire.send(`MAIL FROM:<${addressOf('carl')}>\r\n`);
  const [mail = ''] = (await client.reply()).split(' / ');
  await client.quit();
  clock.advance(60_000);
  const last = await from(anna, bram);

  assert.deepEqual(shown(await found('--from', anna, '--to', bram)), [last, ['content', [bram], content, 1], first]);
  assert.deepEqual(shown(await found('--from', addressOf('carl'), '--to', bram)), [['mail', [], mail, 1]]);
  assert.equal((await found('--since', '2020-01-01')).length, 5);
  assert.deepEqual(shown(await found('--from', anna, '--to', bram, '--limit', '2')), [
    last,
    ['content', [bram], content, 1],
  ]);
  const text = await done('trace', '--sender', anna, '--recipient', nobody);
  assert.match(text, /^MESSAGE +RECEIVED +SENDER +SIZE +RECIPIENTS +REPLY\n/);
  assert.match(text, /\nrefused +\S+ \S+ \S+ +\S+ +- +\S+ +550 5\.1\.1 .* \(3 times\)\n$/);
  assert.equal(
    await done('trace', '--sender', addressOf('bram'), '--recipient', nobody),
    'Nothing was found, accepted or refused.\n',
  );
});

/** A trail of so many refusals, a second apart. */
function trailOf(rows: number) {
  const asked: number[] = [];
  const row = (seq: number): AuditRow => ({
    ...{ seq, at: instant(seq * 1000), event: 'message.refused', outcome: 'failure', erased: false },
    facts: { at: 'recipient', status: '5.1.1', recipients: 1 },
    personal: { sender: seq % 100 === 0 ? 'Anna@Group.test' : 'x', recipients: ['b@group.test'], why: 'w' },
  });
  return {
    asked,
    refused: ({ before = rows + 1, limit }: { readonly before?: number; readonly limit: number }) => {
      asked.push(before);
      const from = Math.max(1, before - limit);
      return Promise.resolve(Array.from({ length: before - from }, (_, i) => row(before - 1 - i)));
    },
  };
}

test('the walk through the refusals ends at the limit, at the time asked for, and at its bound, which it tells', async () => {
  const sender = address('anna@group.test');
  const all = { sender, since: instant(0), limit: 1000 };
  const whole = await findRefused(trailOf(2500), all);
  assert.deepEqual([whole.rows.length, whole.rows[0]?.seq, whole.from], [25, 2500, undefined]);
  const some = trailOf(2500);
  assert.equal((await findRefused(some, { ...all, limit: 2 })).rows.length, 2);
  assert.equal(some.asked.length, 1);
  const late = trailOf(2500);
  assert.equal((await findRefused(late, { ...all, since: instant(2_400_000) })).rows.length, 2);
  assert.equal(late.asked.length, 1);
  const bounded = trailOf(2500);
  const { rows, from } = await findRefused(bounded, all, 1000);
  assert.deepEqual([rows.length, from, bounded.asked.length], [10, 1_501_000, 2]);
  const until = await findRefused(trailOf(2500), { ...all, until: instant(1_000_000) });
  assert.equal(until.rows[0]?.seq, 1000);
});
