/**
 * A configuration that is read again by a running gateway: what holds at once, what waits, and what
 * is refused.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { connectControl } from '../../src/admin/client.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { controlSocketOf, loadConfig } from '../../src/config/load.ts';
import { changesBetween } from '../../src/gateway/reload.ts';
import { TlsMaterialError } from '../../src/platform/tls.ts';
import { type TestGateway, loginOf, startTestGateway } from '../support/gateway.ts';
import { SmtpClient, UnexpectedReply } from '../support/smtp-client.ts';

async function open(t: TestContext, configuration: string): Promise<TestGateway> {
  const gateway = await startTestGateway({ accounts: ['anna'], configuration });
  t.after(() => gateway.remove());
  return gateway;
}

const change = ({ config: { file } }: TestGateway, from: string, to: string): void => {
  const text = readFileSync(file, 'utf8');
  assert.ok(text.includes(from));
  writeFileSync(file, text.replace(from, to));
};

const BEFORE = '[connections]\nper-network = 1\n[smtp]\nmax-message = "1MiB"\n';

test('limits on connections hold at once, and what waits for a restart is named until then', async (t) => {
  const gateway = await open(t, BEFORE);
  const first = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await assert.rejects(SmtpClient.open(gateway.target('submission')), UnexpectedReply);
  change(gateway, 'per-network = 1', 'per-network = 2');
  change(gateway, 'max-message = "1MiB"', 'max-message = "2MiB"');
  assert.deepEqual(await gateway.reload(), { applied: ['connections.per-network'], restart: ['smtp.max-message'] });
  const second = await SmtpClient.open(gateway.target('submission'));
  await assert.rejects(SmtpClient.open(gateway.target('submission')), UnexpectedReply);
  assert.deepEqual(await gateway.reload(), { applied: [], restart: ['smtp.max-message'] });
  for (const client of [first, second]) await client.quit();
  const [line] = gateway.log.events.filter(({ event }) => event === 'config.needs-restart');
  assert.deepEqual(line?.fields, { applied: 'connections.per-network', restart: 'smtp.max-message' });
});

test('the command line gets the same answer', async (t) => {
  const gateway = await open(t, BEFORE);
  const admin = await connectControl(controlSocketOf(gateway.config), { name: 'jan' });
  change(gateway, 'per-network = 1', 'per-network = 3');
  assert.deepEqual(await admin?.call('gateway.reload', {}), { applied: ['connections.per-network'], restart: [] });
  await admin?.close();
  assert.ok(gateway.log.names.includes('config.reloaded'));
});

test('a configuration, or a certificate, that cannot be used changes nothing, and says why', async (t) => {
  const gateway = await open(t, BEFORE);
  const first = await SmtpClient.open(gateway.target('submission'));
  change(gateway, 'per-network = 1', 'per-network = "many"');
  await assert.rejects(gateway.reload(), (error: unknown) => {
    assert.ok(error instanceof ConfigError);
    assert.match(error.message, /connections\.per-network: .*"many"/);
    return true;
  });
  change(gateway, 'per-network = "many"', 'per-network = 2');
  writeFileSync(gateway.config.tls.certificate[0] ?? '', 'no certificate');
  await assert.rejects(gateway.reload(), TlsMaterialError);
  await assert.rejects(SmtpClient.open(gateway.target('submission')), UnexpectedReply);
  await first.quit();
});

test('differences are named by setting, listeners by their name', async (t) => {
  const gateway = await open(t, BEFORE);
  change(gateway, 'name = "pop3s"', 'name = "pop3-tls"');
  change(gateway, 'hostname = "mail.test"', 'hostname = "other.test"');
  change(gateway, '#format = "json"', 'format = "pretty"');
  assert.deepEqual([...changesBetween(gateway.config, loadConfig(gateway.config.file))].sort(), [
    'hostname',
    'listener.pop3-tls',
    'listener.pop3s',
    'log.format',
  ]);
});
