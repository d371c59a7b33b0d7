/** What the security page promises beside its table of threats. */
import { type PageClaims, claim } from './claim.ts';

export const SECURITY: PageClaims = {
  page: 'docs/security.md',
  claims: [
    claim('Nothing that crosses it is believed: TLS 1.2 or newer, then a login, then every address is looked up.', [
      'platform/tls: a TLS 1.1 client is refused in the handshake',
      'smtp/session: nobody logs in or sends before TLS',
      'smtp/submission: a registered sender reaches a registered addressee, and nobody else',
    ]),
    claim('Whoever has not logged in can greet, start TLS and fail.', [
      'smtp/session: nobody logs in or sends before TLS',
      'smtp/session: ten commands that are not understood, or twenty before a login, end the session',
    ]),
    claim('It is verified by authority and name, with a pin where one is set', [
      'smtp/courier: a certificate of another authority is not trusted (${tls})',
      'smtp/courier: a certificate that is not pinned is not trusted (${tls})',
    ]),
    claim('it is believed in what it answers about a message, and in nothing else.', [
      'smtp/courier: a 250 before the end of the message does not make it taken',
      'smtp/courier: octets in plain text after the answer to STARTTLS are not read as the secured session',
    ]),
    claim('Content is sealed before it is written.', [
      'store/sqlite-sealing: no octet of a message and no key stands in the data folder',
    ]),
    claim('After a crash of a large database every page is read beside the work, and damage ends it.', [
      'store/unread-pages: damage in what mail only adds to ends the store once it is found, and no later start serves it',
      'store/unread-pages: a large file is read beside the work after a kill, and not after a stop',
    ]),
    claim('The control socket (0600) gives all rights to its user.', [
      'admin/socket: the control socket is open to its own user only',
    ]),
    claim('a change without a name is refused', [
      'gateway/reasons: a change has a person, and the refusal of one that has none stands in the trail',
    ]),
    claim('what nothing undoes without a reason too', [
      'gateway/reasons: an operation that nothing undoes is refused without a reason, whoever speaks to the socket',
    ]),
    claim('runs only with two people behind it: two signatures', [
      'cli/approve-moves: two operators sign for a move of an address and of an account; both stand in the trail, and a plan needs nobody',
    ]),
    claim('or one beside an asker whom his passkey has shown.', [
      'console/approvals: who asks in the console and a colleague who approves with a passkey are two people, and the trail proves it',
    ]),
    claim('**The page where codes are used** (off by default).', [
      'claims/told: what the security page calls off by default is off',
    ]),
    claim('no login, no cookie, no script, no state between two requests.', [
      'self-service/codes: the form: both languages, a hint for each field, and headers that let nothing out or in',
    ]),
    claim('It is given by code alone what the code names', [
      'ca/issue: a code fetches one certificate, for the account and the use that it was made for',
      'ca/issue: a code for a password fetches no certificate',
    ]),
    claim('79 bits, five tries for each', [
      'ca/issue: wrong secrets for a known code use its tries up, and then the right one does not hold either',
      'claims/told: a one-time code has 79 bits, and five tries',
    ]),
    claim('back-off by code and network, one answer at one time for all that is wrong.', [
      'enrolment: wrong codes are throttled, answered at one time, and stand in the trail as one row',
    ]),
    claim('Backups and anchors of the trail lie there; the keys lie somewhere else again.', [
      'cli/backup: no key is in a backup, and no content: neither day keys nor the master key, in any form',
    ]),
    claim('content of one day each', [
      'crypto/key-folder: a day key is made once, kept wrapped, and found again',
      'store/sqlite-sealing: a day whose messages are gone loses its key, and the store opens without it',
    ]),
    claim('nothing without the master key', [
      'crypto/key-folder: a missing key, a wrong master key and an erased day each say what is wrong',
      'crypto/sealed-key: a sealed key opens with its key, purpose and id, and with nothing else',
      'crypto/partner-secrets: another partner, another master key and changed octets do not open them',
    ]),
    claim('a forged trail needs the database as well, and the anchors elsewhere still tell', [
      'cli/audit-unproven: a chain that was written anew is found, also by the report',
    ]),
    claim('revoke it there; old sessions stay closed (ECDHE)', [
      'platform/tls: TLS 1.2 with forward secrecy and TLS 1.3 are taken',
      'platform/tls: a client that offers only CBC suites is refused in the handshake',
    ]),
    claim('one password or certificate each', [
      'enrolment: account reset sends a code to the contact; the page gives a password for it, once, and the old one is gone',
    ]),
    claim('nothing: 79 bits behind the hash', ['claims/told: a one-time code has 79 bits, and five tries']),
    claim('no guessing: there are too many', ['claims/told: a password of a program has 256 random bits']),
    claim('(`keys.copy-to`: it has a new key each day)', [
      'backup/key-copies: a new day key is copied at the next look, the master key never, and the copy opens',
    ]),
    claim('Without them nobody can read the mail.', [
      'store/sqlite-opening: a lost day key is refused by its file name, and never made anew',
    ]),
    claim(
      'Erasing a day key (`keep-deleted` and the retention decide when) closes that day for ever, in every backup too.',
      [
        'backup/erased: an erased day stays closed in an old backup, and leaves no entry that a client would stumble over',
        'crypto/key-folder: an erased or closed day has none of its keys any more, and takes none',
      ],
    ),
    claim(
      '`message erase` closes one message so: the key of its day goes, and the keys of the others lie in `keys/DAY.kept`, sealed.',
      [
        'store/erasure: an erased message is gone from every mailbox, large or small; the others and its facts stay',
        'backup/erased-message: a new master key seals the kept keys anew',
      ],
    ),
    claim("These are the product's, each with the command that shows it", [
      'commands/statement: all 93 controls, once each and in order; each of the product names a command that there is, and the security page has its row',
    ]),
    claim(
      'Words in capitals are filled in; each command is run by a test (`test/cli/controls`), which reads what it prints.',
      ['cli/controls: what was exported is checked without the gateway, and one without names has none'],
    ),
    claim('`sluis statement` says what is in place here.', [
      'commands/statement: all in place says so of each sentence, and nothing set up says so of each that can be missing',
    ]),
    claim('nothing acknowledged is lost by a crash', [
      'gateway: after a failed sync no 250 follows, and the gateway says that it has failed',
      'faults/power: ${CUTS} power cuts after which ${unsynced} of the unsynced octets are there lose nothing',
    ]),
    claim('octet for octet; sender checked', [
      'smtp/content: every octet of a complete message stays (200 random messages, seeded)',
      'smtp/transaction: From and Sender must be the account itself, once and plainly',
    ]),
    claim('two factors as certificate and password (`login=both`)', [
      'certificate-login: an account logs in by what its setting says',
    ]),
    claim('yes: no plaintext, no unverified push', [
      'smtp/courier: a server without STARTTLS gets nothing',
      'smtp/courier: a certificate of another authority is not trusted (${tls})',
    ]),
    claim('no: a closed group of professionals', [
      'smtp/submission: a registered sender reaches a registered addressee, and nobody else',
    ]),
    claim('no: partners are registered', [
      "smtp/routing: mail for a partner's addresses is queued for it, with its DSN parameters, and for mailboxes filed",
    ]),
    claim('`audit.read`, with person and reason', [
      'cli/audit: rows are listed by account, event and time, and the look stands among them',
    ]),
    claim('The patient does not stand there: the gateway does not read content', [
      'trail/completeness: no row has content or a subject',
    ]),
    claim('hash chain, anchors; personal fields can be erased without breaking it', [
      'store/sqlite-contract: personal fields can be erased and the chain still verifies',
    ]),
  ],
  none: [
    { says: 'What is not here is not promised.', why: 'says how the page is to be read' },
    {
      says: 'That the product can do it is no proof that it was set up',
      why: 'warns of what the table does not show',
    },
    {
      says: 'Not applicable: 8.23 web filtering, 8.30 outsourced development',
      why: 'says why two controls are not the product’s; their table is held to that of the statement',
    },
    {
      says: 'The certification scheme has been inactive since May 2022; nobody can show a certificate.',
      why: 'tells of others',
    },
  ],
};
