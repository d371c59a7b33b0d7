/**
 * Exemptions from scanning in the console: asked for by one person, decided by another with a
 * passkey, ended by one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ediExemptions } from '../../src/domain/scan-exemption.ts';
import { addressOf } from '../support/gateway.ts';
import { LeapingClock, startConsole } from '../support/console.ts';

const ANNA = addressOf('anna');
const SETTINGS =
  '[operators]\nsecond-person = ["scan-exempt"]\n[auth]\nexempt-networks = ["127.0.0.0/8"]\nrefusal-grid = "0s"';

test('an interchange is exempt once a colleague has approved it with a passkey; the page of the account shows it, and one person ends it', async (t) => {
  const { gateway, loggedIn } = await startConsole(t, {
    accounts: ['anna'],
    configuration: SETTINGS,
    clock: new LeapingClock(),
  });
  const exemptions = async () => ediExemptions((await gateway.store.registry.findLogin(ANNA))!.account.settings);
  const jan = await loggedIn('jan', 'security');
  const els = await loggedIn('els', 'owner');
  const page = `/accounts/${encodeURIComponent(ANNA)}`;
  const [add, end] = [`${page}/scan-exempt`, `${page}/scan-exempt-end`];
  const before = (await jan.browser.get(page)).body;
  assert.match(before, /\/scan-exempt"/);
  assert.doesNotMatch(before, /\/scan-exempt-end"|Not scanned for malware/, 'nothing is exempt yet');

  const given = {
    inedifrom: '500123456:ZZ',
    inedito: '',
    inends: '2099-12-31',
    reason: 'false alarms',
    caller: 'called',
  };
  const asked = await jan.browser.post(add, { ...(await jan.browser.get(add)).form(add), ...given });
  const path = /href="(\/approvals\/[^"]+)"/.exec(asked.body)?.[1] ?? '';
  assert.match(asked.body, /waits for a second person/, asked.body);
  assert.deepEqual(await exemptions(), [], 'one person is not enough');

  const decide = `${path}/decide`;
  const answers = { reason: 'called jan', caller: 'called', verdict: 'approved' };
  const shown = await els.browser.post(decide, { ...(await els.browser.get(path)).form(decide), ...answers });
  assert.match(shown.body, /500123456:ZZ/, 'the colleague sees what is asked for');
  const signed = { ...shown.form(decide), credential: els.passkey.get(shown.options) };
  assert.equal((await els.browser.post(decide, signed)).to, `${path}?done=approved`);
  const [, token = ''] = /name="token" value="([^"]+)"/.exec((await jan.browser.get(path)).body) ?? [];
  assert.match((await jan.browser.post(`${path}/run`, { token })).body, /It was done/);
  assert.deepEqual(
    (await exemptions()).map(({ from, to }) => [from, to]),
    [['500123456:ZZ', '']],
  );
  assert.match((await jan.browser.get(page)).body, /Not scanned for malware[\s\S]*interchanges of 500123456:ZZ/);
  const [row] = (await gateway.store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'scan.exempted');
  assert.match(String(row?.personal?.actor), /jan.*els|els.*jan/);

  const form = (await jan.browser.get(end)).form(end);
  const ended = await jan.browser.post(end, {
    ...form,
    inedifrom: '500123456:ZZ',
    reason: 'ClamAV is right again',
    caller: 'called',
  });
  assert.equal(ended.status, 303, ended.body);
  assert.deepEqual(await exemptions(), []);
  assert.doesNotMatch((await jan.browser.get(page)).body, /\/scan-exempt-end"/);
});
