/**
 * What `sluis statement` says where all is in place; when another sentence stands there is what the
 * tests show.
 */
import { type PageClaims, claim } from './claim.ts';

const PLACE =
  'commands/statement: all in place says so of each sentence, and nothing set up says so of each that can be missing';
const COUNTS =
  'claims/counted: the group is counted: active accounts, by what each can log in with, and whose they are';
const HAS = 'claims/counted: what the statement says of roles, retention and backups is what the gateway has';

const PARTNERS = 'cli/statement: mail to partners: what their servers must show, and those to whom nothing goes';
const PROTECTED =
  'commands/statement: partners to whom nothing goes, or who do not answer, are not in place; where there is no partner, no mail leaves';
const COURIER =
  'smtp/courier-dane: a certificate that meets no record is refused, whoever issued it, and its owner hears no login';
const ANNEX = 'commands/statement: the annex has each area of article 28 GDPR, in place or not';
const CHANGED = 'commands/statement: ${id}: ${what}, and the sentence is another';

export const STATEMENT: PageClaims = {
  page: 'test/golden/statement/good-en.txt',
  claims: [
    claim('Only members mail here. Active accounts: 40. Organisations: 12.', [
      COUNTS,
      'smtp/submission: a registered sender reaches a registered addressee, and nobody else',
    ]),
    claim('Active accounts of Laboratorium <Noord>: 4.', [COUNTS]),
    claim(
      'Accounts that log in with a password alone: 0. With a certificate alone: 0. With either of the two: 0. Only with both together: 39.',
      [COUNTS, 'commands/statement: what an account can log in with, by what it has and what its settings ask for'],
    ),
    claim('Accounts that have nothing to log in with yet: 1.', [COUNTS]),
    claim('Each account that can log in needs password and certificate together.', [
      'commands/statement: what an account can log in with, by what it has and what its settings ask for',
    ]),
    claim('Accounts with a password for one program: 3.', [COUNTS]),
    claim('The TLS of listener submission (smtp, mail.example.nl:587) meets the guideline of the NCSC: "good".', [
      'cli/statement: a listener that is weaker is not in place, beside others that meet the guideline',
      'platform/tls-guideline: versions, suites and curves get the grade of the NCSC-NL guidelines 2025-05',
    ]),
    claim(
      'Partners with a mail server of their own: 6. Mail goes there by TLS alone, and only if the certificate of that server is right. Otherwise it waits.',
      [PARTNERS, COURIER],
    ),
    claim(
      'What that server must show: a certificate that DANE confirms (1), an agreed certificate or key (2), or a certificate of a known authority (3).',
      [PARTNERS, PROTECTED],
    ),
    claim('For each server the gateway looks up whether the DNS names its certificate (DANE).', [PARTNERS]),
    claim('The content of messages is encrypted on the disk (AES-256-GCM).', [
      'store/sqlite-sealing: no octet of a message and no key stands in the data folder',
    ]),
    claim('Each day has a key of its own.', [
      'crypto/key-folder: a day key is made once, kept wrapped, and found again',
    ]),
    claim('The master key is split: 2 shares make it again.', [
      'crypto/key-share: any shares that are enough make the secret, every choice of them; fewer make another one',
      'crypto/key-share: shares make their key, proven; too few, twice the same, of two sets, or changed ones do not',
    ]),
    claim('That was shown on 2026-11-01.', [
      'crypto/key-share: an operator is reminded until the escrow of this key was verified within a year',
    ]),
    claim('The service is at the places noord and zuid. A message is accepted only when the other place has it too.', [
      'cli/statement: a standby that is off, or one place alone, changes the sentence about the second place',
    ]),
    claim('In a drill the service went from noord to zuid and back. It was away for 3 seconds. Messages lost: 0.', [
      'cli/statement: drills: never, good, lapsed',
    ]),
    claim('A backup was restored for a trial in 9 seconds. Messages opened: 200.', [
      'cli/statement: drills: never, good, lapsed',
      'backup/drills: a report that is unsigned, changed, signed by somebody else or renamed counts for nothing',
    ]),
    claim('The newest backup is of 2026-11-01.', [HAS]),
    claim('The copy elsewhere was read back.', [
      'backup/rounds: a note that a copy stands elsewhere counts only with the signature of the gateway, for its own backup',
    ]),
    claim('Place noord was available for 99.970 % (aim 99.800 %).', [
      'domain/availability: availabilityOf() counts every minute once, and names each gap',
    ]),
    claim(
      'Operators with a name and a role of their own: 10. Looking only: 1. Helpdesk: 4. Managing accounts and organisations: 2. Certificates and trail: 2. Everything: 1.',
      [HAS],
    ),
    claim('Only two operators together may restore a backup.', [
      'cli/approve-restore: two operators of the backup sign for its restoring; nobody else does, and for nothing else',
    ]),
    claim('Only two operators together may erase personal data.', [
      'cli/approve: with fewer than two operators nothing goes, and the first two register without anybody else',
      'cli/approve: two people sign; the command runs once, and both stand in the trail',
    ]),
    claim('A message that nobody fetches: 30 days.', [
      'notices/uncollected: retention ends with a last notice, in the transaction that takes the message out of the mailbox',
    ]),
    claim('A deleted message: 14 days.', [
      'store/sqlite-contract: hidden entries can be handed out again, under new uids and UIDLs, until their time is over',
    ]),
    claim('Who sent what to whom, once the content is gone: 90 days.', [HAS]),
    claim('A held message: 30 days.', [
      'notices/held-too-long: a copy that nobody decided about ends after its time, and its sender is told, once',
    ]),
    claim('Who logged in and from where, in the trail: 1827 days.', [
      'trail/retention: each log loses who and where after its own time, once, with a row that says so',
    ]),
    claim('Who changed what, in the trail: 1827 days.', [
      'trail/retention: each log loses who and where after its own time, once, with a row that says so',
    ]),
    claim('What became of messages, in the trail: 1096 days.', [
      'trail/retention: each log loses who and where after its own time, once, with a row that says so',
    ]),
    claim('A backup: 90 days.', [
      'backup/rounds: rounds take what is due, copy it elsewhere and read it back; a restart forgets nothing; old ones go in both places',
    ]),
    claim('This annex is for Laboratorium <Noord>.', [
      'cli/statement: what the operator gives is copied and told of; nothing given is not in place; what cannot be used is refused, and no folder stays',
    ]),
    claim('Purpose of the processing: "care".', [
      'cli/statement: what the operator gives is copied and told of; nothing given is not in place; what cannot be used is refused, and no folder stays',
    ]),
    claim('Legal basis: "article 9.2.h".', [PLACE]),
    claim('Processor agreement: "VO-1".', [PLACE]),
    claim('Kind of data:', [
      'docs/privacy: every table and every column of the schema has its kind of data, and there is no other',
    ]),
    claim('Data subjects:', [ANNEX]),
    claim('Periods: those under "Retention" hold for this organisation.', [CHANGED]),
    claim('Measures: all that this statement names are in place.', [CHANGED]),
    claim('Instructions: they are in the agreement. What an operator does is in the trail.', [CHANGED]),
    claim('Audit: the operator can give an export of the trail. It can be checked without the gateway.', [
      'cli/controls: what was exported is checked without the gateway, and one without names has none',
    ]),
    claim('Certificates of an auditor that the operator gave: 1.', [
      'cli/statement: what the operator gives is copied and told of; nothing given is not in place; what cannot be used is refused, and no folder stays',
    ]),
    claim(
      'At the end the operator can return everything and erase it, with signed proof. In backups it is gone after 90 days. The trail keeps its periods.',
      [
        CHANGED,
        'cli/organisation-export: everything of the organisation, with checksums, and nothing of others',
        'cli/erase: a contract ends: planned, refused until it may be, erased, and told by a statement',
      ],
    ),
    claim('Sub-processor: "Rekencentrum, stroom, NL".', [
      'cli/statement: what the operator gives is copied and told of; nothing given is not in place; what cannot be used is refused, and no folder stays',
    ]),
    claim('The operator gave the file "iso-27001.pdf"; the gateway does not read it.', [
      'cli/statement: what the operator gives is copied and told of; nothing given is not in place; what cannot be used is refused, and no folder stays',
    ]),
  ],
  none: [],
};
