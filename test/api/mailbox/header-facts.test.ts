import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headOf, headerFacts } from '../../../src/api/mailbox/header-facts.ts';
import { type AccountId, messageIdOf } from '../../../src/domain/ids.ts';
import { octets } from '../../../src/domain/units.ts';
import { authenticationResults } from '../../../src/mime/authentication-results.ts';
import { OPERATOR } from '../../../src/store/acceptance.ts';

const sent = { submitter: 7 as AccountId };
const facts = (head: string, of = sent): ReturnType<typeof headerFacts> =>
  headerFacts(Buffer.from(head, 'latin1'), of, 'gateway.test');

test('the header is told as people read it', () => {
  const head =
    'From: =?utf-8?B?TWVuYWNow6k=?= <m@group.test>\r\nTo: a@group.test,\r\n b@group.test\r\nSubject: =?utf-8?Q?uitslag_=E2=82=AC?=\r\n' +
    'Date: Wed, 25 Nov 2026 13:00:00 +0100\r\n\r\n';
  assert.deepEqual(facts(head), {
    from: 'Menaché <m@group.test>',
    to: 'a@group.test, b@group.test',
    subject: 'uitslag €',
    sentAt: '2026-11-25T12:00:00.000Z',
    verdicts: [],
  });
  assert.deepEqual(facts('Date: yesterday\r\n\r\n'), { verdicts: [] });
  assert.deepEqual(facts('no header at all\r\n'), { verdicts: [] });
});

test('verdicts are those of the field on top, when the gateway wrote it and the message was submitted here', () => {
  const field = authenticationResults('gateway.test', [
    { method: 'smime', result: 'pass', properties: [['body.smime-identifier', 'a@group.test']] },
    { method: 'x-pgp', result: 'fail', reason: 'signature: "wrong"; key=x' },
  ]);
  const verdicts = [
    { method: 'smime', result: 'pass' },
    { method: 'pgp', result: 'fail', reason: "signature: 'wrong'; key=x" },
  ];
  assert.deepEqual(facts(`${field}From: a\r\n\r\n`).verdicts, verdicts);
  assert.deepEqual(facts(`From: a\r\n${field}\r\n`).verdicts, [], 'not on top');
  assert.deepEqual(facts(`${field}\r\n`, { submitter: OPERATOR }).verdicts, [], 'taken over from another server');
  assert.deepEqual(facts(`${field.replace('gateway.test', 'else.test')}\r\n`).verdicts, []);
  assert.deepEqual(facts(`${authenticationResults('gateway.test', [])}\r\n`).verdicts, []);
});

test('the header is found whatever the slices are, and no more is read than its end', async () => {
  const text = Buffer.from(`From: a\r\nSubject: ${'x'.repeat(500)}\r\n\r\n${'body\r\n'.repeat(100)}`);
  const end = text.indexOf('\r\n\r\n') + 4;
  for (const size of [1, 3, 7, end - 2, end, 10_000]) {
    let read = 0;
    const content = {
      id: messageIdOf(1n),
      octets: octets(text.length),
      async *slices(): AsyncGenerator<Uint8Array> {
        for (let at = 0; at < text.length; at += size) {
          read = at + size;
          yield text.subarray(at, at + size);
          await Promise.resolve();
        }
      },
    };
    assert.deepEqual(await headOf(content), text.subarray(0, end));
    assert.ok(read < end + size);
  }
  assert.equal(await headOf(undefined), undefined);
});
