/**
 * Settings in the console: what the file decides is looked at, what the registry decides is
 * changed.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { runOperation } from '../../src/admin/operations.ts';
import { addressKey } from '../../src/domain/address.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { operator, startConsole } from '../support/console.ts';
import { addressOf } from '../support/gateway.ts';

const CANARY = 'CANARY-a7f3';

test('the page of settings has each with its help, is narrowed, and shows no secret', async (t) => {
  const console = await startConsole(t, {
    accounts: ['anna'],
    configuration: `[audit]\nanchor-command = ["/bin/true", "--token", "${CANARY}"]\n[connections]\ntotal = 3999`,
  });
  const { browser } = await console.loggedIn('els', 'read');
  const first = await browser.get('/settings?insection=connections');
  assert.equal(first.status, 200);
  assert.match(first.body, /<code>connections\.total<\/code> <span class="state warn">differs<\/span>/);
  assert.match(first.body, /<h2>connections<\/h2><p lang="en">Limits on open connections/);
  assert.match(first.body, /sluis check --config \/[^<]*sluis\.toml/);
  assert(first.body.length < 60_000, String(first.body.length));
  const changed = await browser.get('/settings?inchanged=yes');
  assert.match(changed.body, /audit\.anchor-command/);
  assert.doesNotMatch(changed.body, /smtp\.max-message/);
  const found = await browser.get('/settings?inlike=base64&insection=smtp');
  assert.match(found.body, /<code>smtp\.max-message<\/code>[\s\S]*<code>&quot;50MB&quot;<\/code>[\s\S]*restart/);
  assert.doesNotMatch(found.body, /smtp\.login-time/);
  const file = await browser.get('/settings.csv');
  assert.match(file.body, /\/bin\/true/);
  const key = readFileSync(console.gateway.config.keys['master-key-file'] ?? '', 'utf8').trim();
  const sizes: number[] = [];
  for (let path: string | undefined = '/settings'; path !== undefined;) {
    const { body } = await browser.get(path);
    assert(!body.includes(CANARY) && !body.includes(key), path);
    sizes.push(body.length);
    [, path] = /rel="next" href="([^"]+)"/.exec(body) ?? [];
  }
  assert(sizes.length > 4 && Math.max(...sizes) < 60_000, sizes.join(' '));
  assert(!file.body.includes(CANARY) && !file.body.includes(key));
  await browser.post('/language', { to: 'nl' });
  assert.match((await browser.get('/settings?insection=connections')).body, /herladen/);
});

test('what holds is shown, not what the file has come to say: a reload takes what it can', async (t) => {
  const console = await startConsole(t, { configuration: '[connections]\ntotal = 3999' });
  const { config, admin, log } = console.gateway;
  const text = readFileSync(config.file, 'utf8');
  writeFileSync(config.file, text.replace('total = 3999', 'total = 3888'));
  const { browser } = await console.loggedIn('els', 'read');
  const total = async (): Promise<string | undefined> =>
    /connections\.total<\/code>.*?<td><code>(\d+)<\/code>/.exec(
      (await browser.get('/settings?inlike=total')).body,
    )?.[1];
  assert.equal(await total(), '3999');
  const call = { actor: operator, who: OWNER_SAID, progress: () => undefined };
  await runOperation('gateway.reload', admin, {}, call, log);
  assert.equal(await total(), '3888');
});

test('what the registry decides is listed with its help, and set for an organisation, an account and an address', async (t) => {
  const console = await startConsole(t, { accounts: ['anna'] });
  const { store } = console.gateway;
  const { browser } = await console.loggedIn('jan', 'registry');
  const listed = await browser.get('/registered-settings');
  assert.match(listed.body, /<code>max-message<\/code>/);
  assert(listed.body.length < 60_000, String(listed.body.length));
  const { organisation = '' } = (await store.registry.findAccount(addressOf('anna'))) ?? {};
  for (const path of [
    `/organisations/${organisation}`,
    `/accounts/${encodeURIComponent(addressOf('anna'))}`,
    `/addresses/${encodeURIComponent(addressOf('anna'))}`,
  ]) {
    const at = `${path}/settings`;
    const form = { ...(await browser.get(at)).form(at), reason: 'ticket 3', caller: 'own' };
    const wrong = await browser.post(at, { ...form, insettings: 'max-message=much' });
    assert.equal(wrong.status, 422);
    assert.match(wrong.body, /max-message=much<\/textarea>/);
    const done = await browser.post(at, { ...form, insettings: 'max-message=10MiB\n' });
    assert.equal(done.status, 303, done.body);
    assert.match((await browser.get(done.to ?? '')).body, /The settings were changed/);
  }
  const found = await store.registry.findRecipient(addressKey(addressOf('anna')));
  for (const one of [found?.organisation, found?.account, found?.address])
    assert.equal(one?.settings['max-message'], 10_485_760);
  // Who only looks is offered none of it.
  const { browser: reader } = await console.loggedIn('els', 'support');
  assert.doesNotMatch((await reader.get('/addresses')).body, /\/settings"/);
});
