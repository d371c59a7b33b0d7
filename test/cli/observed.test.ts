/** `account import --observe`, and who would break when the rules are on again. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { instant } from '../../src/domain/units.ts';
import { sluisHere } from '../support/command-line.ts';
import { addressOf, loginOf, passwordOf, startTestGateway } from '../support/gateway.ts';
import { SmtpClient } from '../support/smtp-client.ts';

test('imported accounts are tolerant while they are observed; then those that need nothing follow the rules', async (t) => {
  const gateway = await startTestGateway({ accounts: ['anna'] });
  t.after(() => gateway.remove());
  const sluis = async (...args: string[]): Promise<string> => {
    const ran = await sluisHere([...args, '--config', gateway.config.file]);
    return ran.stdout + ran.stderr;
  };
  const file = join(gateway.folder, 'accounts.csv');
  const lines = ['old', 'good'].map((n) => `${addressOf(n)},${addressOf(n)},group,${passwordOf(n)}`);
  writeFileSync(file, `login,address,organisation,password\n${lines.join('\n')}\n`, { mode: 0o600 });
  assert.match(
    await sluis('account', 'import', file, '--observe', 'long'),
    /'long' is invalid\. expected a number of days up to 90, such as 60d/,
  );
  assert.match(
    await sluis('account', 'import', file, '--observe', '120d'),
    /expected a number of days up to 90, such as 60d/,
  );
  assert.match(await sluis('account', 'import', file, '--observe', '30d', '--dry-run'), /would register 2 accounts/);
  assert.equal(
    await sluis('account', 'import', file, '--observe', '30d', '--reason', 'moving in'),
    'Registered 2 accounts.\n',
  );

  const blanks = async (name: string, expected: string): Promise<void> => {
    const client = await SmtpClient.open(gateway.target('submission'), loginOf(name));
    await client.command(`MAIL FROM: <${addressOf(name)}>`, '250');
    await client.command(`RCPT TO: <${addressOf('anna')}>`, expected);
    await client.quit();
  };
  const until = new Date(Date.now() + 30 * 86_400_000).toISOString().slice(0, 10);
  assert.equal(
    await sluis('account', 'observed'),
    '2 accounts are observed, 0 of them longer than was asked for. None would be refused.\n',
  );
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('old'));
  await client.command(`MAIL FROM: <${addressOf('old')}>`, '250');
  await client.command(`RCPT TO: <${addressOf('anna')}>`, '250');
  await client.command('DATA', '354');
  client.wire.send(Buffer.from(`From: ${addressOf('old')}\r\nX-Mailer: OldSys 2.1\r\n\r\nx\r\n.\r\n`));
  await client.expect('250');
  await client.quit();
  const report = await sluis('account', 'observed');
  assert.match(report, /1 would be refused:\nACCOUNT +UNTIL +RULE +TIMES +LAST +PROGRAM\n/);
  for (const rule of ['path-blanks', 'no-date', 'no-message-id'])
    assert.match(report, new RegExp(`^old@group\\.test +${until} +${rule} +1 `, 'm'));
  assert.doesNotMatch(report, /^good/m);

  assert.match(await sluis('account', 'enforce'), /No account is observed whose time is over; --early/);
  const day = instant(Date.now() - 86_400_000);
  for (const name of ['old', 'good'])
    await sluis('account', 'set', addressOf(name), `observed-until=${new Date(day).toISOString().slice(0, 10)}`);
  assert.match(await sluis('account', 'observed'), /2 accounts are observed, 2 of them longer/);
  assert.match(
    await sluis('account', 'enforce', '--reason', 'observed'),
    /^2 accounts are no longer observed: 1 follows the usual rules, 1 keeps/,
  );
  assert.equal(await sluis('account', 'observed'), 'No account is observed.\n');
  await blanks('old', '250');
  await blanks('good', '501 5.5.2');
});
