/**
 * `sluis scan exempt`: nobody exempts an account from scanning alone, whatever the configuration
 * says; one person is enough to end it.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import { makeOperatorKey } from '../../src/crypto/trail/operator-key.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { addressOf, startTestGateway } from '../support/gateway.ts';
import type { Cleanup } from '../support/store.ts';

const anna = addressOf('anna');
const PASSPHRASE = 'four words make one';

async function started(t: Cleanup, configuration: string) {
  const gateway = await startTestGateway({ accounts: ['anna'], configuration });
  t.after(() => gateway.remove());
  const run = (...args: string[]): Promise<Ran> => sluisHere([...args, '--config', gateway.config.file], 'yes\n');
  const done = async (...args: string[]): Promise<string> => {
    const ran = await run(...args);
    assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  };
  return { gateway, run, done };
}

test('where the configuration does not ask for two people, nobody is exempt, and no setting makes it so', async (t) => {
  const { gateway, run, done } = await started(t, '');
  const alone = await run('scan', 'exempt', 'add', anna, '--reason', 'false alarms');
  assert.notEqual(alone.code, 0);
  assert.match(alone.stderr, /takes two people, and operators\.second-person does not have "scan-exempt"/);
  assert.match((await run('account', 'set', anna, 'scan-exempt=0')).stderr, /"scan-exempt" is not a setting/);
  const { registry } = gateway.store;
  const target = { scope: 'account', login: anna } as const;
  const actor = { name: 'jan' };
  await assert.rejects(registry.changeSettings(target, { 'scan-exempt': 0 }, actor), /is not a setting/);
  const many = [{ target, changes: { 'scan-exempt': 0 } }];
  await assert.rejects(registry.changeManySettings(many, actor), /is not a setting/);
  assert.equal(await done('scan', 'exempt', 'list'), 'No account is exempt from scanning.\n');
});

test('two operators exempt an account; both stand in the trail with the reason; it is shown and warned of; one ends it', async (t) => {
  const { gateway, run, done } = await started(t, '[operators]\nsecond-person = ["scan-exempt"]');
  const at = (name: string): string => join(gateway.folder, name);
  writeFileSync(at('passphrase'), `${PASSPHRASE}\n`);
  for (const name of ['jan', 'piet']) {
    const { sealed, publicKey } = makeOperatorKey(PASSPHRASE);
    writeFileSync(at(`${name}.pem`), sealed, { mode: 0o600 });
    writeFileSync(at(`${name}.pub`), publicKey);
    await done('operator', 'add', name, '--public-key', at(`${name}.pub`), '--reason', 'team');
  }
  const add = ['scan', 'exempt', 'add', anna, '--reason', 'false alarms'];
  const sign = (who: string, id: string): Promise<string> =>
    done('approve', id, '--key', at(`${who}.pem`), '--passphrase-file', at('passphrase'));
  const approved = async (...more: string[]): Promise<void> => {
    const asked = await run(...add, ...more);
    assert.equal(asked.code, 8, asked.stderr);
    const id = /--approval ([A-Z2-7]{4}-[A-Z2-7]{4})/.exec(asked.stderr)?.[1] ?? '';
    await sign('jan', id);
    assert.equal((await run(...add, ...more, '--approval', id)).code, 8, 'one signature is not enough');
    await sign('piet', id);
    await done(...add, ...more, '--approval', id);
  };
  const findings = async (): Promise<boolean> =>
    (await run('check')).stdout.includes('exempt from scanning without an end');

  await approved();
  assert.match(await done('account', 'show', anna), /^Malware scanning: +exempt until it is ended$/m);
  assert.equal(await findings(), true);
  const listed = JSON.parse(await done('scan', 'exempt', 'list', '--json')) as unknown;
  assert.deepEqual(listed, [{ login: anna, until: 'no end' }]);
  const rows = JSON.parse(await done('audit', 'list', '--event', 'scan.exempted', '--json')) as AuditRowView[];
  assert.equal(rows.length, 1);
  const [row] = rows.map(({ facts }) => facts);
  assert.match(String(row?.actor), /^(jan, approved by piet|piet, approved by jan)$/);
  assert.deepEqual([row?.reason, row?.until, row?.login], ['false alarms', 'no end', anna]);

  await approved('--ends', '2099-12-31');
  assert.match(await done('account', 'show', anna), /^Malware scanning: +exempt until 2099-12-31/m);
  assert.equal(await findings(), false, 'it has an end now');
  await done('scan', 'exempt', 'end', anna);
  assert.equal(await done('scan', 'exempt', 'list'), 'No account is exempt from scanning.\n');
  assert.doesNotMatch(await done('account', 'show', anna), /Malware scanning/);
  assert.match((await run('scan', 'exempt', 'end', anna)).stderr, /it has none/);

  const edi = ['--edi-from', '500123456:zz', '--ends', '2099-12-31'];
  await approved(...edi);
  await approved(...edi, '--edi-to', 'LAB');
  assert.match(
    await done('scan', 'exempt', 'list'),
    /^anna@\S+ +500123456:ZZ to anybody +2099-12-31.*\n^anna@\S+ +500123456:ZZ to LAB +2099-12-31/m,
  );
  assert.match(await done('account', 'show', anna), /^Unscanned interchanges: +of 500123456:ZZ to anybody until 2099/m);
  assert.equal(await findings(), false, 'each has an end');
  const facts = JSON.parse(await done('audit', 'list', '--event', 'scan.exempted', '--json')) as AuditRowView[];
  assert.deepEqual(
    facts
      .slice(-2)
      .map(({ facts: { ediFrom, ediTo, actor } }) => [ediFrom, ediTo, String(actor).includes('approved by')]),
    [
      ['500123456:ZZ', 'anybody', true],
      ['500123456:ZZ', 'LAB', true],
    ],
  );
  assert.match((await run('scan', 'exempt', 'end', anna)).stderr, /only interchanges of it are exempt; .* --edi-from /);
  await done('scan', 'exempt', 'end', anna, '--edi-from', '500123456:ZZ');
  assert.match((await run('scan', 'exempt', 'end', anna, '--edi-from', '5')).stderr, /it has none of these parties/);
  await done('scan', 'exempt', 'end', anna, '--edi-from', '500123456:ZZ', '--edi-to', 'lab');
  assert.equal(await done('scan', 'exempt', 'list'), 'No account is exempt from scanning.\n');
});
