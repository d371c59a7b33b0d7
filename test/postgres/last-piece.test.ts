/**
 * The last piece of a large message is still on its way when the message is filed, over another
 * connection: it is waited for, and nobody behind it waits.
 */
// @beside
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { octets } from '../../src/domain/units.ts';
import { storesOfFile } from '../support/postgres-store.ts';
import { acceptanceOf, addAccount, messagesIn, sealBody } from '../support/store.ts';
import { until } from '../support/until.ts';

const open = storesOfFile();
const SIZE = 600_000;

test('a message whose last piece comes late is filed when it is there, and not refused for want of it', async (t) => {
  const s = await open(t);
  const { store } = s;
  const [anna, bert] = [await addAccount(store, 'anna'), await addAccount(store, 'bert')];
  const writer = store.openBody(octets(SIZE), anna);
  await writer.write(randomBytes(SIZE));
  // Its row is somebody else's until then: of one key only one may be inserted.
  const release = await s.hold("INSERT INTO chunk SELECT DISTINCT message, 2, ''::bytea, ''::bytea FROM chunk");
  const body = await writer.seal();
  const waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'";
  await until('the last piece waits', async () => (await s.ask(waits)).length > 0, 5000, 10);
  let settled = false;
  const filing = store.accept(await acceptanceOf(store, body, ['bert@group.test'], { submitter: anna }));
  void filing.then(
    () => (settled = true),
    () => (settled = true),
  );
  // Whoever comes behind it is filed meanwhile.
  const small = await sealBody(store, Buffer.from('small\r\n'));
  await store.accept(await acceptanceOf(store, small, ['bert@group.test'], { submitter: anna }));
  assert.equal((await messagesIn(store, bert)).length, 1);
  assert.equal(settled, false, 'the large one waits for its piece');
  await release();
  assert.equal((await filing).kind, 'filed');
  assert.equal((await messagesIn(store, bert)).length, 2);
});
