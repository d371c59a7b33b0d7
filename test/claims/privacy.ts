/** What the privacy page promises. Its tables of data are held to the schema by `docs/privacy`. */
import { type PageClaims, claim } from './claim.ts';

export const PRIVACY: PageClaims = {
  page: 'docs/privacy.md',
  claims: [
    claim('The gateway reads content only as far as it must to hand it on', [
      'edi/edifact: nothing of what a message says leaves the reader',
      'edi/hl7: nothing of what a message says leaves the reader, and a cut changes nothing',
    ]),
    claim('and writes none of it into its log, its audit trail or its metrics.', [
      'trail/completeness: no row has content or a subject',
      'smtp/transaction: what was accepted stands in the audit trail and the log, without subject or content',
      'smtp/parts: no file name reaches the log',
    ]),
    claim('content sealed (AES-256-GCM, a key a message)', [
      'store/sqlite-sealing: no octet of a message and no key stands in the data folder',
      'crypto/sealing: every flipped bit of a sealed chunk is noticed',
    ]),
    claim('sealed under the master key', ['crypto/key-folder: a day key is made once, kept wrapped, and found again']),
    claim('the operator; in custody of two people', [
      'cli/key: the key is split among custodians, when two operators say so; the shares are nowhere but in their files',
    ]),
    claim('day keys are never inside', [
      'cli/backup: no key is in a backup, and no content: neither day keys nor the master key, in any form',
    ]),
    claim('nothing personal', ['claims/told: an anchor of the trail has numbers and hashes, and no person']),
    claim('events with addresses and networks, never content or subject', [
      'smtp/transaction: what was accepted stands in the audit trail and the log, without subject or content',
      'smtp/parts: no file name reaches the log',
    ]),
    claim('**Sub-processors: none.** The program calls nobody: no telemetry, no update check, no service of others.', [
      'claims/told: a gateway that is told of nobody calls nobody',
    ]),
    claim('Partners get the messages that are sent to them, and nothing else.', [
      "smtp/routing: mail for a partner's addresses is queued for it, with its DSN parameters, and for mailboxes filed",
    ]),
    claim('[What is kept, and how long](data.md) has every table and column.', [
      'docs/privacy: every table and every column of the schema has its kind of data, and there is no other',
    ]),
    claim('in SQLite they are overwritten at once.', [
      'trail/retention: what is erased is not in the files of the database any more',
    ]),
    claim(
      'Content is erased for good when the last message of its day is gone: then the key of the day is destroyed, and backups of that day cannot be read any more.',
      [
        'store/sqlite-sealing: a day whose messages are gone loses its key, and the store opens without it',
        'backup/erased: an erased day stays closed in an old backup, and leaves no entry that a client would stumble over',
      ],
    ),
    claim(
      'tells which old days can still be read, how many messages keep each of them and why, in whose mailboxes, and until when.',
      [
        'admin/kept-days: each old day says what keeps it, in whose mailboxes and until when; yesterday and today are not old',
      ],
    ),
    claim(
      'from mailboxes and from what was deleted there at once, and from the second day after its acceptance on no backup opens it either',
      [
        "backup/erased-message: a restore from an older backup takes the erased message out of its mailbox, ${waiting ? 'before' : 'after'} its day was closed",
        'store/erasure: an erased message is gone from every mailbox, large or small; the others and its facts stay',
      ],
    ),
    claim('Then the key of its day is destroyed, here and in `keys.copy-to` with the next round', [
      'backup/key-copies: all keys of a day that was closed for the sake of one message go from the copy, once the kept ones are there',
    ]),
    claim('messages and the trail are never rewritten, since others rely on them.', [
      'smtp/content: every octet of a complete message stays (200 random messages, seeded)',
      'store/sqlite: a changed or missing audit row is found',
    ]),
    claim('by `message withdraw` where nobody has it yet', [
      'admin/delivery-verbs: a withdrawal takes back what nobody collected, says who had the rest, and tells the sender',
    ]),
    claim(
      'by `message erase` for good and in backups too; who and where in the trail by `audit erase`, which leaves a chain that holds.',
      [
        'cli/audit: a report sums up a period; erasing leaves a chain that holds',
        'cli/message-erase: a message that waits for somebody is not erased; one that was fetched is, wherever it lies',
      ],
    ),
    claim('erasing earlier needs a reason.', [
      'gateway/reasons: an operation that nothing undoes is refused without a reason, whoever speaks to the socket',
    ]),
    claim('Content that leaves with a copy of the data folder alone is sealed', [
      'store/sqlite-sealing: no octet of a message and no key stands in the data folder',
    ]),
    claim('sub-processors (none)', 'claims/told: a gateway that is told of nobody calls nobody'),
    claim("(`audit export`, `audit verify` on the auditor's own machine).", [
      'cli/audit: an export is checked without the gateway, with openssl for its anchors, and every change is named',
    ]),
    claim('rows of the audit trail, with who and from where unless `audit.forward-personal` is `no`', [
      'claims/told: rows go to a collector with who and from where, and without where the operator says so',
    ]),
  ],
  none: [
    { says: "its owner's retention: what is erased here stays there", why: 'warns of what is not in our hands' },
    { says: "the operator's retention of logs", why: 'names whose matter it is' },
  ],
};
