/**
 * What the statement counts and reads, on a store and a gateway: its sentences are held in
 * `commands/statement`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { countGroup } from '../../src/commands/statement/group.ts';
import { makeAppPassword } from '../../src/crypto/passwords/app-password.ts';
import { commandsOn } from '../support/command-line.ts';
import { startTestGateway } from '../support/gateway.ts';
import { openTestStore } from '../support/store.ts';

const actor = { name: 'test' };

test('the group is counted: active accounts, by what each can log in with, and whose they are', async (t) => {
  const { store, clock } = await openTestStore(t);
  const { registry } = store;
  for (const name of ['een', 'twee', 'leeg'])
    await registry.addOrganisation({ name, title: name, language: 'nl' }, actor);
  const password = { name: 'first', hash: 'h' };
  const add = async (login: string, organisation: string, more: object): Promise<void> => {
    await registry.addAccount({ login, organisation, kind: 'mail', addresses: [], ...more }, actor);
  };
  await add('anna', 'een', { password });
  await add('bert', 'een', { password });
  await add('carl', 'twee', { password });
  await add('dirk', 'twee', {});
  await registry.addAppPassword('carl', { ...makeAppPassword(), name: 'program', scope: 'both' }, actor);
  await registry.changeSettings({ scope: 'account', login: 'bert' }, { login: 'both' }, actor);
  const means = { password: 2, certificate: 0, either: 0, both: 0, none: 2 };
  const counted = { organisations: 2, accounts: 4, means, programs: 1 };
  // The operator's own postmaster, which nobody can log in with, is no member.
  assert.deepEqual(await countGroup(registry, clock.now(), 'een'), { ...counted, ofOrganisation: 2 });
  // Who is suspended is no active account, and an organisation without one is not counted.
  await registry.setAccountState('carl', 'suspended', actor);
  await registry.setAccountState('dirk', 'suspended', actor);
  assert.deepEqual(await countGroup(registry, clock.now()), {
    ...{ organisations: 1, accounts: 2, programs: 0 },
    means: { ...means, password: 1, none: 1 },
  });
});

test('what the statement says of roles, retention and backups is what the gateway has', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-counted-'));
  const gateway = await startTestGateway({
    accounts: ['anna'],
    configuration:
      '[store]\nkeep-trace = "33d"\n[delivery]\nkeep-held = "21d"\n[audit]\nkeep-access = "2000d"\n[backup]\nfolder = "backups"\nkeep-for = "44d"\n',
  });
  t.after(async () => {
    await gateway.remove();
    rmSync(folder, { recursive: true, force: true });
  });
  const { done } = commandsOn(() => gateway.config.file);
  const { operators } = gateway.store;
  await operators.add({ name: 'karin', role: 'support' }, actor);
  await operators.add({ name: 'joost', role: 'security' }, actor);
  await operators.end('joost', actor);
  await done('backup', 'take');
  await done('statement', '--language', 'en', '--out', join(folder, 'statement'));
  const text = readFileSync(join(folder, 'statement', 'statement.txt'), 'utf8');
  const today = new Date().toISOString().slice(0, 10);
  for (const sentence of [
    'Only members mail here. Active accounts: 1. Organisations: 1.',
    'Operators with a name and a role of their own: 1. Looking only: 0. Helpdesk: 1. Managing accounts and organisations: 0. Certificates and trail: 0. Everything: 0.',
    'Who sent what to whom, once the content is gone: 33 days.',
    'A held message: 21 days.',
    'Who logged in and from where, in the trail: 2000 days.',
    'A deleted message: 14 days.',
    'A backup: 44 days.',
    `The newest backup is of ${today}.`,
  ])
    assert.ok(text.includes(`- ${sentence}`), `${sentence}\n${text}`);
});
