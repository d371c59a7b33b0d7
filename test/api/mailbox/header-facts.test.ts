import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerFacts } from '../../../src/api/mailbox/header-facts.ts';
import type { AccountId } from '../../../src/domain/ids.ts';
import { authenticationResults } from '../../../src/mime/authentication-results.ts';
import { OPERATOR } from '../../../src/store/store.ts';

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
