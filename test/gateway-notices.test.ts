/** What senders, owners and the operator are told by a running gateway: over real SMTP and POP3, as their programs see it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { days, hours, instant } from '../src/domain/units.ts';
import { type TestGateway, type TestGatewayOptions, addressOf, loginOf, startTestGateway } from './support/gateway.ts';
import { type Sending, fetchAll, send, subjectsOf } from './support/mail.ts';

const actor = { name: 'test' };

interface Opened extends TestGateway {
  /** From anna to bram where nothing else is said. */
  submit(more?: Partial<Sending>, by?: string): Promise<string>;
  fetch(name: string, how?: 'quit' | 'delete' | 'drop'): Promise<string[]>;
}

async function open(t: TestContext, options: TestGatewayOptions = {}): Promise<Opened> {
  const gateway = await startTestGateway({ accounts: ['anna', 'bram', 'carl'], ...options });
  t.after(() => gateway.remove());
  return {
    ...gateway,
    submit: (more = {}, by = 'anna') =>
      send(gateway.target('submission'), loginOf(by), {
        from: addressOf(by),
        to: [addressOf('bram')],
        content: contentOf(by),
        ...more,
      }),
    fetch: (name, how) => fetchAll(gateway.target('pop3s'), loginOf(name), how),
  };
}

let count = 0;
function contentOf(by: string, ...fields: string[]): string {
  count += 1;
  return [
    `From: ${addressOf(by)}`,
    `To: ${addressOf('bram')}`,
    `Subject: uitslag ${count}`,
    'Date: Wed, 25 Nov 2026 12:00:00 +0000',
    `Message-ID: <uitslag-${count}@group.test>`,
    ...fields,
    '',
    'Body.',
    '',
  ].join('\r\n');
}

test('NOTIFY=SUCCESS is answered at once: the message stands in the mailbox', async (t) => {
  const gateway = await open(t);
  const id = await gateway.submit({
    parameters: 'RET=FULL ENVID=order+2B7',
    to: [
      [addressOf('bram'), 'NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Bram@group.test'],
      [addressOf('carl'), 'NOTIFY=FAILURE'],
    ],
  });
  const [notice = '', ...others] = await gateway.fetch('anna');
  assert.deepEqual(others, []);
  assert.match(notice, /^Subject: Bezorgd: uw bericht aan bram@group\.test\r$/m);
  assert.match(notice, /^Original-Envelope-Id: order\+7\r$/m);
  assert.match(
    notice,
    /^Original-Recipient: rfc822; Bram@group\.test\r\nFinal-Recipient: rfc822; bram@group\.test\r\nAction: delivered\r\nStatus: 2\.0\.0\r$/m,
  );
  assert.doesNotMatch(notice, /carl@group\.test\r\nAction/);
  // RFC 3461 section 6.2: of a message that arrived only the header comes back, whatever RET says.
  assert.match(notice, new RegExp(`text/rfc822-headers\\r\\n\\r\\nReceived: [^]*id ${id}`));
  assert.doesNotMatch(notice, /^Body\.\r$/m);
  assert.equal((await gateway.fetch('bram')).length, 1);
  assert.deepEqual(await gateway.fetch('anna'), [], 'fetching is another thing, and was not asked about');
});

test('the sender hears that an addressee is away, once a day, and the substitute has the message', async (t) => {
  const gateway = await open(t);
  const { registry } = gateway.store;
  await registry.setConsent(addressOf('carl'), addressOf('bram'), true, actor);
  const now = Date.now();
  await registry.addAbsences(
    [
      {
        ...{ address: addressOf('bram'), from: instant(now - hours(1)), until: instant(now + days(2)) },
        ...{ mode: 'substitute', substitute: addressOf('carl') },
      },
    ],
    actor,
  );
  for (let i = 0; i < 3; i += 1) await gateway.submit();
  await gateway.submit({ to: [[addressOf('bram'), 'NOTIFY=NEVER']] });
  assert.equal((await gateway.fetch('carl')).length, 4);
  assert.deepEqual(await gateway.fetch('bram'), []);
  assert.deepEqual(subjectsOf(await gateway.fetch('anna')), ['Afwezig, naar de waarnemer: bram@group.test']);
  const content = contentOf('anna', 'Content-Type: application/pkcs7-mime; smime-type=enveloped-data');
  await gateway.submit({ content });
  assert.deepEqual(subjectsOf(await gateway.fetch('anna')), ['Afwezig, uw bericht wacht: bram@group.test']);
  assert.equal((await gateway.fetch('bram')).length, 1);
});
