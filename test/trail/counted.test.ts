/**
 * What is counted in memory and written once a minute: whoever reads the trail sees it, and whoever
 * erases erases it, without a wait.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import type { AuditSummary } from '../../src/admin/audit-scan.ts';
import { type CommandScene, commandScene } from '../support/command-scene.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { Pop3Client } from '../support/pop3-client.ts';
import { SmtpClient } from '../support/smtp-client.ts';

/**
 * Three passwords that are wrong and two recipients that are not there, just now; the clock of the
 * gateway stands still.
 */
async function counted(t: TestContext): Promise<CommandScene> {
  const scene = await commandScene(t, { accounts: ['anna', 'bert'] });
  const { gateway } = scene;
  for (let n = 0; n < 3; n += 1)
    await assert.rejects(
      Pop3Client.open(gateway.target('pop3s'), { login: loginOf('bert').login, password: 'wrong' }),
      /AUTH/,
    );
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await client.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
  for (let n = 0; n < 2; n += 1) await client.command('RCPT TO:<nobody@group.test>', '550');
  await client.quit();
  return scene;
}

const COUNTED = ['login.refused 3', 'message.refused 2'];
const ofThose = (rows: readonly { readonly event: string; readonly facts?: object }[]): string[] =>
  rows
    .filter(({ event }) => event.endsWith('.refused'))
    .map(({ event, facts }) => `${event} ${(facts as { count?: number }).count}`)
    .sort();

test('audit list has it, of everybody and of one account', async (t) => {
  const { done } = await counted(t);
  const list = async (...args: string[]): Promise<readonly AuditRowView[]> =>
    JSON.parse(await done('audit', 'list', '--json', ...args)) as readonly AuditRowView[];
  const own = await list('--account', loginOf('bert').login);
  assert.deepEqual(ofThose(own), COUNTED.slice(0, 1));
  assert.deepEqual(ofThose(await list()), COUNTED);
});

test('audit export has it', async (t) => {
  const { done, at } = await counted(t);
  await done('audit', 'export', at('trail.jsonl'), '--reason', 'audit');
  const lines = readFileSync(at('trail.jsonl'), 'utf8').trim().split('\n');
  assert.equal(lines.filter((line) => /(?:login|message)\.refused/.test(line)).length, 2, lines.at(-1));
});

test('audit report has it', async (t) => {
  const { done } = await counted(t);
  const text = await done('audit', 'report', '--since', '2020-01-01', '--json');
  const { failedLogins } = JSON.parse(text) as AuditSummary;
  assert.deepEqual(
    failedLogins.map(({ tries }) => tries),
    [3],
  );
});

test('what is erased of an account is not written again a minute later', async (t) => {
  const { done, gateway } = await counted(t);
  await done('audit', 'erase', '--account', loginOf('bert').login, '--also-kept', '--yes', '--reason', 'asked for it');
  await gateway.stop();
  const again = await gateway.restart();
  t.after(() => again.stop({ drain: 'none' }));
  const rows = await again.store.audit.read({ limit: 1000 });
  const refused = rows.filter(({ event }) => event === 'login.refused');
  assert.deepEqual(
    refused.map(({ erased, personal }) => [erased, personal]),
    [[true, undefined]],
  );
});
