/**
 * docs/roads.svg: the two roads of a message, as messages go them in a whole gateway; the words and
 * times that it shows are the gateway's own.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { makeDevelopmentCertificates } from '../../src/crypto/certificates/development-ca.ts';
import { hours } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { FakeClock } from '../support/clock.ts';
import { type TestGateway, addressOf, loginOf, startTestGateway } from '../support/gateway.ts';
import { fetchAll, send, subjectsOf } from '../support/mail.ts';
import { ScriptedPartner } from '../support/partner.ts';
import { addTestPartner } from '../support/push.ts';
import { SmtpClient } from '../support/smtp-client.ts';
import { until } from '../support/until.ts';
import { arrow, badArrow, badLine, box, drawing, label } from './drawing.ts';
import { holdPicture } from './held.ts';

interface Roads {
  /** What the gateway says behind the final dot, its id left out. */
  readonly accepted: string;
  /** How long it tries, and after how long it tells, in words: `5 days`. */
  readonly tries: string;
  readonly tells: string;
}

/** Where events of the trail stand in the picture, in the order in which they came. */
const STEPS = [
  ['TLS, login', 'login.granted'],
  ['refused, in the dialogue, with the reason', 'message.refused'],
  ['One commit', 'message.accepted'],
  ['Addressee', 'message.collected'],
  ['not now: again', 'delivery.delayed'],
  ['Partner', 'delivery.relayed'],
  ['refused for good: a notice, in the same commit', 'delivery.failed'],
] as const;

const roadsSvg = ({ accepted, tries, tells }: Roads): string =>
  drawing({
    title: 'The two roads of a message',
    description: `Submission: TLS and login, sender and recipients, content, protection, then one commit before the 250; the message is in the mailbox in the same moment and is fetched over POP3. A message for a partner waits in the queue and is pushed over verified TLS: relayed, tried again for ${tries}, or failed with a notice to its sender.`,
    width: 860,
    height: 330,
    parts: [
      box('box', [16, 50, 92, 56], ['Sender']),
      box('box', [148, 50, 104, 56], ['TLS, login', 'who is it']),
      box('box', [284, 50, 116, 56], ['MAIL, RCPT', 'may they']),
      box('box', [432, 50, 116, 56], ['Content', 'protection']),
      box('disk', [580, 40, 122, 76], ['One commit', 'on the disk,', 'in the mailbox']),
      box('box', [742, 50, 102, 56], ['Addressee', 'POP3']),
      ...['M108 78H144', 'M252 78H280', 'M400 78H428', 'M548 78H576', 'M702 78H738', 'M600 40V20H62V46'].map(arrow),
      label(250, 36, `${accepted}: only now`),
      badArrow('M342 106V132H78V110'),
      badLine('M490 106V132H342'),
      label(96, 150, 'refused, in the dialogue, with the reason', 'bad'),
      box('disk', [580, 180, 122, 56], ['Queue', 'for partners']),
      box('box', [402, 180, 136, 56], ['Push', 'verified TLS']),
      box('box', [250, 180, 112, 56], ['Partner']),
      ...['M641 116V176', 'M580 208H542', 'M402 208H366', 'M440 236V266H641V240'].map(arrow),
      label(452, 286, `not now: again, for ${tries}; told after ${tells}`, 'soft'),
      badArrow('M420 236V304H62V110'),
      label(76, 298, 'refused for good: a notice, in the same commit', 'bad'),
    ],
  });

const content = (to: string): Buffer =>
  Buffer.from(`From: ${addressOf('anna')}\r\nTo: ${to}\r\nSubject: x\r\n\r\nx\r\n`);

/** A partner that says "not now" to the first messages, and "no" to the one for `no@`. */
async function startWithPartner(t: TestContext, clock: FakeClock): Promise<{ gateway: TestGateway; up: () => void }> {
  let isUp = false;
  const { server, ca } = await makeDevelopmentCertificates(['127.0.0.1'], systemClock.now());
  const partner = await ScriptedPartner.start({
    key: server.key,
    certificate: server.certificate,
    tls: 'starttls',
    act: (step, _, line) => {
      if (step !== 'RCPT') return undefined;
      if (line.includes('no@')) return '554 5.7.1 no';
      return isUp ? undefined : '451 4.3.0 not now';
    },
  });
  t.after(() => partner.stop());
  const gateway = await startTestGateway({ accounts: ['anna', 'bram'], clock });
  t.after(() => gateway.remove());
  await addTestPartner(gateway.store, 'works', {
    host: '127.0.0.1',
    port: partner.port,
    tls: 'starttls',
    connections: 2,
    authorities: ca.certificate,
  });
  return { gateway, up: () => void (isUp = true) };
}

/** Of the trail, by their times. */
const eventsOf = async ({ store }: TestGateway): Promise<readonly string[]> =>
  (await store.audit.read({ limit: 1000 })).toSorted((a, b) => a.at - b.at).map(({ event }) => event);

test('docs/roads.svg shows the roads that messages go', async (t) => {
  const clock = new FakeClock(Date.now());
  const { gateway, up } = await startWithPartner(t, clock);
  const submission = gateway.target('submission');
  const mistyped = await SmtpClient.open(submission, loginOf('anna'));
  // So that no two steps are of one moment: the trail writes a login later than a message.
  clock.advance(1000);
  await mistyped.command(`MAIL FROM:<${addressOf('anna')}>`, '250');
  await mistyped.command('RCPT TO:<nobody@group.test>', '550');
  await mistyped.quit();
  await until('the refusal is in the trail', async () => {
    clock.advance(1000);
    return (await eventsOf(gateway)).includes('message.refused');
  });
  const smtp = await SmtpClient.open(submission, loginOf('anna'));
  const reply = await smtp.submit(addressOf('anna'), [addressOf('bram')], content('bram'));
  await smtp.quit();
  clock.advance(1000);
  assert.equal((await fetchAll(gateway.target('pop3s'), loginOf('bram'))).length, 1);
  const logged = async (event: string): Promise<void> => await until(event, () => gateway.log.names.includes(event));
  const submit = async (to: string): Promise<void> => {
    await send(submission, loginOf('anna'), {
      from: addressOf('anna'),
      to: [to],
      content: content(to),
    });
  };
  await submit('ward@works.test');
  await logged('delivery.deferred');
  clock.advance(hours(5));
  await logged('delivery.delayed');
  up();
  clock.advance(hours(5));
  await logged('delivery.relayed');
  await submit('no@works.test');
  await logged('delivery.failed');
  assert.equal(subjectsOf(await fetchAll(gateway.target('pop3s'), loginOf('anna'))).length, 2, 'a notice each');

  const seen = [...new Set(await eventsOf(gateway))].filter((event) => STEPS.some(([, step]) => step === event));
  assert.deepEqual(
    seen,
    STEPS.map(([, event]) => event),
  );
  const { expire, 'delay-notice': delay } = gateway.config.delivery;
  const svg = roadsSvg({
    accepted: reply.replace(/^(\d{3}) \S+ (.*) \S+$/, '$1 $2 ID'),
    tries: `${expire / hours(24)} days`,
    tells: `${delay / hours(1)} hours`,
  });
  for (const [shown] of STEPS) assert.ok(svg.includes(`>${shown}`), shown);
  holdPicture('roads.svg', svg);
});
