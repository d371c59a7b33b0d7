/** The stop of a whole gateway: who is told what, and how an operator shortens it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Clock } from '../../src/domain/effects.ts';
import { seconds } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { get } from '../support/scrape.ts';
import { SmtpClient, acceptedId } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { Wire, WireEnded } from '../support/wire.ts';

async function open(t: TestContext, options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram'], ...options });
  t.after(() => gateway.remove());
  return gateway;
}

const content = Buffer.from(`From: ${addressOf('anna')}\r\nTo: ${addressOf('bram')}\r\n\r\nBody.\r\n`);

/** One that has sent half a message: nothing but the end of the message or of the drain ends it. */
async function sender(gateway: TestGateway): Promise<SmtpClient> {
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await client.begin(addressOf('anna'), [addressOf('bram')], false);
  client.wire.send(content.subarray(0, 20));
  return client;
}

const greetingOf = async (gateway: TestGateway, port: 'submission' | 'pop3'): Promise<string> => {
  const wire = await Wire.open(gateway.target(port));
  const line = await wire.line();
  await assert.rejects(wire.line(), WireEnded);
  return line;
};

test('while sessions of a port end, new ones are told to come again; then it is closed', async (t) => {
  const gateway = await open(t);
  const client = await sender(gateway);
  const reader = await Pop3Client.open(gateway.target('pop3'), loginOf('bram'));
  const stopped = gateway.stop();
  await assert.rejects(reader.command('NOOP'), WireEnded);
  assert.match(await greetingOf(gateway, 'submission'), /^421 4\.3\.2 The gateway is stopping; try again/);
  assert.deepEqual(
    gateway.log.events
      .filter(({ event }) => event === 'smtp.connection-refused')
      .map(({ fields: { listener, why } }) => [listener, why]),
    [['submission', 'stopping']],
  );
  client.wire.send(content.subarray(20));
  client.wire.send('.\r\n');
  acceptedId(await client.expect('250'));
  await stopped;
  await assert.rejects(Wire.open(gateway.target('submission')), WireEnded);
});

test('POP3 says so as well, and a command that runs may end', async (t) => {
  const nothing = (): void => undefined;
  let hold = nothing;
  const gateway = await open(t, {
    openStore: async (config, effects) => {
      const { openStore } = await import('../../src/gateway/store.ts');
      const store = await openStore(config, effects);
      const list = store.listMaildrop.bind(store);
      store.listMaildrop = async (lock) => {
        await new Promise<void>((resolve) => (hold = resolve));
        return await list(lock);
      };
      return store;
    },
  });
  const client = await Pop3Client.open(gateway.target('pop3'), loginOf('bram'));
  const listed = client.command('LIST');
  await until('the command waits for its listing', () => hold !== nothing);
  const stopped = gateway.stop();
  assert.match(await greetingOf(gateway, 'pop3'), /^-ERR \[SYS\/TEMP\] the gateway is stopping; try again/);
  hold();
  assert.match(await listed, /^\+OK/);
  assert.equal(await client.wire.line(), '.');
  await assert.rejects(client.command('NOOP'), WireEnded);
  await stopped;
  await assert.rejects(Wire.open(gateway.target('pop3')), WireEnded);
});

test('what cuts a stop under way does not wait for the drain time', async (t) => {
  const gateway = await open(t, { configuration: '[connections]\ndrain = "10m"\n' });
  const client = await sender(gateway);
  const stopped = gateway.stop();
  await greetingOf(gateway, 'submission');
  await gateway.stop({ drain: 'none' });
  await stopped;
  assert.match(await client.reply().catch((error: unknown) => String(error)), /^421 4\.3\.2 |WireEnded/);
});

/** The system's, but what waits for exactly this long waits until the test says so. */
function holding(wait: number): Clock & { go(): void } {
  let held = (): void => undefined;
  return {
    ...systemClock,
    after: (delay, run) => {
      if (delay !== wait) return systemClock.after(delay, run);
      held = run;
      return { cancel: () => undefined };
    },
    go: () => held(),
  };
}

test('announce: everything goes on while /ready says 503, and then the stop begins', async (t) => {
  const clock = holding(seconds(42));
  const gateway = await open(t, { clock, configuration: '[connections]\nannounce = "42s"\n' });
  const port = gateway.http?.port ?? 0;
  const stopped = gateway.stop();
  const { status, body } = await get(port, '/ready');
  assert.deepEqual([status, body.split(':')[0]], [503, 'not ready\ndraining']);
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  acceptedId(await client.submit(addressOf('anna'), [addressOf('bram')], content));
  clock.go();
  assert.match(await client.reply(), /^421 4\.3\.2 /);
  await stopped;
});

test('announce ends at once when the stop is cut', async (t) => {
  const gateway = await open(t, { configuration: '[connections]\nannounce = "5m"\ndrain = "10m"\n' });
  const client = await sender(gateway);
  const stopped = gateway.stop();
  await gateway.stop({ drain: 'none' });
  await stopped;
  client.wire.destroy();
});
