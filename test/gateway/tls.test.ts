/** Keys, certificates and tickets of a whole gateway, over real connections. */
import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { hours } from '../../src/domain/units.ts';
import { FakeClock } from '../support/clock.ts';
import {
  type PortName,
  type TestGateway,
  type TestGatewayOptions,
  loginOf,
  startTestGateway,
} from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';

async function open(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway(options);
  t.after(() => gateway.remove());
  return gateway;
}

const ports: readonly PortName[] = ['submission', 'submissions', 'pop3', 'pop3s'];

/** Connects to every port, and answers which of them resumed the session of before. */
async function visit(gateway: TestGateway, tickets: Map<PortName, Buffer>): Promise<PortName[]> {
  const resumed: PortName[] = [];
  for (const port of ports) {
    const client = port.startsWith('pop3')
      ? await Pop3Client.open({ ...gateway.target(port), ...session(tickets.get(port)) }, loginOf('anna'))
      : await SmtpClient.open({ ...gateway.target(port), ...session(tickets.get(port)) }, loginOf('anna'));
    if (client.wire.resumed) resumed.push(port);
    if (client.wire.ticket !== undefined) tickets.set(port, client.wire.ticket);
    await client.quit();
  }
  return resumed;
}

const session = (ticket: Buffer | undefined) => (ticket === undefined ? {} : { session: ticket });

const until = async (holds: () => boolean): Promise<void> => {
  for (let turn = 0; !holds(); turn += 1) {
    if (turn > 3000) throw new Error('it did not come about');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
};

test('sessions resume on every port until the ticket key is changed, after its lifetime or at a reload', async (t) => {
  const clock = new FakeClock(Date.now());
  const gateway = await open(t, { accounts: ['anna'], clock });
  const tickets = new Map<PortName, Buffer>();
  assert.deepEqual(await visit(gateway, tickets), [], 'the first visit has nothing to resume');
  assert.deepEqual(await visit(gateway, tickets), ports);
  clock.advance(hours(12) - 60_000);
  assert.deepEqual(await visit(gateway, tickets), ports);
  clock.advance(120_000);
  assert.deepEqual(await visit(gateway, tickets), [], 'the key of before is gone');
  assert.deepEqual(await visit(gateway, tickets), ports);
  await gateway.reloadTls();
  assert.deepEqual(await visit(gateway, tickets), []);
});

test('a changed certificate file is served without being asked; a bad one keeps the old and is logged once', async (t) => {
  const clock = new FakeClock(Date.now());
  const gateway = await open(t, { accounts: ['anna'], clock });
  const file = join(gateway.folder, 'server.pem');
  const good = readFileSync(file, 'utf8');
  const put = (text: string): void => {
    writeFileSync(`${file}.new`, text);
    renameSync(`${file}.new`, file);
  };
  /** Lets the watch look, until it has told of `count` events. */
  const told = async (event: string, count: number): Promise<void> =>
    await until(() => {
      clock.advance(10_000);
      return gateway.log.names.filter((name) => name === event).length >= count;
    });
  put('nonsense');
  await told('tls.refused', 1);
  assert.deepEqual(await visit(gateway, new Map()), []);
  put(good);
  await told('tls.reloaded', 1);
  assert.equal(gateway.log.names.filter((name) => name === 'tls.refused').length, 1);
  assert.equal(gateway.log.events.find(({ event }) => event === 'tls.refused')?.level, 'error');
});
