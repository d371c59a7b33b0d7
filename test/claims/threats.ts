/** What the security page promises in its table of threats: what stands in the way. */
import { type PageClaims, claim } from './claim.ts';

export const THREATS: PageClaims = {
  page: 'docs/security.md',
  claims: [
    claim('TLS with ECDHE and AEAD', [
      'platform/tls: a client that offers only CBC suites is refused in the handshake',
    ]),
    claim('X25519MLKEM768 with clients that have it', [
      'platform/tls: a client of TLS 1.3 that offers nothing but X25519MLKEM768 is taken, and openssl agrees on it by itself',
    ]),
    claim('no plain login, nothing from before STARTTLS counts', [
      'smtp/session: what is pipelined behind STARTTLS is dropped',
      'smtp/session: nobody logs in or sends before TLS',
    ]),
    claim('`sluis doctor` grades it', [
      'cli/doctor: doctor finds every listener of a gateway sufficient, and a legacy one until its last day',
    ]),
    claim('no relaying, no catch-all', [
      'domain/policy: unregistered and ended look the same, suspended is told apart',
    ]),
    claim("MAIL FROM, From and Sender must be the account's", [
      'smtp/transaction: From and Sender must be the account itself, once and plainly',
    ]),
    claim('and no name in them, nor in Reply-To, shows another address', [
      'claims/told: a name that shows an address of somebody else is refused in From, Sender and Reply-To',
    ]),
    claim('argon2id, back-off by account and network', [
      'auth/throttle: the first guesses are judged at once, then each failure doubles the wait up to the cap',
      'crypto/password: hashPassword() writes argon2id with 19 MiB, 2 passes and its own salt, and verifyPassword() opens it',
    ]),
    claim('one text and one time for unknown, wrong, blocked and known to the network', [
      'auth/authenticate: unknown login, wrong password, suspended, ended, impossible: refused alike, after one hash each',
      'auth/authenticate: a wrong password at an account that is known to the network looks and takes as at any other, whatever the back-off',
    ]),
    claim('owners get in from networks they used before and once from a new one', [
      'auth/throttle: a network that the account knows is not held up by strangers, in whatever number',
      'auth/authenticate: an owner in a new network gets in at once while others guess from their networks, and so does one who proves it by SCRAM',
    ]),
    claim('limits on connections, commands, time, sizes and work of each kind', [
      'smtp/session: connections over the limit are refused in words, an account with its share as well',
      'smtp/session: ten commands that are not understood, or twenty before a login, end the session',
      'smtp/transaction: the size limits: of the gateway, of the addressee, declared and not',
    ]),
    claim('nobody is anonymous, nothing goes by before TLS', [
      'ldap/server: nothing is judged and nothing shown before TLS; StartTLS drops what came before it',
      'ldap/server: whoever has no login reads what the server can do, and nothing else',
    ]),
    claim('requests are bounded by octets, depth, terms, entries and time, before their octets are there', [
      'ldap/frames: what is no message, or says that it is too long, is refused before its octets are there',
      'ldap/filter: a filter too deep or too long is refused',
    ]),
    claim(
      'the answer is made of the configuration and the domain, no row is read, and it is the same for every address',
      [
        'self-service/setup: every address of a domain of ours gets the same settings, at each name that programs ask, and no log tells whose',
      ],
    ),
    claim('only over HTTPS, bounded, escaped, no document type is read', [
      'self-service/setup: autodiscover answers the same for every address, takes what Outlook sends, and nothing larger or stranger',
      'self-service/setup: a request is read as text: prefixes and attributes are taken, nesting and length are not',
    ]),
    claim('404 for every question of WebDAV, and no 401 that it could answer', [
      'self-service/setup: whoever looks for an address book or a calendar is never asked for a password, whatever is configured',
    ]),
    claim('only CRLF.CRLF ends DATA', [
      'smtp/data-decoder: only CRLF.CRLF ends the data, wherever packets are cut (20,000 cuts of adversarial text, seeded)',
    ]),
    claim('bare CR and LF never reach a partner', [
      'smtp/content: bare line ends are made CRLF and counted, or refused where the account is set so; NUL is always refused',
    ]),
    claim('passkeys with user verification, bound to its host name, no names asked for', [
      'console/log-in: a passkey is refused that is unknown, of another page, without verification, replayed, or copied',
    ]),
    claim('state, nonce and PKCE bound to the browser, issuer and signature checked, an answer serves once', [
      'console/provider: an answer that does not fit is refused: other keys, issuer, audience, nonce, state, time, and no word of the issuer',
    ]),
    claim('codes that count once, sealed, whose use is told at once', [
      'console/break-glass: the account for emergencies lets in with password and code, each code once, and its use is told',
    ]),
    claim('Origin and a token in each form', ['console/log-in: a form of another page does nothing']),
    claim('`__Host-` cookie, CSP without script of others, no frames', [
      'console/parts: headers are an A+ by the published rules of the observatory',
      'console/parts: cookies hold for this host over TLS alone, and one that stands there twice is nobody’s',
    ]),
    claim('a session holds for the range of networks that it began in, half an hour without use', [
      'console/log-in: a session that is used from another range of networks ends, for whoever has its cookie',
      'console/log-in: a session ends after half an hour without a request, and after ten hours',
    ]),
    claim('and ends with the rights of its operator', [
      'store/console: other rights, an end by the clock and an end for good leave no session',
    ]),
    claim('own addresses only; one text for foreign and unknown senders', [
      'claims/told: a sender of somebody else and one of nobody get one answer',
    ]),
    claim('hourly limits, `unknown-recipients-per-hour`', [
      'smtp/transaction: messages, recipients and unknown recipients an hour have limits, each with a reply and a log line',
    ]),
    claim('`directory-entries-per-hour`', [
      'ldap/server: an hour holds so many entries for an account, over all its connections; then searches are refused',
    ]),
    claim('accounts take turns in every line', [
      'platform/fair-line: one key with many is one among two, and each keeps its order',
      'faults/one-account: ${load.what} over ${CONNECTIONS} connections of one account: another waits for a few turns',
    ]),
    claim('one writer for all that commands print makes control and invisible characters visible', [
      'cli/visible-output: every writer of output makes text visible, and JSON means the same',
    ]),
    claim('CSV has no formula', [
      'cli/visible-output: a cell of CSV that a spreadsheet would take for a formula is none',
    ]),
    claim('every Authentication-Results that comes in is removed', [
      'smtp/content: no spelling of a verdict comes through; the one on top is ours and says that nothing was checked',
    ]),
    claim('out of what was encrypted too', [
      'protection/smime-open: no verdict comes out of what was encrypted: not by another spelling, not behind a bare line end, not where it stays closed',
    ]),
    claim('ours is the first field of every submitted message', [
      'smtp/content: no spelling of a verdict comes through; the one on top is ours and says that nothing was checked',
    ]),
    claim('`stuck-messages=hold`: it is set aside after some sessions that end at it, kept, and told of', [
      'pickup/stuck: so many sessions in a row that end at one message are enough, and it is done once',
    ]),
    claim('no more than one from a program that gets behind none', [
      'pickup/stuck: a program that fails at whatever comes first has one message taken from it, and then nobody touches its mail',
    ]),
    claim('MIME, CMS, PGP and EDI readers are bounded and fuzzed', [
      'crypto/cms/limits: nesting of 1,000 levels is refused, of definite and of indefinite length, and in a content in parts',
      'crypto/der: size, depth and number of values are limited',
      'mime/walk: limits are reported, and what was seen before stays',
    ]),
    claim('what the worst input of each costs is measured', [
      'faults/parser-cost: no parser takes more processor time than its input is worth',
    ]),
    claim('content is never changed for display', [
      'smtp/content: every octet of a complete message stays (200 random messages, seeded)',
    ]),
    claim('is scanned before the `250`, and malware is refused', [
      'scan/step: malware is refused with its name, with a row in the trail and an event in the log',
      'scan/step: what the gateway opens is scanned before it is filed',
    ]),
    claim('a scanner that says OK beyond its limits is found out by two archives, and counts as away', [
      'scan/scanner: scan() believes no OK of a scanner that says OK beyond its limits, of ${what}',
    ]),
    claim('names of signatures are cleaned before they stand in a reply', [
      'scan/verdict: verdictOf() lets no name write into a reply',
    ]),
    claim('a refusal that depends on opened content only where nothing in it can have been changed', [
      'scan/step: a scanner that fails over what was opened is told of only where the sender wrote all of it',
    ]),
    claim('else the addressee gets it unopened and the sender hears nothing', [
      'scan/step: of what may have been changed on its way the sender learns nothing: the addressee gets it unopened, with the reason in the trail',
    ]),
    claim('half of the places at most for one account, turns, a time for each wait', [
      'scan/scanner: scan() lets half of its places to one account, and gives the next one to another',
      'scan/scanner: scan() waits for its turn no longer than it is told, and not for a client that has gone',
    ]),
    claim('content is read no faster than the scanner takes it', [
      'scan/line: askClamd() takes no more content than a slow scanner does, and gives it up in time',
    ]),
    claim('it is on this machine alone (a Unix socket, or loopback)', [
      'claims/told: a scanner on another machine is refused by the configuration',
    ]),
    claim("an answer that is not exactly one of clamd's is no verdict", [
      'scan/verdict: verdictOf() takes nothing else for a verdict',
    ]),
    claim('the code goes to the registered contact alone', [
      'enrolment: account reset sends a code to the contact; the page gives a password for it, once, and the old one is gone',
    ]),
    claim('nothing changes until it is used', [
      'enrolment: account reset sends a code to the contact; the page gives a password for it, once, and the old one is gone',
    ]),
    claim('he sees none unless he writes the letter, and the trail then says so', [
      'enrolment: a letter is for the post: written once, 0600, its code works at the keyboard, --all takes the other passwords along',
    ]),
    claim('`Origin` and `Sec-Fetch-Site` are checked, nothing is cached, framed or told on', [
      'self-service/codes: forms of other pages are refused, those of this one and of programs are not',
      'self-service/codes: the form: both languages, a hint for each field, and headers that let nothing out or in',
    ]),
    claim('a password for each workplace and certificates are revoked alone, at once, in open sessions too', [
      'gateway: a revoked password is refused at the next login, although it was remembered',
      'auth/client-certificates: a certificate that was revoked in the registry is refused however it matches, and the other one is not',
    ]),
    claim('content is sealed; no command shows it; log and trail have no subject and no content', [
      'store/sqlite-sealing: no octet of a message and no key stands in the data folder',
      'trail/completeness: no row has content or a subject',
      'smtp/transaction: what was accepted stands in the audit trail and the log, without subject or content',
    ]),
    claim('each look at the trail stands in it', [
      'cli/audit: rows are listed by account, event and time, and the look stands among them',
    ]),
    claim('hash chain, signed every minute, anchors elsewhere', [
      'cli/audit: the gateway finds what was changed or cut off behind its back',
    ]),
    claim('which `audit verify` looks for by itself and misses aloud (exit code 9)', [
      'cli/audit-unproven: without anchors nothing is proven, and that is not a success',
    ]),
    claim('content under day keys that are in no backup', [
      'cli/backup: no key is in a backup, and no content: neither day keys nor the master key, in any form',
    ]),
    claim('private keys sealed under the master key; passwords as argon2id', [
      'crypto/sealed-key: nothing of the key can be seen in what is sealed, and a short master key is refused',
    ]),
    claim('sends as its own addresses and domains alone', [
      'smtp/routing: a partner submits as its addresses and its domain, in envelope and header, and as nobody else',
    ]),
    claim('gets mail for these alone', [
      "smtp/routing: mail for a partner's addresses is queued for it, with its DSN parameters, and for mailboxes filed",
    ]),
    claim('loops end', ['smtp/transaction: a message that loops is refused']),
    claim('TLS with a verified name', [
      'trail/forwarding: the certificate of the collector must lead to the authority and carry the name',
    ]),
    claim(
      'a step of rows at a time, what it says is thrown away, thirty seconds of standing still end the connection',
      [
        'trail/forwarding: a collector that ends, stands still or talks without end is nothing but a connection that ends',
        'trail/forwarding: a collector that takes nothing holds one step, however long the trail becomes',
      ],
    ),
    claim('mail knows nothing of it', [
      'trail/forwarding: while the collector is away the trail waits for it, tries come seldom, and one line of the log tells',
    ]),
    claim(
      'signed over body and fields, those of who wrote what once more than they are there, so a second From breaks it',
      [
        'crypto/dkim: fields are signed in the relaxed form, from the bottom up, those of who wrote what once more than they are there',
      ],
    ),
    claim('nothing is sent unsigned', [
      'push/dkim: a place that wants signed mail is paused where not every message could be signed',
    ]),
    claim('a key that cannot be used is an error at the start', [
      'crypto/dkim: a key that cannot be used is an error that says which and what to do, never one key less',
    ]),
    claim('no verification, no push: the mail waits and the alarm comes (`partner.untrusted`)', [
      'push/dispatcher: a certificate that cannot be trusted is an alarm, and fails no delivery',
      'push/push: a wrong certificate gets nothing until it is right again',
    ]),
    claim('only what a resolver on this machine has validated counts', [
      'dns/tlsa-lookup: records that were not validated count for nothing',
    ]),
    claim('what is no answer sends nothing, and never means "there are no records"', [
      'smtp/courier-dane: where nobody can say whether there are records nothing is connected to',
      'dns/tlsa-lookup: SERVFAIL at any question is no answer',
    ]),
    claim('a name behind an unsigned alias has no say', [
      'dns/tlsa-lookup: a name that an unsigned alias leads to has no say, however well it is signed itself',
    ]),
    claim("records never take the place of what the partner's record demands", [
      "smtp/courier-dane: what a partner's record demands holds besides: authorities, pins, name",
    ]),
    claim('opened only as a whole; CBC without a signature inside is flagged; one answer for every failure', [
      'crypto/smime/protect: CBC without a signature inside is flagged, and opened as what it is',
      'crypto/cms/damage: wrong paddings, wrong lengths and wrong keys all give one answer, after the whole content was read',
      'protection/smime-open: what cannot be opened is handed out with one text for every cause, and unchanged inside',
    ]),
    claim('notices are made of what was submitted; copies, their order and our refusals follow from settings', [
      'opened-copies: notices, receipts and replies are the same whether and what a gateway opens: ${VARIANTS} variants, seed ${SEED}',
    ]),
    claim('few packages, exact versions, lock with checksums, each confined to one folder by the linter', [
      'docs/packages: each package of the gateway is imported by the one folder that is told, and nothing else is imported',
      'docs/packages: every package of the gateway is told at its exact version, and no other',
    ]),
    claim('`250` after the commit, kill and power tests, deleted mail is kept', [
      'gateway: after a failed sync no 250 follows, and the gateway says that it has failed',
      'admin/delivery-verbs: what was deleted is handed out again under a new UIDL, and the owner hears why and until when',
    ]),
    claim('guards over EDI parties, withdrawal', [
      'smtp/edi-guard: a refusal names what is wrong in one line, and files nothing for anybody',
      'admin/delivery-verbs: a withdrawal takes back what nobody collected, says who had the rest, and tells the sender',
    ]),
  ],
  none: [],
};
