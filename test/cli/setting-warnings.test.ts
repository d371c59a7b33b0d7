/** What is said of settings that cannot be obeyed: when they are set, where they are shown, by check and doctor, and in the log. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DoctorFinding } from '../../src/domain/doctor.ts';
import { commandScene } from '../support/command-scene.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { MemoryLog } from '../support/log.ts';
import { SmtpClient } from '../support/smtp-client.ts';

const [anna, bert] = [addressOf('anna'), addressOf('bert')];

test('encrypt=required beside open=yes is warned of, and shown as what really happens', async (t) => {
  const scene = await commandScene(t, { accounts: ['anna', 'bert'] });
  const silent = await scene.run('account', 'set', bert, 'open=yes');
  assert.deepEqual([silent.code, silent.stderr], [0, '']);
  const set = await scene.run('account', 'set', bert, 'encrypt=required');
  assert.equal(set.code, 0, set.stderr);
  assert.match(set.stderr, /^Warning: encrypt=required has no effect beside open=yes: nothing is encrypted/);
  assert.match(await scene.done('account', 'show', bert), /^Warning: encrypt=required has no effect beside open=yes/m);
  const { warnings } = await scene.json<{ warnings: readonly string[] }>('address', 'show', bert);
  assert.match(warnings[0] ?? '', /^encrypt=required has no effect/);
  const late = await scene.run('account', 'set', anna, 'keep-uncollected=7', 'tell-sender-after=30', 'rhythm=0');
  assert.match(late.stderr, /^Warning: nobody hears that a message waits before it ends/);
});

test('encrypt=required without a key of the gateway is said by set, check and doctor, and an error of the log', async (t) => {
  const log = new MemoryLog();
  const scene = await commandScene(t, { accounts: ['anna', 'bert'], log });
  const findings = async (): Promise<readonly DoctorFinding[]> => await found(scene.done);
  assert.deepEqual(await findings(), [], 'nobody requires it');
  await scene.done('ca', 'init', '--name', 'Test group');
  await scene.done('cert', 'issue', '--account', bert, '--for', 'mail', '--keep-key', '--key', 'p256');
  const set = await scene.run('address', 'set', bert, 'encrypt=required');
  assert.match(
    set.stderr,
    /^Warning: encrypt=required cannot be kept for senders whose account does not sign: the gateway has no key/,
  );
  assert.match((await findings())[0]?.what ?? '', /^encrypt=required is set, and cannot be kept/);

  const client = await SmtpClient.open(scene.gateway.target('submissions'), loginOf('anna'));
  await client.command(`MAIL FROM:<${anna}>`, '250');
  await client.command(`RCPT TO:<${bert}>`, '451 4.3.5');
  await client.quit();
  const told = log.events.filter(({ event }) => event === 'smime.no-signing-key');
  assert.deepEqual(
    told.map(({ level }) => level),
    ['error'],
  );
  assert.match(String(told[0]?.fields.why), /smime\.signing-address/);
});

/** What `check` says of the registry of the gateway that runs. */
async function found(done: (...args: string[]) => Promise<string>): Promise<readonly DoctorFinding[]> {
  const { warnings } = JSON.parse(await done('check', '--json')) as { readonly warnings: readonly string[] };
  return warnings
    .filter((what) => what.startsWith('encrypt=required'))
    .map((what) => ({ id: 'gateway-key', severity: 'warning', what }));
}
