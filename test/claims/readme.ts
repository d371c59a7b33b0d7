/** What the README promises. */
import { type PageClaims, claim } from './claim.ts';

export const README: PageClaims = {
  page: 'README.md',
  claims: [
    claim('a closed gate that lets registered ships through', [
      'smtp/submission: a registered sender reaches a registered addressee, and nobody else',
    ]),
    claim('or have their mail pushed to their own server over verified TLS.', [
      'push/push: a wrong certificate gets nothing until it is right again',
    ]),
    claim('Says `250` only when the message is on the disk', [
      'gateway: after a failed sync no 250 follows, and the gateway says that it has failed',
      'faults/power: ${CUTS} power cuts after which ${unsynced} of the unsynced octets are there lose nothing',
    ]),
    claim("and in every addressee's mailbox.", [
      'gateway/notices: NOTIFY=SUCCESS is answered at once: the message stands in the mailbox',
    ]),
    claim('Hands out the octets that were sent.', [
      'smtp/content: every octet of a complete message stays (200 random messages, seeded)',
    ]),
    claim(
      'The only changes: Received, Authentication-Results, a missing Date or Message-ID, no Bcc, no verdicts of others, CRLF line ends.',
      ['smtp/content: a message without Date or Message-ID gets them; Bcc and verdicts go; nothing else moves'],
    ),
    claim('Lets an account send as its own addresses and those delegated to it, and as nobody else.', [
      'submission/submission: MAIL FROM must be an address of the account, or one that is delegated to it',
      'smtp/transaction: From and Sender must be the account itself, once and plainly',
    ]),
    claim("Verifies a partner's server by authority, name and pin", [
      'smtp/courier: a certificate of another name is not trusted (${tls})',
      'smtp/courier: a certificate of another authority is not trusted (${tls})',
      'smtp/courier: a certificate that is not pinned is not trusted (${tls})',
    ]),
    claim('or by DANE', [
      'smtp/courier-dane: a certificate that meets no record is refused, whoever issued it, and its owner hears no login',
    ]),
    claim('and signs what it pushes (DKIM) for partners that ask for it.', [
      'push/dkim: a delivery is signed for a partner who wants it and for nobody else, and the trail says by which domain',
    ]),
    claim('Signs, encrypts, verifies and opens S/MIME and PGP/MIME for those who cannot do it themselves.', [
      'protection/smime-open: both profiles are opened to what was sent, with the outcome on top',
      'protection/pgp-protect: a copy is signed and encrypted, and opens to the same octets; strong hides the subject',
    ]),
    claim('Reads the envelopes of EDIFACT and HL7 without changing an octet', [
      'smtp/edi-guard: a warning is in the trace and the log with parties and reference, and nothing of a message; the octets are untouched',
    ]),
    claim('It warns, holds or refuses what does not belong to its sender or addressee.', [
      'smtp/edi-guard: a refusal names what is wrong in one line, and files nothing for anybody',
      'smtp/edi-guard: an addressee decides of what reaches it: only its own copy is held, sender and operator are told at once',
    ]),
    claim('Has mail scanned for malware where an operator runs ClamAV', [
      'scan/step: malware is refused with its name, with a row in the trail and an event in the log',
    ]),
    claim('what it opens for addressees too', ['scan/step: what the gateway opens is scanned before it is filed']),
    claim('Tells senders in Dutch and English what became of a message', [
      'notices/notice: a failure tells in Dutch and English what happened and what to do',
    ]),
    claim('and warns of mailboxes that nobody empties.', [
      'notices/uncollected: after two working days the contact is warned and the operator has a digest; again after a week',
    ]),
    claim('Deleted mail can be handed out again for 14 days.', [
      'admin/delivery-verbs: what was deleted is handed out again under a new UIDL, and the owner hears why and until when',
    ]),
    claim('Seals content at rest under day keys that lie outside the data', [
      'store/sqlite-sealing: no octet of a message and no key stands in the data folder',
    ]),
    claim('It backs up while mail goes on, and restores with proof.', [
      'cli/backup: a restored gateway has every message, its UIDLs, ids and passwords; what came later is not in it, and it says so',
      'faults/backup: a backup under full submission restores to every message acknowledged before it, none half, and mail flows meanwhile',
    ]),
    claim('Keeps an audit trail that others can check elsewhere', [
      'cli/audit: an export is checked without the gateway, with openssl for its anchors, and every change is named',
    ]),
    claim('and forwards it to a collector of logs (SIEM).', [
      'trail/forwarding: rows go out in their order from the moment on in which it is switched on, and the mark follows what has arrived',
    ]),
    claim('Trail and logs hold no subject, content or password.', [
      'smtp/transaction: what was accepted stands in the audit trail and the log, without subject or content',
      'smtp/parts: no file name reaches the log',
      'gateway: no password reaches the log, in clear or in base64',
      'smtp/session: no password reaches the log, in clear or in base64, right or wrong',
    ]),
    claim('and hands out passwords and certificates by one-time codes.', [
      'enrolment: account reset sends a code to the contact; the page gives a password for it, once, and the old one is gone',
      'ca/issue: a code fetches one certificate, for the account and the use that it was made for',
    ]),
    claim('Shows addressees and their certificates over LDAP and HTTPS', [
      'ldap/attributes: an entry has its certificate as it was registered, under each name that programs ask by, and none where there is none',
      'ldap/server: an entry is an inetOrgPerson; what was asked for is shown, and nothing else',
    ]),
    claim('where their organisation agreed.', [
      'ldap/server: nobody is listed before the organisation agreed, and nobody who has ended or is suspended ever is',
    ]),
    claim('Sets up Thunderbird and Outlook from address and password alone', [
      'self-service/setup: every address of a domain of ours gets the same settings, at each name that programs ask, and no log tells whose',
      'long/setup: Thunderbird finds its settings from the address, logs in, and fetches and sends by them',
    ]),
    claim("and Apple's devices by signed profiles.", [
      'peers/profile: openssl verifies a profile by the authority of the listener, also after its certificate was renewed',
    ]),
    claim('Issues certificates', [
      'crypto/authority: openssl accepts root, intermediate, login and mail certificates (${kind})',
    ]),
    claim('Brings health checks, metrics, a dashboard and alarms.', [
      'gateway/metrics: every metric that the dashboard and the alarms name is told of by a gateway',
    ]),
    claim('Take mail from, or for, anybody who is not registered.', [
      'smtp/submission: a registered sender reaches a registered addressee, and nobody else',
    ]),
    claim('There is no relaying and no catch-all.', [
      'domain/policy: unregistered and ended look the same, suspended is told apart',
    ]),
    claim('Log anybody in outside TLS', ['smtp/session: nobody logs in or sends before TLS']),
    claim('serve TLS older than 1.2', ['platform/tls: a TLS 1.1 client is refused in the handshake']),
    claim('push to a server that it cannot verify', ['smtp/courier: a server without STARTTLS gets nothing']),
    claim('or start without a key and certificate of its own.', [
      'gateway: a gateway does not start without a certificate that belongs to its key',
      'platform/tls: serverTlsOptions() refuses material that cannot be served and says what to do',
    ]),
    claim('Start on a missing, newer or visibly damaged database', [
      'store/sqlite-opening: a database of a newer program is refused',
      'store/sqlite-opening: a store without a database is refused, and says whether it was ever initialised',
      'store/sqlite-opening: a truncated database is refused',
    ]),
    claim('or with the wrong key.', [
      'store/sqlite-opening: a wrong sealing key is refused, the right one still opens',
    ]),
    claim('It never makes a new one in its place.', [
      'cli/init: a database that is missing though initialised stops serve; nothing is made in its place',
    ]),
    claim('strangers cannot send.', [
      'smtp/submission: a registered sender reaches a registered addressee, and nobody else',
    ]),
    claim('Give an address that has ended to somebody else.', [
      'store/sqlite-contract: an ended address is never given to anybody again, and an ended account ends its addresses',
    ]),
    claim('IMAP: mail belongs with the practice, and leaves the gateway once it is there.', [
      'claims/told: a listener speaks what the pages name, and neither IMAP nor web mail',
    ]),
    claim('`npm run claims` prints each promise of this page with the test that shows it.', [
      'claims/claims: every sentence that promises is quoted, with what shows it, or stands among the few that promise nothing, with the reason',
      'claims/claims: what is changed to see a test fail stands in the source once, and is of a test that a claim names',
    ]),
  ],
  none: [{ says: 'Until then Sluis is not for use by others.', why: 'says what is not allowed yet' }],
};
