/**
 * Two gateways' stores on one database: what must be done once is done by one of them, and by the
 * other when that one has gone.
 */
// @beside
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { days, hours, instant, seconds } from '../../src/domain/units.ts';
import { type PostgresTestStore, storesOfFile } from '../support/postgres-store.ts';
import { addAccount, deliver } from '../support/store.ts';
import { until } from '../support/until.ts';
import { elsewhere, here } from '../store/lock-contract.ts';

const open = storesOfFile();
const actor = { name: 'operator', reason: 'test' };

async function twoNodes(t: TestContext, keys: 'same' | 'own' = 'same') {
  const one = await open(t);
  const anna = await addAccount(one.store, 'anna');
  const two = await one.beside('gw2', keys);
  assert(one.store.jobs.runs('usage') && !two.store.jobs.runs('usage'));
  return { one, two, anna };
}

const ends = async (one: PostgresTestStore, { store }: PostgresTestStore): Promise<void> => {
  await one.close();
  await until('the other one has its jobs', () => store.jobs.runs('usage'), 10_000, 50);
};

test('figures of usage are added up by one node', async (t) => {
  const { one, two } = await twoNodes(t);
  await one.ask('CREATE TABLE folded (who text)');
  await one.ask(
    `CREATE FUNCTION folding() RETURNS trigger LANGUAGE plpgsql AS
     $$ BEGIN INSERT INTO folded VALUES (current_setting('application_name')); RETURN NULL; END $$`,
  );
  // Whether there is anything to add up or not: who looks does the work.
  await one.ask('CREATE TRIGGER folding AFTER DELETE ON usage_waiting FOR EACH STATEMENT EXECUTE FUNCTION folding()');
  const who = async (): Promise<unknown> => {
    await two.ask('DELETE FROM folded');
    await deliver(two.store, Buffer.from('x'), 'anna@group.test');
    for (let round = 0; round < 8; round += 1) {
      two.clock.advance(seconds(10));
      await two.clock.quiet?.();
    }
    return await two.ask('SELECT DISTINCT split_part(who, $$ $$, 1) AS who FROM folded WHERE who <> $$sluis/test$$');
  };
  assert.deepEqual(await who(), [['sluis/gw1']]);
});

test('the mailbox of an account that moves is closed at the other node too, which goes on with the move when this one stops', async (t) => {
  const { one, two, anna } = await twoNodes(t);
  await one.store.registry.addOrganisation({ name: 'zuid', title: 'Zuid', language: 'nl' }, actor);
  const since = instant(one.clock.now() - days(1));
  for (let n = 0; n < 3; n += 1) await deliver(one.store, Buffer.from('x'), 'anna@group.test');
  const end = await one.hold('LOCK TABLE delivery IN ACCESS EXCLUSIVE MODE');
  const move = { login: 'anna', organisation: 'zuid', since, endsAt: instant(one.clock.now() + days(30)) };
  const moved = assert.rejects(one.store.accountMoves.move(move, actor), /continues when it is opened again/);
  const following = async (): Promise<boolean> =>
    (await two.ask(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%UPDATE delivery%'`))
      .length > 0;
  await until('its mail follows', following, 10_000, 20);
  assert.equal(await two.store.lockMaildrop(anna, elsewhere), 'in-use');
  const left = (): Promise<readonly object[]> => two.ask('SELECT source FROM account_move');
  const resumed = (): number => two.log.names.filter((name) => name === 'store.move-resumed').length;
  const ended = ends(one, two);
  await end();
  await Promise.all([moved, ended]);
  assert.deepEqual([(await left()).length, resumed()], [1, 0]);
  await until(
    'the other one has gone on',
    async () => {
      two.clock.advance(seconds(10));
      return (await left()).length === 0;
    },
    10_000,
    20,
  );
  assert.equal(resumed(), 1);
  const account = await two.store.registry.findLogin('anna');
  assert(account !== undefined);
  await until('it is open', async () => {
    const lock = await two.store.lockMaildrop(account.account.id, here);
    return lock !== 'in-use' && lock.messages === 3;
  });
});

test('a message that was erased at a node which has no sweeps is out of its backups on the second day all the same', async (t) => {
  const { two } = await twoNodes(t, 'own');
  const erased = await deliver(two.store, Buffer.from('secret'), 'anna@group.test');
  await deliver(two.store, Buffer.from('kept'), 'anna@group.test');
  await two.store.deliveries.withdraw(erased.id, 'all', actor, []);
  assert.equal(await two.store.deliveries.erase(erased.id, actor), 'erased');
  const closed = (): boolean => two.log.names.includes('store.messages-erased');
  assert(!closed());
  two.clock.advance(days(3));
  await until(
    'its day is closed',
    () => {
      two.clock.advance(hours(1));
      return closed();
    },
    10_000,
    100,
  );
});
