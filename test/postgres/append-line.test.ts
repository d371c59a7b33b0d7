/**
 * Rows of the trail that nobody waits for go in once, whatever becomes of the commits that carry
 * them.
 */
// @beside
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { AuditItem } from '../../src/domain/audit-row.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { AppendLine } from '../../src/store/postgres/append-line.ts';
import type { ChangingConnection } from '../../src/store/postgres/connection.ts';
import { type Worker, Workers } from '../../src/store/postgres/working.ts';
import { OutcomeUnknown, StoreUnavailable } from '../../src/store/store.ts';
import { ClientConnection, type PostgresClient, makeTables, startPostgres } from '../support/postgres.ts';

let client: PostgresClient;
const closers: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closers.toReversed()) await close();
});
before(async () => {
  client = await startPostgres({ after: (close) => closers.push(close) });
  await makeTables(client);
});

const item = (event: string): AuditItem => ({
  ...{ at: 1, event, outcome: 'success', message: null, account: null, facts: '{}', personal: null, salt: null },
});
type Ending = 'stands' | 'lost' | 'away' | 'certain';

/**
 * Each commit of rows ends as the list says; behind the list all is well. A connection whose commit
 * failed is never used again.
 */
function lineWith(endings: Ending[]): AppendLine {
  const workers = new Workers({
    owner: { node: 3, epoch: 1 },
    now: () => 0,
    turnOf: () => undefined,
    *fileNotices() {
      yield* [];
    },
  });
  const make = (): ChangingConnection => {
    const plain = new ClientConnection(client);
    let wrote = false;
    return {
      query: async (query) => {
        wrote ||= query.text.includes('INSERT INTO audit');
        return await plain.query(query);
      },
      begin: async (isolation) => {
        if (endings[0] === 'away') {
          endings.shift();
          throw new StoreUnavailable('away');
        }
        wrote = false;
        await plain.begin(isolation);
      },
      rollback: () => plain.rollback(),
      commit: async () => {
        const ending = wrote ? (endings.shift() ?? 'certain') : 'certain';
        if (ending === 'lost') await plain.rollback();
        else await plain.commit();
        if (ending !== 'certain') throw new OutcomeUnknown('unknown');
      },
    };
  };
  let worker: Worker | undefined;
  return new AppendLine({
    clock: { after: (_delay, run) => systemClock.after(1 as never, run) },
    withWorker: async (work) => {
      worker ??= workers.of(make());
      try {
        return await work(worker);
      } catch (error) {
        worker = undefined;
        throw error;
      }
    },
  });
}

const events = async (like: string): Promise<unknown> =>
  (await client.query({ text: `SELECT event FROM audit WHERE event LIKE '${like}%' ORDER BY seq`, rowMode: 'array' }))
    .rows;

for (const endings of [
  ['certain'],
  ['stands'],
  ['lost'],
  ['away', 'stands', 'away'],
  ['lost', 'lost', 'stands'],
] satisfies Ending[][])
  test(`rows stand once where commits were ${endings.join(', ')}`, async () => {
    const name = `${endings.join('-')}.`;
    const line = lineWith([...endings]);
    const both = [line.append([item(`${name}1`), item(`${name}2`)]), line.append([item(`${name}3`)])];
    await Promise.all(both);
    assert.deepEqual(
      await events(name),
      ['1', '2', '3'].map((n) => [`${name}${n}`]),
    );
  });

test('what cannot be written at the end of the store is given up, and its loss is told', async () => {
  const line = lineWith(Array.from({ length: 1000 }, () => 'away' as const));
  const written = line.append([item('never.1')]);
  const told = assert.rejects(written, StoreUnavailable);
  line.close();
  await told;
  assert.deepEqual(await events('never'), []);
});
