/** What `sluis statement` says where all is in place; when another sentence stands there is what the tests show. */
import { type PageClaims, claim } from './claim.ts';

const PLACE =
  'commands/statement: all in place says so of each sentence, and nothing set up says so of each that can be missing';
const COUNTS =
  'claims/counted: the group is counted: active accounts, by what each can log in with, and whose they are';
const HAS = 'claims/counted: what the statement says of roles, retention and backups is what the gateway has';

export const STATEMENT: PageClaims = {
  page: 'test/golden/statement/good-en.txt',
  claims: [
    claim('Only members mail here: 40 active accounts, organisations: 12.', [
      COUNTS,
      'smtp/submission: a registered sender reaches a registered addressee, and nobody else',
    ]),
    claim('Active accounts of Laboratorium <Noord>: 4.', [COUNTS]),
    claim(
      'Log-in is by password alone (0) or certificate alone (0). One of the two is enough for 0. Both together are needed for 39.',
      [COUNTS, 'commands/statement: what an account can log in with, by what it has and what its settings ask for'],
    ),
    claim('Of these accounts 1 cannot log in: they have nothing to log in with yet.', [COUNTS]),
    claim('Each account that can log in needs password and certificate together.', [
      'commands/statement: what an account can log in with, by what it has and what its settings ask for',
    ]),
    claim('Accounts with a password for one program: 3.', [COUNTS]),
    claim('The TLS of listener submission (smtp, mail.example.nl:587) meets the guideline of the NCSC: good.', [
      'cli/statement: a listener that is weaker is not in place, beside others that meet the guideline',
      'platform/tls-guideline: versions, suites and curves get the grade of the NCSC-NL guidelines 2025-05',
    ]),
    claim('The content of messages lies encrypted on the disk (AES-256-GCM).', [
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
    claim(
      'The service stands at the places noord and zuid. A message is accepted only when the other place has it too.',
      ['cli/statement: a standby that is off, or one place alone, changes the sentence about the second place'],
    ),
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
    claim('Operators with a name and a role of their own: read 1, support 4, registry 2, security 2, owner 1.', [HAS]),
    claim('Two operators sign together for: restore, erase.', [
      'cli/approve-moves: two operators sign for a move of an address and of an account; both stand in the trail, and a plan needs nobody',
    ]),
    claim('A message that nobody fetches: 30 days.', [
      'notices/uncollected: retention ends with a last notice, in the transaction that takes the message out of the mailbox',
    ]),
    claim('A deleted message: 14 days.', [
      'store/sqlite-contract: hidden entries can be handed out again, under new uids and UIDLs, until their time is over',
    ]),
    claim('Who sent what to whom, after that: 90 days.', [HAS]),
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
    claim('Sub-processor: "Rekencentrum, stroom, NL".', [
      'cli/statement: what the operator gives is copied and told of; nothing given is not in place; what cannot be used is refused, and no folder stays',
    ]),
    claim('The operator gave the file "iso-27001.pdf"; the gateway does not read it.', [
      'cli/statement: what the operator gives is copied and told of; nothing given is not in place; what cannot be used is refused, and no folder stays',
    ]),
  ],
  none: [],
};
