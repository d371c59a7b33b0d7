/** Search: whatever a caller reads out leads there, and only those who may see mail find any. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Input } from '../../src/admin/input.ts';
import { type OperationName, runOperation } from '../../src/admin/operations.ts';
import { certificatePem } from '../../src/crypto/certificates/certificate.ts';
import { OWNER_SAID } from '../../src/domain/roles.ts';
import { makeClientAuthority } from '../support/client-certificates.ts';
import { startConsole } from '../support/console.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { send } from '../support/mail.ts';

const EDI = "UNB+UNOA:1+500000001+500000002+241124:1037+REF4711'UNH+1+MEDLAB:1'UNT+2+1'UNZ+1+REF4711'";
const content = (id: string, edi = ''): string =>
  [
    `From: ${addressOf('anna')}`,
    `Message-ID: <${id}>`,
    'MIME-Version: 1.0',
    'Content-Type: application/edifact',
    '',
    edi,
    '',
  ].join('\r\n');

test('search leads straight to what a caller reads out: a message, a reference, a telephone number, a certificate', async (t) => {
  const console = await startConsole(t, { accounts: ['anna', 'bram'] });
  const { gateway } = console;
  const call = { actor: { name: 'test', reason: 'test' }, who: OWNER_SAID, progress: () => undefined };
  const run = async (name: OperationName, input: Input): Promise<unknown> =>
    await runOperation(name, gateway.admin, input, call, gateway.log);
  await run('organisation.add', { name: 'oost', title: 'Huisartsen Oost', telephone: '+31 (0)20-123 45 67', post: [] });
  await run('organisation.add', { name: 'oost-2', title: 'Huisartsen Oost, dependance', post: [] });
  const one = { from: addressOf('anna'), to: [addressOf('bram')] };
  const submit = (given: string): Promise<string> =>
    send(gateway.target('submission'), loginOf('anna'), { ...one, content: given });
  const lab = await submit(content('uitslag-1@his.example', EDI));
  const [first, second] = [
    await submit(content('twice@his.example', 'a')),
    await submit(content('twice@his.example', 'b')),
  ];
  const authority = await makeClientAuthority('search');
  const { leaf } = await authority.issue('anna');
  await run('account.certificate.add', { login: addressOf('anna'), name: 'pc', pem: certificatePem(leaf) });
  const { browser } = await console.loggedIn('els', 'support');
  const goes = async (q: string): Promise<string | undefined> =>
    (await browser.get(`/search?q=${encodeURIComponent(q)}`)).to;
  assert.equal(await goes(lab), `/messages/${lab}`);
  assert.equal(await goes(` ${lab.toUpperCase()} `), `/messages/${lab}`);
  assert.equal(await goes('uitslag-1@his.example'), `/messages/${lab}`);
  assert.equal(await goes('<uitslag-1@his.example>'), `/messages/${lab}`);
  assert.equal(await goes('REF4711'), `/messages/${lab}`);
  assert.equal(await goes('020 1234567'), '/organisations/oost');
  assert.equal(await goes('OOST'), '/organisations/oost', 'the whole name means that one');
  assert.equal(await goes(leaf.fingerprint), `/certificates/${leaf.fingerprint}`);
  assert.equal(
    await goes(leaf.fingerprint.toUpperCase().replace(/..(?!$)/g, '$&:')),
    `/certificates/${leaf.fingerprint}`,
  );
  const several = await browser.get('/search?q=twice%40his.example');
  assert.equal(several.status, 200);
  for (const id of [first, second]) assert.match(several.body, new RegExp(`href="/messages/${id}"`));
  const byTitle = await browser.get('/search?q=huisartsen');
  assert.match(byTitle.body, /organisations\/oost".*Huisartsen Oost.*organisations\/oost-2"/s);
  assert.match((await browser.get('/search?q=REF4712')).body, /Nothing was found/);
  // Whoever may not see who mailed with whom is not refused each time either: nothing is asked.
  const { browser: reader } = await console.loggedIn('jan', 'read');
  for (const q of [lab, 'uitslag-1@his.example', 'REF4711'])
    assert.match((await reader.get(`/search?q=${encodeURIComponent(q)}`)).body, /Nothing was found/);
  const rows = await gateway.store.audit.read({ limit: 1000 });
  assert.deepEqual(
    rows.filter(({ facts }) => facts?.why === 'forbidden'),
    [],
  );
});
