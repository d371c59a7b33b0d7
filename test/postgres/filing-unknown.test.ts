/**
 * Acceptances whose outcome nobody knows: a commit waits for a standby that is away, and the wait
 * ends in another way than by its answer.
 */
// @beside
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { seconds } from '../../src/domain/units.ts';
import type { AcceptWork } from '../../src/store/changes/accept-work.ts';
import { type FilingConnection, FilingLine } from '../../src/store/postgres/filing.ts';
import { FilingUpkeep } from '../../src/store/postgres/filing-upkeep.ts';
import { Lane } from '../../src/store/postgres/lane.ts';
import { knownMigrations, migrate } from '../../src/store/postgres/migrate.ts';
import { PostgresRunner } from '../../src/store/postgres/runner.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { Session } from '../../src/store/postgres/session.ts';
import { OutcomeUnknown } from '../../src/store/store.ts';
import { FakeClock } from '../support/clock.ts';
import { MemoryLog } from '../support/log.ts';
import { ACCESS, addressOf, startLone } from '../support/lone-postgres.ts';
import { AT, addAccounts, workOf } from '../support/postgres-filing.ts';
import type { PostgresServer } from '../support/postgres-server.ts';
import { until } from '../support/until.ts';

let server: PostgresServer;
const closers: (() => Promise<void> | void)[] = [];
const open = (): Promise<Session> =>
  Session.open(addressOf(server), ACCESS, {
    name: 'sluis/test',
    connectWithin: seconds(10),
    answerWithin: seconds(30),
  });

before(async () => {
  server = await startLone({ after: (close) => closers.push(close) });
  await server.ask('GRANT ALL ON SCHEMA public TO sluis');
  const session = await open();
  await migrate(session, knownMigrations(), 0);
  await addAccounts({ query: (text) => session.query({ text }) }, 3);
  await session.close();
});
after(async () => {
  for (const close of closers.toReversed()) await close();
});

/** A line over one session, which is made again when it was lost. */
class Node {
  readonly line: FilingLine;
  #filing: FilingConnection | undefined;
  #session: Session | undefined;

  constructor() {
    this.line = new FilingLine({
      ...{ connections: 1, clock: systemClock, committed: () => undefined },
      withFiling: (work) => this.#with(work),
    });
  }

  async #with<T>(work: (filing: FilingConnection) => Promise<T>): Promise<T> {
    if (this.#session?.ended !== false) {
      const connection = (this.#session = await open());
      const lane = new Lane({ node: 0, epoch: 1 }, () => 0);
      this.#filing = { connection, lane, runner: new PostgresRunner(connection) };
    }
    return await work(this.#filing!);
  }

  async close(): Promise<void> {
    await this.#session?.close();
  }
}

const away = (): Promise<void> => server.set({ synchronous_standby_names: 'ANY 1 (gone)' });
const back = (): Promise<void> => server.set({ synchronous_standby_names: '' });

/** The processes whose commit waits for a standby. */
const waiting = async (): Promise<readonly unknown[]> =>
  (await server.ask("SELECT pid FROM pg_stat_activity WHERE wait_event = 'SyncRep'")).map(({ pid }) => pid);
const oneWaits = (): Promise<void> => until('a commit waits', async () => (await waiting()).length === 1);

const ENDS: Readonly<Record<string, string>> = {
  'its process is ended': 'SELECT pg_terminate_backend($1)',
  'its wait is cancelled': 'SELECT pg_cancel_backend($1)',
};

for (const [how, statement] of Object.entries(ENDS))
  test(`a commit waits for a standby and ${how}: nothing is acknowledged, and the next try only when another place has the first`, async (t) => {
    const node = new Node();
    t.after(back);
    t.after(() => node.close());
    const key = randomBytes(16);
    const work = (more: Partial<AcceptWork> = {}) => workOf(1, [2], { resubmission: { key, since: AT - 1 }, ...more });
    await node.line.sentRequest(key, AT);
    await away();
    const first = work();
    const accepting = assert.rejects(node.line.accept(first), OutcomeUnknown);
    await oneWaits();
    await server.ask(statement, await waiting());
    await accepting;
    // It stands on this server alone, and everybody sees it.
    assert.equal((await server.ask('SELECT 1 FROM message WHERE id = $1', [first.id])).length, 1);
    // Control: DO NOTHING finds it, and its commit comes at once. Who acknowledged on the strength
    // of it would lose the message with this server.
    await back();
    const control = await open();
    await away();
    await control.begin();
    const text = `INSERT INTO resubmission_key (key, message, at) VALUES ($1, 1, 1) ON CONFLICT DO NOTHING`;
    assert.equal((await control.query({ text, values: [key] })).count, 0);
    await control.commit();
    await control.close();
    await back();
    await node.line.sentRequest(key, AT);
    await away();
    let answered = false;
    const again = node.line.accept(work()).finally(() => (answered = true));
    await oneWaits();
    assert.equal(answered, false, 'it is known, and waits all the same');
    await back();
    assert.deepEqual(await again, { kind: 'duplicate', of: first.id });
    // Its sender never heard, and may come when the time for others is over.
    assert.deepEqual(node.line.unsure, [key]);
    const clock = new FakeClock(AT);
    const upkeep = new FilingUpkeep({
      run: (steps) => node.line.perform(steps),
      line: node.line,
      mine: () => true,
      clock,
      log: new MemoryLog(),
    });
    const late = work({ resubmission: { key, since: AT + 1 } });
    await upkeep.mark();
    assert.deepEqual(node.line.unsure, []);
    assert.deepEqual(await node.line.accept(late), { kind: 'duplicate', of: first.id });
  });
