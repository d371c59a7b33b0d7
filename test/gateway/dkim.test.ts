/**
 * DKIM in a whole gateway: a key that cannot be used keeps it from starting, mail is signed on its
 * way out, and waits where it cannot be.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { dkimFile, makeDkimKey } from '../../src/crypto/dkim/dkim-keys.ts';
import { Unusable } from '../../src/domain/unusable.ts';
import { testCertificates } from '../support/certificates.ts';
import { sluisHere } from '../support/command-line.ts';
import { addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { addTestPartner } from '../support/push.ts';
import { Scrape } from '../support/scrape.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';

const certificates = await testCertificates();
const CONFIGURATION = '[delivery]\ndkim-keys = "dkim"\n';

const withKeys = (keys: Readonly<Record<string, string>>) => (folder: string) => {
  mkdirSync(join(folder, 'dkim'));
  for (const [name, pem] of Object.entries(keys)) writeFileSync(join(folder, 'dkim', name), pem, { mode: 0o600 });
};

test('a key that cannot be used keeps the gateway from starting, and check says which', async (t) => {
  const bad = {
    accounts: [],
    configuration: CONFIGURATION,
    prepare: withKeys({ [dkimFile('s', 'mail.test')]: 'no key' }),
  };
  await assert.rejects(
    startTestGateway(bad),
    (error: unknown) =>
      error instanceof Unusable && /Cannot use the DKIM key ".*s\._domainkey\.mail\.test\.pem"/.test(error.message),
  );
  const gateway = await startTestGateway({ configuration: CONFIGURATION, prepare: withKeys({}) });
  t.after(() => gateway.remove());
  writeFileSync(join(gateway.folder, 'dkim', dkimFile('s', 'mail.test')), 'no key', { mode: 0o600 });
  const said = await sluisHere(['check', '--config', gateway.config.file]);
  assert.equal(said.code, 5);
  assert.match(said.stderr, /Cannot use the DKIM key ".*mail\.test\.pem": it is not a private key/);
});

async function pushing(t: TestContext, keys: Readonly<Record<string, string>>) {
  const partner = await ScriptedPartner.start(certificates.server);
  t.after(() => partner.stop());
  const gateway = await startTestGateway({ accounts: ['anna'], configuration: CONFIGURATION, prepare: withKeys(keys) });
  t.after(() => gateway.remove());
  const { store } = gateway;
  await addTestPartner(store, 'umc', {
    ...{ host: '127.0.0.1', port: partner.port, connections: 1, dkim: true },
    tls: 'implicit',
    authorities: certificates.ca.certificate,
  });
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  await client.submit(
    addressOf('anna'),
    ['ward@umc.test'],
    Buffer.from(`From: <${addressOf('anna')}>\r\n\r\nUitslag\r\n`),
  );
  client.wire.destroy();
  return { gateway, partner };
}

test('mail for a partner who wants it leaves signed, and is counted', async (t) => {
  const { gateway, partner } = await pushing(t, {
    [dkimFile('e', 'mail.test')]: await makeDkimKey('ed25519'),
    [dkimFile('r', 'group.test')]: await makeDkimKey('rsa2048'),
  });
  await until('it was taken', () => partner.taken.length === 1);
  // By the domain of From, not by that of the gateway.
  assert.match(
    partner.taken[0]?.content.toString() ?? '',
    /^DKIM-Signature: v=1; a=rsa-sha256; c=relaxed\/relaxed; d=group\.test; s=r;/,
  );
  const scrape = await Scrape.of(gateway);
  assert.equal(scrape.value('sluis_dkim_signatures_total', { algorithm: 'rsa-sha256' }), 1);
});

test('where no key is for the name of the gateway nothing leaves, and the operator reads why', async (t) => {
  const { gateway, partner } = await pushing(t, { [dkimFile('r', 'praktijk.test')]: await makeDkimKey('ed25519') });
  const why = async (): Promise<string> =>
    (await sluisHere(['status', '--json', '--config', gateway.config.file])).stdout;
  await until('it is paused', async () => (await why()).includes('delivery.dkim-keys'), 10_000, 50);
  assert.equal(partner.connections, 0);
});
