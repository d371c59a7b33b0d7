/**
 * Numbers of the trail are taken before the commit, and connections commit in another order. Who
 * follows the trail by its numbers (webhooks, the forwarding of the trail) comes to no row before
 * those with lower numbers stand, or never will.
 */
// @beside
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Lane } from '../../src/store/postgres/lane.ts';
import { PostgresRunner } from '../../src/store/postgres/runner.ts';
import { eventsBehind } from '../../src/store/reads/webhook-events.ts';
import { FakeClock } from '../support/clock.ts';
import { ClientConnection, type PostgresClient, clientOf, makeTables, startPostgres } from '../support/postgres.ts';

const START = new FakeClock().now();
const closers: (() => Promise<void> | void)[] = [];
let reader: PostgresRunner;
after(async () => {
  for (const close of closers.toReversed()) await close();
});
const clients: PostgresClient[] = [];
before(async () => {
  const first = await startPostgres({ after: (close) => closers.push(close) });
  await makeTables(first);
  for (let n = 0; n < 2; n += 1) clients.push(await clientOf(first, 'postgres'));
  closers.push(...clients.map((client) => () => client.end()));
  reader = new PostgresRunner(new ClientConnection(first));
});

/** A connection that writes rows of the trail. */
class Writer {
  readonly #client: PostgresClient;
  readonly #runner: PostgresRunner;
  readonly #lane: Lane;

  constructor(client: PostgresClient, epoch: number) {
    this.#client = client;
    this.#runner = new PostgresRunner(new ClientConnection(client));
    this.#lane = new Lane({ node: 4, epoch }, () => START);
  }

  /** Its number; it does not stand until `commit`. */
  async write(): Promise<number> {
    await this.#client.query('BEGIN');
    const seq = await this.#runner.run(
      this.#lane.append({
        ...{ at: START, event: 'registry.account-added', outcome: 'success', message: null, account: null },
        ...{ facts: '{}', personal: null, salt: null },
      }),
    );
    await this.#runner.run(this.#lane.flush());
    return seq;
  }

  async commit(): Promise<void> {
    await this.#client.query('COMMIT');
    this.#lane.committed();
  }

  async rollback(): Promise<void> {
    await this.#client.query('ROLLBACK');
    this.#lane.rolledBack();
  }
}

test('who follows the trail waits for rows with lower numbers that are being committed, and for no others', async () => {
  const [first, second] = clients.map((client, n) => new Writer(client, n + 1)) as [Writer, Writer];
  const behind = async (position: number): Promise<number> =>
    (await reader.run(eventsBehind(position, undefined))).next;
  const early = await first.write();
  const late = await second.write();
  assert.ok(early < late);
  await second.commit();
  assert.ok((await behind(0)) < early, 'the row that does not be yet is passed over');
  await first.commit();
  assert.equal(await behind(0), late);

  const undone = await first.write();
  const stands = await second.write();
  assert.ok(undone < stands);
  await second.commit();
  assert.ok((await behind(late)) < undone);
  await first.rollback();
  assert.equal(await behind(late), stands, 'a number that was given back is waited for no more');

  // A long look at other tables, such as a copy of the database, holds up nobody.
  await clients[0]!.query('BEGIN');
  await clients[0]!.query('SELECT count(*) FROM account');
  const next = await second.write();
  await second.commit();
  assert.equal(await behind(stands), next);
  await clients[0]!.query('ROLLBACK');
});
