/**
 * An account that somebody else got into while it ends: contained within its grace, it still ends
 * on its day.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ContainmentView } from '../src/commands/account-contain.ts';
import type { AccountView } from '../src/admin/views.ts';
import { days } from '../src/domain/units.ts';
import { FakeClock } from './support/clock.ts';
import { sluisHere } from './support/command-line.ts';
import { addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { until } from './support/until.ts';
import { Pop3Client } from './support/pop3-client.ts';

test('an account that ends is contained like any other, resumed to collect with a new password, and closed on its day', async (t) => {
  const clock = new FakeClock();
  const gateway = await startTestGateway({ accounts: ['anna', 'bert'], clock });
  t.after(() => gateway.remove());
  const anna = addressOf('anna');
  const done = async (...args: string[]): Promise<string> => {
    const ran = await sluisHere([...args, '--config', gateway.config.file]);
    assert.equal(ran.code, 0, ran.stderr);
    return ran.stdout;
  };
  const shown = async (): Promise<AccountView> =>
    JSON.parse(await done('account', 'show', anna, '--json')) as AccountView;
  const refused = async (): Promise<void> => {
    let over = false;
    const opened = assert.rejects(Pop3Client.open(gateway.target('pop3s'), loginOf('anna'))).then(() => (over = true));
    // A wrong password is answered late, by the clock.
    await until('the login is refused', () => {
      clock.advance(100);
      return over;
    });
    await opened;
  };
  const closes = new Date(clock.now() + days(30)).toISOString();
  await done('account', 'end', anna, '--grace', '30d', '--yes', '--reason', 'retired');

  const reader = await Pop3Client.open(gateway.target('pop3s'), loginOf('anna'));
  const view = JSON.parse(await done('account', 'contain', anna, '--reason', 'stolen', '--json')) as ContainmentView;
  const [contained] = view.contained;
  assert.deepEqual([view.changed, contained?.was, contained?.passwords], [1, 'active', ['first']]);
  assert.deepEqual(
    contained?.sessions.map(({ protocol }) => protocol),
    ['pop3'],
  );
  await assert.rejects(reader.stat());
  await refused();
  const after = await shown();
  assert.deepEqual([after.state, after.ends, after.passwords.length], ['suspended', closes, 0]);

  // Its password is gone: a resume says that nobody can log in, and takes back nothing of the end.
  assert.match(await done('account', 'resume', anna), new RegExp(`${anna}.*\\n?.*password`, 's'));
  await refused();
  const file = join(gateway.folder, 'new');
  writeFileSync(file, 'Secret-after-it\n');
  await done('account', 'password', 'add', anna, '--name', 'new', '--password-file', file);
  const again = { login: anna, password: 'Secret-after-it' };
  await (await Pop3Client.open(gateway.target('pop3s'), again)).quit();
  const resumed = await shown();
  assert.deepEqual([resumed.state, resumed.ends], ['ending', closes]);
  assert.deepEqual(
    resumed.addresses.map(({ state }) => state),
    ['ending'],
  );

  // Contained once more and left so, it ends all the same.
  await done('account', 'contain', anna);
  clock.advance(days(30));
  assert.equal((await gateway.store.registry.findLogin(anna))?.account.state, 'ended');
  for (const verb of ['contain', 'resume']) {
    const late = await sluisHere(['account', verb, anna, '--config', gateway.config.file]);
    assert.deepEqual([late.code, late.stderr.includes('it has ended')], [4, true], late.stderr);
  }
  // The daily round may have done it already.
  await gateway.store.registry.endDue();
  assert.equal(await gateway.store.registry.endDue(), 0);
});
