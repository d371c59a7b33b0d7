/**
 * `second-person = ["code"]`: nobody holds a code alone that lets somebody in. What goes to a
 * contact by itself needs nobody else.
 */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { makeOperatorKey } from '../../src/crypto/trail/operator-key.ts';
import { commandScene } from '../support/command-scene.ts';
import { addressOf } from '../support/gateway.ts';

const [anna, bert] = [addressOf('anna'), addressOf('bert')];
const PASSPHRASE = 'four words make one';

test('two operators sign for a letter with a code, and for the code of a certificate', async (t) => {
  const scene = await commandScene(t, {
    accounts: ['anna', 'bert'],
    configuration: '[operators]\nsecond-person = ["code"]\n',
  });
  const { done, refused, at } = scene;
  writeFileSync(at('passphrase'), `${PASSPHRASE}\n`);
  for (const name of ['jan', 'piet']) {
    const { sealed, publicKey } = makeOperatorKey(PASSPHRASE);
    writeFileSync(at(`${name}.pem`), sealed, { mode: 0o600 });
    writeFileSync(at(`${name}.pub`), publicKey);
    await done('operator', 'add', name, '--public-key', at(`${name}.pub`), '--reason', 'team');
  }
  await done('organisation', 'change', 'group', '--contact', bert);
  await done('ca', 'init', '--name', 'Test');

  const letter = ['account', 'reset', anna, '--letter', at('letter.txt')];
  await done(...letter, '--dry-run');
  await done('account', 'reset', anna);
  await refused(2, /without a reason/, ...letter);
  for (const [command, code] of [
    [letter, () => readFileSync(at('letter.txt'), 'utf8')],
    [['cert', 'issue', '--account', anna, '--for', 'login', '--code'], undefined],
  ] as const) {
    const because = ['--reason', 'lost by telephone'];
    const asked = await refused(8, /needs a second person/, ...command, ...because);
    assert.ok(!existsSync(at('letter.txt')) || command !== letter, 'nothing is written before two have signed');
    const id = /--approval ([A-Z2-7]{4}-[A-Z2-7]{4})/.exec(asked)?.[1] ?? '';
    const sign = (who: string): Promise<string> =>
      done('approve', id, '--key', at(`${who}.pem`), '--passphrase-file', at('passphrase'), '--yes');
    await sign('jan');
    await refused(8, /two must/, ...command, ...because, '--approval', id);
    await sign('piet');
    const said = await done(...command, ...because, '--approval', id);
    assert.match(code?.() ?? said, /(?:[0-9a-z]{4}-){5}[0-9a-z]{4}/i);
    const rows = await scene.gateway.store.audit.read({ limit: 1000 });
    const by = rows.filter(({ personal }) => personal?.actor === 'jan, approved by piet').map(({ event }) => event);
    assert.ok(by.at(-1) !== undefined && by.at(-1) !== 'approval.used', by.join(' '));
  }
});
