import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runTranscript } from '../support/transcript.ts';
import { startSmtp } from '../support/smtp.ts';

test('a registered sender reaches a registered addressee, and nobody else', async (t) => {
  const smtp = await startSmtp(t);
  await runTranscript(
    `
S: 220 mail.test ESMTP*
C: EHLO client.test
S: 250-mail.test
S... 250 *
C: MAIL FROM:<alice@group.test>
S: 530 5.7.0 *
@base64 C: AUTH PLAIN {{\\0alice\\0alice-pw}}
S: 538 5.7.11 *
@starttls
C: EHLO client.test
S... 250 *
@auth alice alice-pw
C: MAIL FROM:<bob@group.test>
S: 550 5.7.1 *
C: MAIL FROM:<alice@group.test> SIZE=1000 BODY=8BITMIME RET=HDRS ENVID=a+2Bb
S: 250 2.1.0 *
C: RCPT TO:<nobody@group.test>
S: 550 5.1.1 <nobody@group.test> *
C: RCPT TO:<Bob@Group.TEST> NOTIFY=SUCCESS,FAILURE
S: 250 2.1.5 *
C: RCPT TO:<postmaster>
S: 250 2.1.5 *
C: DATA
S: 354 *
C: From: Alice <alice@group.test>
C: To: bob@group.test
C: Bcc: postmaster@mail.test
C: Subject: uitslag
C:
C: ..dot
C: text
C: .
S: 250 2.0.0 accepted as *
C: QUIT
S: 221 2.0.0 *
@closed
`,
    { protocol: 'smtp', port: smtp.port, ca: smtp.ca },
  );
  const bob = await smtp.store.registry.findAccount('bob');
  assert.equal(bob?.messages, 1);
  assert.doesNotMatch(JSON.stringify(smtp.log.events), /uitslag|alice-pw|YWxpY2U/);
});
