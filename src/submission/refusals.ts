/** What a submission can be refused with, besides what domain/policy.ts and domain/quirks.ts decide. Each stands once, named, with its code. */
import type { Refusal } from '../domain/refusal.ts';

const refusal = (reply: Refusal['reply'], status: Refusal['status'], text: string): Refusal => ({
  reply,
  status,
  text,
});

export const refusals = {
  accountClosed: refusal(550, '5.7.1', 'This account may not send any more; ask the operator'),
  senderSyntax: refusal(501, '5.1.7', 'The address in MAIL FROM is malformed; expected <local@domain>'),
  senderNeedsUtf8: refusal(553, '5.6.7', 'This address has letters outside ASCII; send MAIL with SMTPUTF8'),
  recipientSyntax: refusal(501, '5.1.3', 'The address in RCPT TO is malformed; expected <local@domain>'),
  tooManyRecipients: refusal(452, '4.5.3', 'Too many recipients in one transaction; send the rest in another one'),
  tooManyMessages: refusal(450, '4.7.1', 'This account has sent its messages for this hour; try again later'),
  tooManyRecipientsHour: refusal(
    450,
    '4.7.1',
    'This account has addressed its recipients for this hour; try again later',
  ),
  tooManyUnknown: refusal(
    450,
    '4.7.1',
    'Too many unregistered recipients in this hour; check your addresses and try again later',
  ),
  storageFull: refusal(452, '4.3.1', 'No room to store the message now; try again later'),
  storageFailed: refusal(451, '4.3.0', 'The message could not be stored; try again later'),
  mailboxFull: refusal(452, '4.2.2', 'The mailbox of a recipient became full; try again later'),
  recipientGone: refusal(550, '5.1.1', 'A recipient has left the group meanwhile; send to the others again'),
  tooMuch: refusal(421, '4.7.0', 'Far more was sent than one message may have; connect again with a smaller one'),
  headerTooLarge: refusal(554, '5.6.0', 'The header is larger than 256 KB or 1000 lines; shorten it'),
  mailLoop: refusal(554, '5.4.6', 'The message has been here before or has more than 30 Received lines; it loops'),
  fromMissing: refusal(550, '5.6.0', 'The header has no From field; it must name the sender once'),
  fromTwice: refusal(550, '5.6.0', 'The header has more than one From field; exactly one is allowed'),
  nullSender: refusal(
    550,
    '5.7.1',
    'MAIL FROM:<> is only for reports and automatic replies (multipart/report or Auto-Submitted); use your own address',
  ),
} as const satisfies Record<string, Refusal>;

export const malformedHeader = (why: string): Refusal =>
  refusal(550, '5.6.0', `The header is malformed: ${why}; correct it and send again`);

export const malformedField = (name: string, why: string): Refusal =>
  refusal(550, '5.6.0', `The field ${name} cannot be read: ${why}; it must hold one address`);
