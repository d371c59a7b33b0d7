/**
 * kill -9 while a webhook is told of messages: none that was acknowledged goes untold, and the
 * order is kept; what comes twice has the same id.
 */
// @release: several transactions, each whole by itself: `kill9` and `store-power` try that a transaction is, at every merge.
// @beside
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { between } from '../support/chance.ts';
import { testCertificates } from '../support/certificates.ts';
import { effort } from '../support/effort.ts';
import { Instance, addressOf } from '../support/instance.ts';
import { Ledger } from '../support/ledger.ts';
import { Receiver } from '../support/receiver.ts';
import { submitting, until } from './support/traffic.ts';

const ROUNDS = effort(4, 15);

interface Told {
  readonly id: string;
  readonly message: string;
  readonly round: number;
}

const untold = (accepted: readonly string[], told: readonly Told[]): readonly string[] => {
  const messages = new Set(told.map(({ message }) => message));
  return accepted.filter((message) => !messages.has(message));
};

/** All ids: those that a page leaves out, of before the oldest in it. */
function acceptedIn(instance: Instance): readonly string[] {
  const ids = new Set<string>();
  let until: readonly string[] = [];
  for (;;) {
    const said = instance.sluis('trace', '--sender', addressOf('sender'), '--since', '1h', ...until, '--json');
    const page = (JSON.parse(said) as { readonly id?: string; readonly received?: string }[]).filter(
      ({ id }) => id !== undefined,
    );
    const before = ids.size;
    for (const { id = '' } of page) ids.add(id);
    if (ids.size === before) return [...ids];
    until = ['--until', page.map(({ received = '' }) => received).sort()[0] ?? ''];
  }
}

test(`${ROUNDS} times kill -9 leave no message untold, and none out of its order`, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-webhook-'));
  after(() => rmSync(folder, { recursive: true, force: true }));
  const { ca } = await testCertificates();
  const authorities = join(folder, 'ca.pem');
  writeFileSync(authorities, ca.certificate);
  const instance = await Instance.create({
    configuration: `[webhooks]\nallow-networks = ["127.0.0.1/32"]\nauthorities = [${JSON.stringify(authorities)}]\n`,
  });
  after(() => instance.remove());
  instance.addAccounts(['sender', 'reader']);
  const receiver = await Receiver.start(t);
  const url = receiver.url('127.0.0.1');
  instance.sluis('webhook', 'add', 'kill', url, '--account', 'reader', '--event', 'message.received');

  const told: Told[] = [];
  let round = 0;
  receiver.answer = (response, { headers, body }) => {
    const { data } = JSON.parse(body) as { readonly data: { readonly messageId: string } };
    told.push({ id: String(headers['webhook-id']), message: data.messageId, round });
    response.writeHead(204).end();
  };
  const ledger = new Ledger(addressOf('sender'));
  for (round = 1; round <= ROUNDS; round += 1) {
    const served = await instance.serve();
    const before = told.length;
    const traffic = submitting(instance, ledger, {
      sender: 'sender',
      recipients: [addressOf('reader')],
      connections: 3,
    });
    // In the middle of what it tells at once: what comes behind is not told yet.
    const some = before + between(20, 60);
    await until('some are told', () => told.length > some || served.over);
    await served.kill();
    await traffic.ended;
  }
  const last = await instance.serve();
  const accepted = acceptedIn(instance);
  await until(
    'all are told',
    () => untold(accepted, told).length === 0,
    30_000,
    () => told.length,
  );
  assert.equal(await last.stop(), 0);
  assert(
    accepted.length >= ledger.acknowledged && ledger.acknowledged >= ROUNDS,
    `${ledger.acknowledged} acknowledged`,
  );
  assert.deepEqual(untold(accepted, told), []);
  // The control: the same look finds one that is missing.
  const [gone] = accepted;
  assert.deepEqual(
    untold(
      accepted,
      told.filter(({ message }) => message !== gone),
    ),
    [gone],
  );

  const order = new Map<string, number>();
  for (const { message } of told) if (!order.has(message)) order.set(message, order.size);
  for (let n = 1; n <= ROUNDS + 1; n += 1) {
    const places = told.filter((one) => one.round === n).map(({ message }) => order.get(message)!);
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      `round ${n}`,
    );
    assert.equal(new Set(places).size, places.length, `round ${n}`);
  }
  const ids = new Map(told.map(({ message, id }) => [message, id]));
  assert(told.every(({ message, id }) => ids.get(message) === id));
  assert.equal(new Set(ids.values()).size, ids.size);
  t.diagnostic(`${accepted.length} accepted, ${told.length} told, ${told.length - order.size} twice`);
});
