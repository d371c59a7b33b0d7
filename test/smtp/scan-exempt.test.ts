/**
 * An exemption from scanning, over a session that was open before: it holds, and is over, for the
 * next message.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EICAR } from '../../src/scan/proof.ts';
import { FakeClamd, limitsTold } from '../support/clamd.ts';
import { addressOf, loginOf } from '../support/gateway.ts';
import { startMailGateway } from '../support/mail-people.ts';
import { SmtpClient, UnexpectedReply } from '../support/smtp-client.ts';

const [ANNA, BRAM] = [addressOf('anna'), addressOf('bram')];
const actor = { name: 'jan, approved by piet', reason: 'false alarms' };
const EDI = `UNB+UNOC:3+1:14+2:14+261125:1200+77'UNH+1+MEDLAB:1'FTX+${EICAR.toString('latin1').replaceAll('+', '?+')}'UNT+3+1'UNZ+1+77'`;
const content = (text: string): Buffer =>
  Buffer.from(`From: <${ANNA}>\r\nTo: <${BRAM}>\r\nDate: Wed, 25 Nov 2026 12:00:00 +0000\r\n\r\n${text}\r\n`);

test('an exemption holds in a session that was open before, from its next message on, and so does its end', async (t) => {
  const clamd = await FakeClamd.start(t);
  const gateway = await startMailGateway({
    accounts: ['anna', 'bram'],
    configuration: `[scan]\nclamd = "${clamd.path}"\n`,
  });
  t.after(() => gateway.remove());
  const client = await SmtpClient.open(gateway.target('submission'), loginOf('anna'));
  t.after(() => client.wire.destroy());
  const submit = async (text: string): Promise<string> => {
    try {
      return (await client.submit(ANNA, [BRAM], content(text))).slice(0, 3);
    } catch (error) {
      if (error instanceof UnexpectedReply) return error.reply.slice(0, 3);
      throw error;
    }
  };
  const { registry } = gateway.store;
  const malware = EICAR.toString('latin1');
  assert.equal(await submit(malware), '554');
  await registry.changeScanExemption(ANNA, 0, actor);
  assert.equal(await submit(malware), '250');
  await registry.changeScanExemption(ANNA, null, actor);
  assert.equal(await submit(malware), '554');
  // The clamd here knows the test file as it stands, and in EDI it has a released sign.
  clamd.answers = (stream) =>
    limitsTold(stream) ?? (stream.content.includes('EICAR-STANDARD') ? 'stream: Eicar FOUND\0' : 'stream: OK\0');
  assert.equal(await submit(EDI), '554');
  await registry.changeEdiExemption(ANNA, { from: '1:14', to: '2:14' }, Date.now() + 3_600_000, actor);
  assert.equal(await submit(EDI), '250');
  assert.equal(await submit(malware), '554', 'of what is not an interchange nothing is exempt');
  await registry.changeEdiExemption(ANNA, { from: '1:14', to: '2:14' }, null, actor);
  assert.equal(await submit(EDI), '554');
  const rows = (await gateway.store.audit.read({ limit: 1000 })).filter(({ event }) => event === 'scan.marked');
  assert.deepEqual(
    rows.map(({ facts }) => [facts?.why, facts?.parts, facts?.ediFrom, facts?.ediTo]),
    [
      ['not scanned: exempt', undefined, undefined, undefined],
      ['not scanned: exempt', '1', '1:14', '2:14'],
    ],
  );
});
