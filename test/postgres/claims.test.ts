/** Deliveries that several nodes claim from one PostgreSQL. */
// @beside
import assert from 'node:assert/strict';
import test from 'node:test';
import type { PartnerId } from '../../src/domain/ids.ts';
import { instant, seconds } from '../../src/domain/units.ts';
import { ChangeContext } from '../../src/store/changes/change-context.ts';
import { voidLeases } from '../../src/store/changes/queue.ts';
import { MAIL_CHANGES } from '../../src/store/changes/table.ts';
import { sharedServer } from '../support/postgres-nodes.ts';

const NOW = instant(Date.UTC(2026, 10, 25, 12));
const DELIVERIES = 1000;

test('two nodes claim a thousand deliveries and none twice; a start makes void what its node had claimed alone', async (t) => {
  const ends: (() => unknown)[] = [];
  t.after(async () => {
    for (const end of ends.reverse()) await end();
  });
  const server = await sharedServer({ after: (end) => void ends.push(end) });
  const nodes = await Promise.all(['gw1', 'gw1', 'gw2', 'gw2'].map((name) => server.connect(name)));
  const [one, , two] = nodes;
  assert(one !== undefined && two !== undefined);
  const { client } = one;
  // Rows of which nothing else is asked here.
  await client.query('SET session_replication_role = replica');
  await client.query(
    `INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256)
     SELECT i << 21, ${NOW}, 1, 'a@b.test', '', '{}', 10, '' FROM generate_series(1, ${DELIVERIES}) i`,
  );
  await client.query(
    `INSERT INTO delivery (message, recipient, partner, due_at)
     SELECT i << 21, 'c@d.test', 1, ${NOW} - i FROM generate_series(1, ${DELIVERIES}) i`,
  );
  await client.query('SET session_replication_role = DEFAULT');
  const claimed: number[] = [];
  const claimAll = async ({ inTransaction }: typeof one): Promise<number> => {
    let mine = 0;
    for (;;) {
      const context = new ChangeContext(NOW, new Uint8Array(32));
      const change = MAIL_CHANGES.queue.claim(context, 1 as PartnerId, 37, seconds(60));
      const { deliveries } = await inTransaction(change);
      if (deliveries.length === 0) return mine;
      mine += deliveries.length;
      claimed.push(...deliveries.map(({ id }) => id));
    }
  };
  const shares = await Promise.all(nodes.map(claimAll));
  assert.equal(claimed.length, DELIVERIES);
  assert.equal(new Set(claimed).size, DELIVERIES);
  const [a = 0, b = 0, c = 0, d = 0] = shares;
  assert(a + b > 0 && c + d > 0, `shares ${shares.join()}`);
  assert.equal(await two.inTransaction(voidLeases()), c + d);
  assert.equal(await two.inTransaction(voidLeases()), 0);
  assert.equal(await one.inTransaction(voidLeases()), a + b);
});
