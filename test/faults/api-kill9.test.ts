/**
 * kill -9 while messages come in over HTTPS: nothing that was answered is lost, and a request that
 * is sent again under its key is there once.
 *
 * That it is the key which does this shows in the other test: under another key the same requests
 * are there twice.
 */
// @beside
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { HttpWire } from '../support/http-wire.ts';
import { Instance, addressOf, apiListener, freePort, loginOf } from '../support/instance.ts';
import { Ledger, type LedgerMessage } from '../support/ledger.ts';
import { WireEnded, type WireTarget } from '../support/wire.ts';
import { anySize, collect, pause, until } from './support/traffic.ts';
import { between } from '../support/chance.ts';
import { effort } from '../support/effort.ts';

const ROUNDS = effort(2, 30);
const recipients = ['anna', 'bram', 'chris'];
let instance: Instance;
let target: WireTarget;

before(async () => {
  const port = await freePort();
  instance = await Instance.create({ configuration: apiListener(port) });
  instance.addAccounts(['sender', ...recipients]);
  // Else an equal message that still waits would be known without any key.
  instance.sluis('account', 'set', 'sender', 'resubmission-minutes=0');
  target = { ...instance.target('submissions'), port };
});
after(() => instance.remove());

interface Posted {
  readonly message: LedgerMessage;
  readonly octets: Buffer;
  readonly to: string;
  readonly key: string;
}

const TYPE = 'Content-Type: message/rfc822';

async function post(
  client: HttpWire,
  { octets, to, key }: Posted,
  other = key,
): Promise<{ id: string; again: boolean }> {
  client.begin('/messages', octets.length, other, [TYPE, `Sluis-Recipients: ${addressOf(to)}`]);
  if (!client.wire.send(octets)) await client.wire.drained();
  const answer = await client.answer();
  assert.equal(answer.status, 201, JSON.stringify(answer.json));
  const { id, again } = answer.json as { id: string; again: boolean };
  return { id, again };
}

/**
 * Sends without pause on each connection until the line breaks. Resolves to the requests that had
 * no answer.
 */
async function posting(ledger: Ledger, connections: number, told: () => void): Promise<readonly Posted[]> {
  const open: Posted[] = [];
  let turn = 0;
  const one = async (): Promise<void> => {
    let under: Posted | undefined;
    try {
      const client = await HttpWire.open(target, loginOf('sender'));
      for (;;) {
        const message = ledger.compose(anySize());
        const octets = Buffer.from(message.wire.toString('latin1').replaceAll('\r\n..', '\r\n.'), 'latin1');
        const to = recipients[turn++ % recipients.length] ?? 'anna';
        under = { message, octets, to, key: randomUUID() };
        const { id } = await post(client, under);
        under = undefined;
        ledger.acknowledge(message, id);
        told();
      }
    } catch (error) {
      if (!(error instanceof WireEnded)) throw error;
      if (under !== undefined) open.push(under);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  return open;
}

async function killedWhilePosting(ledger: Ledger): Promise<readonly Posted[]> {
  const served = await instance.serve();
  const before = ledger.acknowledged;
  let told: () => void = () => undefined;
  const traffic = posting(ledger, 6, () => told());
  await until('some answers', () => ledger.acknowledged >= before + 12 || served.over);
  await pause(between(20, 250));
  // The moment at which a kill hurts most: others of the same commit are on their way.
  await new Promise<void>((resolve) => (told = resolve));
  await served.kill();
  return await traffic;
}

/** How many of them had been stored before. */
async function sendAgain(ledger: Ledger, open: readonly Posted[], keyOf: (posted: Posted) => string): Promise<number> {
  const client = await HttpWire.open(target, loginOf('sender'));
  let stored = 0;
  for (const posted of open) {
    const { id, again } = await post(client, posted, keyOf(posted));
    ledger.acknowledge(posted.message, id);
    if (again) stored += 1;
  }
  client.wire.destroy();
  return stored;
}

test(`${ROUNDS} times kill -9 during POST, and the same key again: nothing is lost and nothing is there twice`, async (t) => {
  const ledger = new Ledger(addressOf('sender'));
  let open = 0;
  let stored = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const without = await killedWhilePosting(ledger);
    const served = await instance.serve();
    open += without.length;
    stored += await sendAgain(ledger, without, ({ key }) => key);
    // Once more: whoever did not hear the second answer either.
    assert.equal(await sendAgain(ledger, without, ({ key }) => key), without.length);
    if (round === ROUNDS) await collect(instance, ledger, recipients, { remove: true });
    assert.equal(await served.stop(), 0);
  }
  const report = ledger.report();
  t.diagnostic(`${report.acknowledged} answered; of ${open} requests without an answer ${stored} had been stored`);
  assert.ok(open > 0, 'no request was broken off');
  assert.deepEqual([report.lost, report.duplicated, report.damaged], [[], [], []]);
});

test('under another key what had been stored without an answer is there twice, and nothing is lost', async (t) => {
  const ledger = new Ledger(addressOf('sender'));
  const open: Posted[] = [];
  for (let round = 0; round < ROUNDS && open.length < 12; round += 1) open.push(...(await killedWhilePosting(ledger)));
  const served = await instance.serve();
  assert.equal(await sendAgain(ledger, open, () => randomUUID()), 0);
  await collect(instance, ledger, recipients, { remove: true });
  assert.equal(await served.stop(), 0);
  const { lost, duplicated, damaged } = ledger.report();
  t.diagnostic(`of ${open.length} requests without an answer ${duplicated.length} are there twice`);
  assert.deepEqual(lost, []);
  const keys = new Set(open.map(({ message }) => message.key));
  assert.ok(duplicated.every((text) => keys.has(text.slice(0, text.indexOf(':')))));
  // Of two one has another id than the last answer; their octets are right.
  assert.ok(
    damaged.every((text) => text.includes('the trace does not name')),
    damaged.join(),
  );
});
