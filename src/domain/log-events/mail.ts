/** Messages: submission, scanning, protection, pushing, notices. */
import { type LogEvents, either, error, info, warn } from './log-event.ts';

const QUEUE = '`sluis queue list --partner NAME`, `sluis partner test NAME`. Senders are told by themselves.';
const TWICE = 'Nothing. The message may arrive twice, and is never lost.';
const KEY =
  'Is `master.key` the right one? `sluis cert list`. Make the key again: `sluis cert issue --account LOGIN --use mail --keep-key`, or `sluis pgp key issue --address ADDRESS --keep-key`.';
const MAILBOX = '[SluisMailboxOld].';

export const MAIL_EVENTS: LogEvents = {
  'smtp.accepted': info('A message was accepted and filed.'),
  'smtp.resubmitted': info(
    'The same message came again, over SMTP or HTTPS, while its first copy (`message`) waits. Nothing was filed.',
  ),
  'smtp.refused': either(
    ['info', 'debug', 'error'],
    'A command, recipient or message was refused: `status`, `text`, `detail`. Error if the fault is ours (4.3.0); debug for a login, and from the 21st refusal of a session on.',
    'Level error: keep the lines of this `session` and report them. [Replies](replies.md) has every text.',
  ),
  'smtp.quirk': info('A deviation that is tolerated, such as bare line feeds.'),
  'smtp.reply-to-outside': warn(
    'Reply-To names an address outside the group: answers would leave it.',
    'Tell the owner of the account.',
  ),
  'smtp.limited': warn(
    'An account reached an hourly limit (`limit`), over SMTP and HTTPS together.',
    'A program in a loop, or a stolen password: `sluis audit list --account LOGIN`. If it is right: `sluis account set LOGIN messages-per-hour=50000` or `octets-per-hour=50GiB`.',
  ),
  'smtp.interrupted': info('The connection broke during DATA. Nothing was filed, and the sender tries again.'),
  'smtp.tested': info('A message to the test address was answered; `message` is the report.'),
  'absence.no-substitute': warn(
    'The substitute of an absent addressee accepts no mail for good. The message was filed with the addressee.',
    '`sluis address absence list --address ADDRESS`; name another substitute.',
  ),
  'quota.warning': warn(
    'A mailbox is more than 80 % full. While mail comes, its owner and organisation get a letter once a week.',
    'Call its owner: the mailbox is not emptied. Or `sluis account set LOGIN quota=5GiB`.',
  ),
  'quota.untold': warn(
    'The letter about a nearly full mailbox could not be written (`why`). The next message tries again.',
    'The store is mostly full: free some space.',
  ),
  'observation.over': warn(
    'Imported accounts (`accounts`) are observed for longer than was asked for; `breaking` of them need a tolerance.',
    '`sluis account observed` shows who would break under which rule. `sluis account enforce` applies the rules to the others.',
  ),
  'scan.ready': info('clamd answers, and tells of what is beyond its limits: `version`.'),
  'scan.away': warn(
    'clamd does not answer (`why`). Mail is answered 451, or passes with a mark (`scan.away`).',
    'Start clamd: [SluisScannerAway].',
  ),
  'scan.limits-silent': warn(
    'clamd says OK to `what` beyond its limits. It counts as away, unless `scan.silent-limits` is `warn`.',
    'Correct clamd.conf: [SluisScannerAway].',
  ),
  'scan.found': warn(
    'Malware: `signature`, `where` (submitted, opened for an addressee, or imported), `account`, `message` or `uidl`.',
    'Call the organisation: a computer there is infected, or somebody has its password. `sluis audit list --account LOGIN` shows what else it sent. A false alarm: report it to ClamAV, and put the signature into an `.ign2` file of clamd until then.',
  ),
  'scan.marked': warn(
    'A message passed without a whole scan: `mark` (unscanned, too-large, encrypted) and `why`.',
    '`too-large`: raise the limits of clamd, or leave it. `unscanned`: as for `scan.away`. `encrypted`: your setting `scan.encrypted`.',
  ),
  'scan.refused': warn(
    'A message was refused, not handed out opened, or not imported, because it could not be scanned: `mark`, `why`, `where`.',
    '`too-large`: raise the limits of clamd. `unscanned`: start clamd, [SluisScannerAway]. `encrypted`: your setting `scan.encrypted`.',
  ),
  'edi.guard': warn(
    'A guard found something in an interchange: `guard`, its `mode`, the `verdict` (pass, hold, refuse), and `from`, `to` and `reference` of the envelope. At most 20 lines a message.',
    '`sluis trace MESSAGE`. What is held: `sluis queue release --message ID` or `sluis queue fail --message ID --reason TEXT`.',
  ),
  'edi.guard-more': warn(
    'The guards over an interchange had more `findings` than were logged (`told`).',
    '`sluis trace MESSAGE` shows all of them.',
  ),
  'edi.box-unusable': warn(
    'The `box` for EDI of an `account` is closed or belongs to another organisation. The message went into its own mailbox.',
    '`sluis account set LOGIN edi-mailbox=own`, or name another account.',
  ),
  'protection.not-encrypted': info(
    'An address has `encrypt=when-possible`, and it was not possible (`why`). The message went without encryption.',
  ),
  'smime.no-signing-key': error(
    'A message had to be signed or encrypted, and no key for that opens (`why`). It was answered 451. With `encrypt=required` the key of `smime.signing-address` is needed too.',
    KEY,
  ),
  'pgp.no-signing-key': error(
    'A message had to be signed with PGP, and the key for that does not open (`why`). It was answered 451.',
    KEY,
  ),
  'smime.not-opened': warn(
    'A message could not be opened for addressees with `open`. They got it attached to an explanation.',
    'It was encrypted to another key, or its sender broke it: `sluis trace ID`, then `sluis smime inspect FILE`.',
  ),
  'pgp.not-opened': warn(
    'A PGP message could not be decrypted for addressees with `open`. They got it attached to an explanation.',
    'It was encrypted to another key, or its sender broke it: `sluis trace ID`, then `sluis pgp inspect FILE`.',
  ),
  'pgp.not-protected': warn(
    'A message could not be signed or encrypted with PGP (`why`), mostly because the OpenPGP thread was full. It was answered 451.',
    'Nothing, unless it continues: then fewer large messages at once, or a faster machine.',
  ),
  'delivery.relayed': info(
    'A partner accepted a message: `delivery`, `message`, `partner`, `reply`, `attempts`, `ms`.',
  ),
  'delivery.deferred': info('A delivery waits: `reply` is of the partner or ours, `at` the next attempt.'),
  'delivery.delayed': warn('A delivery waits, and its sender is told that it takes longer: `reply`, `at`.', QUEUE),
  'delivery.failed': warn('A delivery failed for good. Its sender is told.', QUEUE),
  'delivery.in-doubt': warn(
    'The connection ended after the message and before the answer. The message goes again.',
    TWICE,
  ),
  'delivery.overtaken': warn('An operator or another attempt settled the delivery first. Nothing was changed.', TWICE),
  'delivery.unsettled': either(
    ['warn', 'error'],
    'The disk is full: the end of an attempt is noted when there is space. Error: the store has failed.',
    'Free some space: [SluisDiskSoonFull]. Level error: [SluisStoreFailed].',
  ),
  'delivery.unreadable': error(
    'The content of a queued message is damaged or gone. Its sender is told in time. **Call for help.**',
    'As for `store.content-damaged`.',
  ),
  'delivery.queue-failed': error(
    'The queue could not be read. It is tried again in half a minute.',
    'Look at the lines of the store beside it.',
  ),
  'partner.down': warn('A partner does not answer (`why`). Its mail waits.', QUEUE),
  'partner.still-down': info('The partner still does not answer.'),
  'partner.back': info('The partner answers again, and its messages are sent.'),
  'partner.untrusted': error(
    'A partner shows a certificate that cannot be trusted. Its mail waits. **Look at once.**',
    '[SluisPartnerDown]: call first.',
  ),
  'dane.lookup-failed': warn(
    'Nobody could say whether `host` has TLSA records for `port` (`why`). Nothing is sent there.',
    '[SluisDaneLookupsFail].',
  ),
  'notice.nowhere': error(
    'A notice of ours (`notice`) could be told to nobody: neither its addressee, nor the contact, nor the operator has an active address.',
    'Register the address of `notices.operator`: `sluis address add LOGIN ADDRESS`.',
  ),
  'notice.not-protected': error(
    'A notice (`notice`) about `message` was not sent: its addressee has `encrypt=required`, and it cannot be encrypted (`why`).',
    '[SluisNoticesUnsent].',
  ),
  'receipt.failed': error(
    'The senders of what one session collected could not be told (`why`). Fetching continued.',
    '`sluis trace ID` has what was collected.',
  ),
  'receipt.cut': warn(
    'One session collected more messages than receipts are written for at a time.',
    '`sluis trace ID` has the others.',
  ),
  'mailbox.overdue': warn(
    'A mailbox was not fetched within its rhythm: `messages`, `oldest`. The contact is told once a week.',
    MAILBOX,
  ),
  'mailbox.expired': warn(
    'Messages that nobody fetched have left a mailbox at the end of their time. Their senders are told.',
    MAILBOX,
  ),
  'uncollected.digest': warn('The daily round over mailboxes: overdue, away, warned, senders told, expired.', MAILBOX),
  'uncollected.failed': error(
    'One mailbox failed in the daily round. It is tried again tomorrow.',
    'If it fails twice, do what `why` says.',
  ),
  'held.ended': warn(
    'Held deliveries older than `delivery.keep-held` (`days`) failed. Their senders are told.',
    'Look at `sluis queue list` every day, or let somebody. The operator is told of each when it is held.',
  ),
  'held.failed': error(
    'A held delivery past `delivery.keep-held` could not be given up. It is tried again tomorrow.',
    'If it fails twice, do what `why` says.',
  ),
};
