/** `second-person = ["address-move"]`: nobody moves addresses or accounts alone. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { AuditRowView } from '../../src/commands/audit/list.ts';
import { makeOperatorKey } from '../../src/crypto/trail/operator-key.ts';
import { type Ran, sluisHere } from '../support/command-line.ts';
import { addressOf, startTestGateway } from '../support/gateway.ts';

const [anna, bert] = [addressOf('anna'), addressOf('bert')];
const PASSPHRASE = 'four words make one';

test('two operators sign for a move of an address and of an account; both stand in the trail, and a plan needs nobody', async (t) => {
  const gateway = await startTestGateway({
    accounts: ['anna', 'bert'],
    configuration: '[operators]\nsecond-person = ["address-move"]',
  });
  t.after(() => gateway.remove());
  const at = (name: string): string => join(gateway.folder, name);
  const run = (...args: string[]): Promise<Ran> => sluisHere([...args, '--config', gateway.config.file], 'yes\n');
  const done = async (...args: string[]): Promise<string> => {
    const ran = await run(...args);
    assert.equal(ran.code, 0, `${args.join(' ')}: ${ran.stderr}`);
    return ran.stdout;
  };
  writeFileSync(at('passphrase'), `${PASSPHRASE}\n`);
  for (const name of ['jan', 'piet']) {
    const { sealed, publicKey } = makeOperatorKey(PASSPHRASE);
    writeFileSync(at(`${name}.pem`), sealed, { mode: 0o600 });
    writeFileSync(at(`${name}.pub`), publicKey);
    await done('operator', 'add', name, '--public-key', at(`${name}.pub`), '--reason', 'team');
  }
  await done('organisation', 'add', 'zuid', '--title', 'Zorggroep Zuid');
  const whose = async (address: string): Promise<string> =>
    (await gateway.store.registry.listAddresses({ limit: 10 })).find((a) => a.address === address)?.login ?? '';

  const today = new Date().toISOString();
  for (const { command, other, before, moved, event } of [
    {
      command: ['address', 'move', bert, '--to-account', anna],
      other: ['address', 'move', anna, '--to-account', bert],
      before: async () => (await whose(bert)) === bert,
      moved: async () => (await whose(bert)) === anna,
      event: 'registry.address-moved',
    },
    {
      command: ['account', 'move', anna, '--organisation', 'zuid', '--from', today],
      other: ['account', 'move', bert, '--organisation', 'zuid', '--from', today],
      before: async () => (await gateway.store.registry.findAccount(anna))?.organisation === 'group',
      moved: async () => (await gateway.store.registry.findAccount(anna))?.organisation === 'zuid',
      event: 'registry.account-moved',
    },
  ]) {
    const because = ['--reason', 'merge'];
    // A look needs nobody else.
    assert.match(
      await done(...command, '--dry-run'),
      /^Nothing was done\. Account anna@|would move\. Nothing was changed\.$/m,
    );
    assert.equal(await before(), true);
    const without = await run(...command);
    assert.deepEqual([without.code, without.stderr.includes('without a reason')], [2, true], without.stderr);
    const asked = await run(...command, ...because);
    assert.equal(asked.code, 8, asked.stderr);
    const id = /--approval ([A-Z2-7]{4}-[A-Z2-7]{4})/.exec(asked.stderr)?.[1] ?? '';
    const sign = (who: string): Promise<string> =>
      done('approve', id, '--key', at(`${who}.pem`), '--passphrase-file', at('passphrase'));
    await sign('jan');
    const alone = await run(...command, ...because, '--approval', id);
    assert.deepEqual([alone.code, await before()], [8, true], alone.stderr);
    await sign('piet');
    const wrong = await run(...other, ...because, '--approval', id);
    assert.match(wrong.stderr, /the input is another one than was approved/);
    assert.equal(await before(), true);
    await done(...command, ...because, '--approval', id);
    assert.equal(await moved(), true);
    const again = await run(...command, ...because, '--approval', id);
    assert.match(again.stderr, /an approval serves once/);
    const rows = JSON.parse(await done('audit', 'list', '--event', event, '--json')) as AuditRowView[];
    assert.deepEqual([rows[0]?.facts.actor, rows[0]?.facts.reason], ['jan, approved by piet', 'merge']);
  }
});
