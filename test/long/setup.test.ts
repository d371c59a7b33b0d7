/**
 * Thunderbird sets itself up from address and password alone, by what it finds at the gateway, and
 * shows nobody the password but the mailbox.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { freePorts } from '../support/instance.ts';
import { send } from '../support/mail.ts';
import { withoutProgram } from '../support/require.ts';
import { Scrape } from '../support/scrape.ts';
import { startSelfService } from '../support/self-service.ts';
import { until } from '../support/until.ts';
import { trusting } from '../support/wire.ts';
import { Thunderbird } from './thunderbird.ts';

const options = { skip: withoutProgram('thunderbird', 'thunderbird'), timeout: 180_000 };
const HOSTS = ['mail.test', 'group.test', 'autoconfig.group.test', 'autodiscover.group.test'];

test('Thunderbird finds its settings from the address, logs in, and fetches and sends by them', options, async (t) => {
  const { ca, server } = await makeDevelopmentCertificates(HOSTS, systemClock.now());
  const ports = await freePorts();
  const configuration = '[setup]\ndomains = ["group.test"]\n';
  const { gateway, port } = await startSelfService(t, {
    ...{ accounts: ['bram'], certificates: [server], configuration, ports },
  });
  const home = mkdtempSync(join(tmpdir(), 'sluis-setup-'));
  t.after(() => rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));
  const thunderbird = await Thunderbird.start(home, HOSTS, port);
  t.after(() => thunderbird.stop());
  const person = { address: addressOf('anna'), password: loginOf('anna').password, name: 'Anna', ca: ca.certificate };
  const made = await thunderbird.setItselfUp(person);
  const at = (of: number) => ({ host: 'mail.test', port: of, tls: 'implicit', user: addressOf('anna') });
  assert.deepEqual(made, { address: addressOf('anna'), servers: [at(ports.pop3s), at(ports.submissions)] });

  const asked = async (form: string, outcome: string): Promise<number> =>
    (await Scrape.of(gateway)).value('sluis_setup_questions_total', { form, outcome }) ?? 0;
  assert.ok((await asked('autoconfig', 'given')) > 0);
  // It knows the password now, and would answer a 401 with it.
  await until('it has looked for an address book and a calendar', async () => (await asked('dav', 'none')) >= 4);

  const target = { ...gateway.target('submissions'), context: trusting(ca.certificate) };
  const content = Buffer.from(
    `From: <${addressOf('bram')}>\r\nTo: <${addressOf('anna')}>\r\nSubject: uitslag-1\r\n\r\nThe result is in.\r\n`,
  );
  await send(target, loginOf('bram'), { from: addressOf('bram'), to: [addressOf('anna')], content });
  assert.deepEqual(await thunderbird.fetch(), ['uitslag-1']);
  assert.deepEqual(await thunderbird.send({ to: addressOf('bram'), subject: 'Back', body: 'x' }), { sent: true });
});
