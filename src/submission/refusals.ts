/** What a submission can be refused with, besides what domain/policy.ts and domain/quirks.ts decide. Each stands once, named, with its code. */
import { type RefusalRow, refusing, row } from '../domain/refusal.ts';

export const submissionRows = {
  accountClosed: row(
    550,
    '5.7.1',
    'This account may not send any more; ask the helpdesk',
    'It was suspended or has ended while the session was open, or it only collects what waits (`account end --grace`).',
  ),
  accountMoved: row(
    451,
    '4.3.0',
    'This account went to another organisation while the message came in; log in again and send it once more',
    'The operator moved the account (`account move`) between MAIL and the end of the message.',
    'Mail programs try again by themselves',
  ),
  senderSyntax: row(
    501,
    '5.1.7',
    'The address in MAIL FROM is malformed; expected <local@domain>',
    'No address: a blank, no domain, quotes or an address literal.',
    'Set the sender address of the program',
  ),
  senderNeedsUtf8: row(
    553,
    '5.6.7',
    'This address has letters outside ASCII; send MAIL with SMTPUTF8',
    'MAIL FROM names such an address without SMTPUTF8.',
  ),
  recipientSyntax: row(
    501,
    '5.1.3',
    'The address in RCPT TO is malformed; expected <local@domain>',
    'No address: a blank, no domain, quotes or an address literal.',
    'Correct the address',
  ),
  tooManyRecipients: row(
    452,
    '4.5.3',
    'Too many recipients in one transaction; send the rest in another one',
    'More than `smtp.max-recipients`, which EHLO tells as LIMITS RCPTMAX.',
  ),
  tooManyRcpt: row(
    421,
    '4.7.0',
    'Too many RCPT commands in one transaction; connect again and name each recipient once',
    'More than twice `smtp.max-recipients`, taken or not: a program in a loop, or one that looks for addresses.',
  ),
  tooManyMessages: row(
    450,
    '4.7.1',
    'This account has sent its messages for this hour; try again later',
    'The setting `messages-per-hour` is reached.',
  ),
  tooManyRecipientsHour: row(
    450,
    '4.7.1',
    'This account has addressed its recipients for this hour; try again later',
    'The setting `recipients-per-hour` is reached.',
  ),
  tooManyUnknown: row(
    450,
    '4.7.1',
    'Too many unregistered recipients in this hour; check your addresses and try again later',
    'The setting `unknown-recipients-per-hour` is reached: an old address book, or somebody who guesses.',
  ),
  tooManyOctets: row(
    450,
    '4.7.1',
    'This account has sent its octets for this hour; try again later',
    'The setting `octets-per-hour` is reached; messages that were refused or broken off count as well.',
  ),
  storageFull: row(
    452,
    '4.3.1',
    'No room to store the message now; try again later',
    'The disk of the gateway is full, or what is left was promised to messages on their way.',
  ),
  storageFailed: row(
    451,
    '4.3.0',
    'The message could not be stored; try again later',
    'The store of the gateway failed; the operator is told.',
  ),
  mailboxFull: row(
    452,
    '4.2.2',
    'The mailbox of a recipient became full; try again later',
    'Other mail filled it between RCPT and the end of the message. Nothing was filed for anybody.',
  ),
  recipientGone: row(
    550,
    '5.1.1',
    'A recipient has left the group meanwhile; send to the others again',
    'An address ended between RCPT and the end of the message. Nothing was filed for anybody.',
  ),
  tooLarge: row(
    552,
    '5.3.4',
    'The message is larger than {limit}; attachments may have about {attachment} MB, since base64 makes them a third larger',
    'Above `smtp.max-message`; for a partner above the setting `max-message` of its account.',
    'Send the files in several messages',
  ),
  tooLargeFor: row(
    552,
    '5.2.3',
    'The message is larger than {whose} takes ({limit}); nothing was sent, send to the others separately',
    'The content turned out larger than the setting `max-message` of one addressee, or than its partner takes.',
  ),
  tooMuch: row(
    421,
    '4.7.0',
    'Far more was sent than one message may have; connect again with a smaller one',
    'The client went on sending long after the limit, and was cut.',
  ),
  headerTooLarge: row(
    554,
    '5.6.0',
    'The header is larger than 256 KB or 1000 lines; shorten it',
    'Thousands of recipients in To, or a program that writes content into the header.',
  ),
  mailLoop: row(
    554,
    '5.4.6',
    'The message has been here before or has more than 30 Received lines; it loops',
    'A partner sends back what it got from us.',
    'Look for a forwarding rule that leads back to the sender',
  ),
  fromMissing: row(
    550,
    '5.6.0',
    'The header has no From field; it must name the sender once',
    'A program that writes no header, or an empty line above it.',
  ),
  fromTwice: row(
    550,
    '5.6.0',
    'The header has more than one From field; exactly one is allowed',
    'Two programs would show two senders.',
  ),
  nullSender: row(
    550,
    '5.7.1',
    'MAIL FROM:<> is only for reports and automatic replies (multipart/report or Auto-Submitted); use your own address',
    'Ordinary mail with an empty sender, about which nobody could be told.',
  ),
  malformedHeader: row(
    550,
    '5.6.0',
    'The header is malformed: {why}; correct it and send again',
    'A line of the header is no field; the text says which.',
  ),
  nameLies: row(
    550,
    '5.7.1',
    'The name in the field {name} holds an address that is not yours; write a name there, or your own address',
    'A display name or comment in From, Sender or Reply-To shows an address of somebody else, also encoded or in letters that only look like one: most mail programs show the name alone.',
    'Correct the name in the settings of the program',
  ),
  malformedField: row(
    550,
    '5.6.0',
    'The field {name} cannot be read: {why}; it must hold one address',
    'From or Sender holds a group, several addresses, or none; or a name in a character set that nobody knows; or Reply-To cannot be read.',
  ),
} as const satisfies Record<string, RefusalRow>;

export const refusals = refusing(submissionRows);
