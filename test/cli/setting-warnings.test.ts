/**
 * What is said of settings that cannot be obeyed: when they are set, where they are shown, by check
 * and doctor, and in the log.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { DoctorFinding } from '../../src/domain/doctor.ts';
import { gatewayDoctor } from '../../src/gateway/doctor.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { sluisHere } from '../support/command-line.ts';
import { commandScene } from '../support/command-scene.ts';
import { type TestGateway, addressOf, loginOf } from '../support/gateway.ts';
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

test('set --from warns once for each kind of conflict, with how many have it, and before anything changes', async (t) => {
  const scene = await commandScene(t, { accounts: ['anna', 'bert', 'carl'] });
  const carl = addressOf('carl');
  await scene.done('account', 'set', bert, 'open=yes');
  const file = scene.at('settings.csv');
  const header = 'account,encrypt,open,keep-uncollected,tell-sender-after,rhythm';
  // What one setting says beside what was set before, what a line takes back, and a conflict of two
  // lines with other numbers.
  writeFileSync(
    file,
    `${header}\n${bert},required,,7,30,0\n${carl},when-possible,yes,8,40,0\n${anna},when-possible,default,,,\n`,
  );
  const set = ['account', 'set', '--from', file];
  const warned = [
    `Warning: encrypt=required has no effect beside open=yes: `,
    `Warning: nobody hears that a message waits before it ends: keep-uncollected=7 days, `,
  ];
  for (const extra of [['--dry-run'], []]) {
    const done = await scene.run(...set, ...extra);
    assert.equal(done.code, 0, done.stderr);
    const lines = done.stderr.split('\n').filter((line) => line.startsWith('Warning: '));
    assert.equal(lines.length, warned.length, done.stderr);
    for (const [i, line] of lines.entries()) {
      assert.ok(line.startsWith(warned[i] ?? '?'), line);
      assert.ok(line.endsWith(` (2 accounts, the first is ${bert}).`), line);
    }
  }
  writeFileSync(file, `account,quota\n${bert},3GiB\n`);
  assert.deepEqual((await scene.json<{ warnings: readonly string[] }>(...set)).warnings, [], 'nothing that conflicts');
  writeFileSync(file, `account,encrypt\n${anna},required\n`);
  assert.match(
    (await scene.run(...set)).stderr,
    /^Warning: encrypt=required cannot be kept .* \(1 account, the first/m,
  );
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
  assert.match(await byDoctor(scene.gateway), /^Warning: encrypt=required is set, and cannot be kept/m);
  const own = gatewayDoctor(scene.gateway.config, {
    ...{ store: scene.gateway.store, clock: systemClock, log, portOf: () => undefined, stuck: () => 0 },
    keys: { gatewayKeyProblem: () => Promise.resolve('none') },
    certificates: scene.gateway.admin.certificates,
  });
  await own.run();
  assert.deepEqual(
    own.state.findings.filter(({ id }) => id === 'gateway-key').map(({ severity }) => severity),
    ['warning'],
  );

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

/**
 * What `doctor` says of the gateway that runs, by its first listener alone: probing each one takes
 * seconds.
 */
async function byDoctor({ folder, config, listeners }: TestGateway): Promise<string> {
  const [{ spec, port } = assert.fail('no listener')] = listeners;
  const file = join(folder, 'one-listener.toml');
  const parts = readFileSync(config.file, 'utf8').split(/^(?=\[)/m);
  const kept = parts.filter((part) => !part.startsWith('[[listener]]') || part.includes(`name = "${spec.name}"`));
  const text = kept.map((part) => part.replace(/^port = 0/m, `port = ${port}`)).join('');
  writeFileSync(file, text);
  const { stdout, stderr } = await sluisHere(['doctor', '--config', file]);
  return stdout + stderr;
}
