/**
 * Every refusal of a submission besides those that domain/policy.ts and domain/quirks.ts decide.
 * Each stands here once, with its name and code.
 */
import { type RefusalRow, refusing, row } from '../domain/refusal.ts';

export const submissionRows = {
  accountClosed: row(
    550,
    '5.7.1',
    'This account may no longer send; ask the helpdesk',
    'The account was suspended or has ended while the session was open, or may only fetch its last messages (`account end --grace`).',
  ),
  accountMoved: row(
    451,
    '4.3.0',
    'This account was moved to another organisation while the message came in; log in and send it again',
    'The operator moved the account (`account move`) between MAIL and the end of the message.',
    'Mail programs try again by themselves',
  ),
  loginEnded: row(
    550,
    '5.7.1',
    'The login is no longer valid; log in again',
    'The password or certificate of the login was replaced or revoked while the message came in.',
  ),
  registryChanges: row(
    451,
    '4.3.0',
    'Accounts are being changed; try again',
    'Another gateway on this store changed accounts several times while the message was being filed.',
    'Mail programs try again by themselves',
  ),
  senderSyntax: row(
    501,
    '5.1.7',
    'The address in MAIL FROM is malformed; expected <local@domain>',
    'The address has a space, no domain, quotes or an address literal.',
    'Correct the sender address in the program',
  ),
  senderNeedsUtf8: row(
    553,
    '5.6.7',
    'This address has characters outside ASCII; send MAIL with SMTPUTF8',
    'MAIL FROM names such an address without SMTPUTF8.',
  ),
  recipientSyntax: row(
    501,
    '5.1.3',
    'The address in RCPT TO is malformed; expected <local@domain>',
    'The address has a space, no domain, quotes or an address literal.',
    'Correct the address',
  ),
  tooManyRecipients: row(
    452,
    '4.5.3',
    'Too many recipients in one transaction; send the rest in another one',
    'The message has more than `smtp.max-recipients`, which EHLO announces as LIMITS RCPTMAX.',
  ),
  tooManyRcpt: row(
    421,
    '4.7.0',
    'Too many RCPT commands in one transaction; connect again and name each recipient once',
    'More than twice `smtp.max-recipients`, accepted or refused: a program in a loop, or one that tries addresses.',
  ),
  tooManyMessages: row(
    450,
    '4.7.1',
    'This account has reached its number of messages for this hour; try again later',
    'The setting `messages-per-hour` is reached.',
  ),
  tooManyRecipientsHour: row(
    450,
    '4.7.1',
    'This account has reached its number of recipients for this hour; try again later',
    'The setting `recipients-per-hour` is reached.',
  ),
  tooManyUnknown: row(
    450,
    '4.7.1',
    'Too many unregistered recipients in this hour; check your addresses and try again later',
    'The setting `unknown-recipients-per-hour` is reached: the address book is old, or somebody tries addresses.',
  ),
  tooManyOctets: row(
    450,
    '4.7.1',
    'This account has reached its amount of data for this hour; try again later',
    'The setting `octets-per-hour` is reached; refused and unfinished messages count as well.',
  ),
  storageFull: row(
    452,
    '4.3.1',
    'The gateway has no free space to store the message; try again later',
    'The disk of the gateway is full, or its free space is reserved for messages that are coming in.',
  ),
  storageFailed: row(
    451,
    '4.3.0',
    'The message could not be stored; try again later',
    'The store of the gateway failed; the cause is in the log.',
  ),
  mailboxFull: row(
    452,
    '4.2.2',
    'The mailbox of a recipient became full; try again later',
    'Other messages filled it between RCPT and the end of this message. The gateway filed nothing for any recipient.',
  ),
  recipientGone: row(
    550,
    '5.1.1',
    'A recipient has just left the group and nothing was sent; send to the others again',
    'An address ended between RCPT and the end of the message. The gateway filed nothing for any recipient.',
  ),
  tooLarge: row(
    552,
    '5.3.4',
    'The message is larger than {limit}; attachments may have about {attachment} MB together, since base64 makes them a third larger',
    'The message is larger than `smtp.max-message`; from a partner, larger than the setting `max-message` of its account.',
    'Send the files in several messages',
  ),
  tooLargeFor: row(
    552,
    '5.2.3',
    'The message is larger than {whose} accepts ({limit}) and nothing was sent; send to the others separately',
    'The content is larger than the setting `max-message` of one addressee, than its whole `quota`, or than its partner accepts.',
  ),
  tooMuch: row(
    421,
    '4.7.0',
    'The message is far larger than allowed; connect again and send a smaller one',
    'The client kept sending long after the limit, so the gateway closed the connection.',
  ),
  headerTooLarge: row(
    554,
    '5.6.0',
    'The header is larger than 256 KB or 1000 lines; shorten it',
    'To names thousands of recipients, or the program writes content into the header.',
  ),
  mailLoop: row(
    554,
    '5.4.6',
    'The message came back to this gateway or has more than 30 Received lines; end the mail loop',
    'A partner sends back what it received from this gateway.',
    'Look for a forwarding rule that leads back to the sender',
  ),
  fromMissing: row(
    550,
    '5.6.0',
    'The header has no From field; it must name the sender once',
    'The program writes no header, or an empty line above it.',
  ),
  fromTwice: row(
    550,
    '5.6.0',
    'The header has more than one From field; exactly one is allowed',
    'With two From fields, two mail programs may show two different senders.',
  ),
  nullSender: row(
    550,
    '5.7.1',
    'MAIL FROM:<> is only for reports and automatic replies (multipart/report or Auto-Submitted); use your own address',
    'An ordinary message has an empty sender, so a notice about it could reach nobody.',
  ),
  malformedHeader: row(
    550,
    '5.6.0',
    'The header is malformed: {why}; correct it and send again',
    'A line of the header is not a field; the text says which.',
  ),
  nameLies: row(
    550,
    '5.7.1',
    'The name in the field {name} holds an address that is not yours; write a name there, or your own address',
    'A name or comment in From, Sender or Reply-To shows the address of somebody else, plain, encoded or in similar characters. Most mail programs show only the name.',
    'Correct the name in the settings of the program',
  ),
  malformedField: row(
    550,
    '5.6.0',
    'The field {name} cannot be read: {why}; it must hold one address',
    'From or Sender holds a group, several addresses or none, or a name in an unknown character set; or Reply-To cannot be read.',
  ),
} as const satisfies Record<string, RefusalRow>;

export const refusals = refusing(submissionRows);
