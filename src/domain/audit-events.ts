/**
 * Every event of the audit trail: which of NEN 7513's logs it belongs to, what it does to what it
 * is about, and in which field of NEN 7513 a part of a row stands. docs/signals.md shows this table
 * (`npm run docs`), retention and exports go by it.
 */
import { nearest } from './nearest.ts';

/**
 * Which log a row belongs to, and so how long who and where are kept. `access`: who came in, and
 * who saw what. `change`: what people changed, used or asked for. `chain`: what became of a
 * message. `technical`: what the gateway did by itself.
 */
export type AuditLogKind = 'access' | 'change' | 'chain' | 'technical';
export const AUDIT_LOG_KINDS: readonly AuditLogKind[] = ['access', 'change', 'chain', 'technical'];

/** EventActionCode of NEN 7513, from DICOM and RFC 3881: create, read, update, delete, execute. */
export type ActionCode = 'C' | 'R' | 'U' | 'D' | 'E';

export interface AuditMeaning {
  readonly kind: AuditLogKind;
  readonly action: ActionCode;
  readonly about: string;
}

const of = (kind: AuditLogKind, action: ActionCode, about: string): AuditMeaning => ({ kind, action, about });

/** By name; `area.*` stands for the events of that area that have no line of their own. */
export const AUDIT_EVENTS: Readonly<Record<string, AuditMeaning>> = {
  'login.granted': of(
    'access',
    'E',
    'a login: by which password or certificate, TLS version, cipher, what an SMTP client calls itself; those by a remembered password are counted, one row an hour',
  ),
  'login.refused': of(
    'access',
    'E',
    'logins that failed: one row for account, network, reason and minute, with a count; above 1,000 rows a minute the rest is one row for each reason, its login and network `(others)`',
  ),
  'login.busy': of('access', 'E', 'logins that were not judged (throttled, no space, store), counted likewise'),
  'enrolment.used': of(
    'access',
    'E',
    'a one-time code was used on the page: for a password or a certificate, from where',
  ),
  'enrolment.refused': of(
    'access',
    'E',
    'codes on the page that did not hold: one row for account, network, reason and minute, with a count and `(others)` as for logins',
  ),
  'enrolment.busy': of('access', 'E', 'codes on the page that were not judged (throttled, store), counted likewise'),
  'message.accepted': of('chain', 'C', 'a submission, or a message that the gateway wrote'),
  'message.imported': of('change', 'C', 'a message of another server was taken over, with its UIDL there'),
  'message.returned': of(
    'change',
    'U',
    'a message that nobody had fetched left its mailbox, to go back to the old server',
  ),
  'message.refused': of(
    'chain',
    'C',
    'a submission that was refused, with the reason; at MAIL and RCPT one row a minute, counted',
  ),
  'message.protected': of('chain', 'U', 'signed or encrypted: the key of the sender or the gateway was used'),
  'message.not-encrypted': of(
    'chain',
    'U',
    'recipients that got it without encryption where encryption was wished for',
  ),
  'message.collected': of(
    'access',
    'R',
    'a message, or a part of it, was fetched to its end; removed: and deleted with it',
  ),
  'message.exported': of('access', 'R', 'given out to an operator in an export of the mailbox, for its owner'),
  'message.deleted': of('access', 'D', 'deleted without being fetched in that session'),
  'message.expired': of('chain', 'D', 'not fetched in its time: taken out of the mailbox'),
  'message.withdrawn': of('change', 'D', 'taken back by an operator'),
  'message.erased': of(
    'change',
    'D',
    'content erased by an operator, in mailboxes and, two days later, in every backup',
  ),
  'store.messages-erased': of(
    'technical',
    'D',
    'erased messages of a day are closed in every backup: the key of the day is destroyed, those of its other messages are kept',
  ),
  'maildrop.committed': of(
    'access',
    'D',
    'the end of a session, or an acknowledgement, that fetched or deleted: how many',
  ),
  'maildrop.previewed': of(
    'access',
    'R',
    'the beginning of messages was shown (TOP, or a listing) that had not been fetched before',
  ),
  'maildrop.moved': of('change', 'U', 'mail followed an account that went to another organisation: how many'),
  'maildrop.restored': of('change', 'C', 'deleted messages handed out again'),
  'takeover.rehearsed': of('change', 'U', 'a practice was rehearsed for a wave: mailboxes, messages, problems'),
  'takeover.moved': of('change', 'U', 'all mailboxes of a practice are taken over'),
  'takeover.going-back': of('change', 'U', 'mail of a practice may be given back to the old server'),
  'takeover.returned': of('change', 'U', 'all mailboxes of a practice went back to the old server'),
  'takeover.letter': of('change', 'E', 'a letter about the move was written or filed for a practice: which'),
  'notice.sending': of('change', 'E', 'a message of the operator to the contacts of organisations: begun, to how many'),
  'notice.sent': of('change', 'E', 'its end: who was told now, who before, how many not at all'),
  'notice.*': of('chain', 'C', 'a notice of the gateway: filed, or why not'),
  'delivery.relayed': of('chain', 'E', 'pushed to the mail server of a partner, which accepted it'),
  'delivery.failed': of('chain', 'E', 'the push failed for good'),
  'delivery.delayed': of('chain', 'E', 'the push waits, and the sender was told'),
  'delivery.*': of(
    'change',
    'U',
    'deliveries held, released or hurried by an operator; held: also a message that was taken out of its mailbox, since a mail program ended at it again and again',
  ),
  'smime.*': of('chain', 'R', 'S/MIME verified, or opened with a key that the gateway holds'),
  'pgp.*': of('chain', 'R', 'PGP verified, or opened with a key that the gateway holds'),
  'scan.found': of(
    'chain',
    'R',
    'malware in a submission, or in what the gateway opened of it: the name of the signature',
  ),
  'scan.marked': of(
    'chain',
    'R',
    'a submission passed unscanned, or not wholly scanned, as a setting or an exemption wants: why',
  ),
  'scan.exempted': of(
    'change',
    'U',
    'what an account submits, or interchanges of it, passes unscanned from now on, as two people decided',
  ),
  'scan.exemption-ended': of('change', 'U', 'what an account submits is scanned again'),
  'edi.*': of('chain', 'R', 'what the guard saw in interchanges: held, warned of, seen before'),
  'registry.*': of(
    'change',
    'U',
    'organisations, accounts, addresses, passwords, certificates for login, settings, absences, partners',
  ),
  'certificate.*': of('change', 'U', 'certificates and held mail keys: issued, renewed, revoked, enrolled'),
  'password.*': of(
    'change',
    'U',
    'one-time codes for passwords: issued (`by: letter` where whoever ran the command held the code), used, refused; tries from the network are counted as logins are',
  ),
  'authority.list-signed': of('technical', 'C', 'a revocation list was signed with the key of the authority'),
  'authority.*': of('change', 'U', 'keys and certificates of the own authority'),
  'pgp-key.*': of('change', 'U', 'OpenPGP keys'),
  'operator.changed': of(
    'change',
    'E',
    'a person asked for a change, done or refused; dry-run: only what it would do; proof: by what the person is known (a token, a certificate, two signatures), without it the name is what the caller said',
  ),
  'operator.looked': of('access', 'R', 'a person looked: trace, queue, accounts, certificates and all other listings'),
  'audit.read': of('access', 'R', 'a look at the trail itself: list, export, verify, report'),
  'audit.*': of('change', 'D', 'who and where were erased from the trail, by a person or after their time'),
  'store.opened': of('access', 'E', 'direct access to the database: a command opened it while no gateway ran'),
  'store.closed': of('access', 'E', 'the end of that'),
  'cluster.day-key-erased': of(
    'technical',
    'D',
    'another gateway of this store destroyed the keys of a day whose time was over, and proved it',
  ),
  'store.*': of('technical', 'D', 'content, traces and day keys removed after their time'),
  'backup.*': of('change', 'E', 'backups: taken, failed, restored from'),
  'configuration.loaded': of(
    'change',
    'U',
    'SHA-256 of the configuration file at a start, and the names of the settings that changed',
  ),
  'configuration.reloaded': of(
    'change',
    'U',
    'the configuration was read again: its SHA-256, what was applied, what waits for a start',
  ),
  'operator.added': of('change', 'C', 'an operator, with role, certificate, key'),
  'operator.rights-changed': of('change', 'U', 'another role, certificate, key or end of an operator'),
  'operator.removed': of('change', 'D', 'an operator has ended: tokens, certificate and signature no longer count'),
  'operator.token-added': of('change', 'C', 'a token of an operator, with its role and end'),
  'operator.token-ended': of('change', 'D', 'a token was ended'),
  'operator.code-made': of(
    'change',
    'C',
    'a one-time code with which an operator registers a passkey, and until when it holds',
  ),
  'operator.passkey-added': of(
    'change',
    'C',
    'an operator registered a passkey with the code: which model, from where',
  ),
  'operator.passkey-ended': of('change', 'D', 'a passkey was ended, and the sessions that it began'),
  'operator.identity-added': of(
    'change',
    'C',
    'somebody whom an OpenID provider vouches for came for the first time, and is an operator',
  ),
  'operator.identity-released': of('change', 'D', 'whom the provider means by it is new at the next login'),
  'operator.break-glass-made': of('change', 'C', 'the account for emergencies has other secrets, and which role'),
  'console.break-glass': of('access', 'E', 'somebody got in with the account for emergencies'),
  'console.logged-in': of(
    'access',
    'E',
    'an operator logged in to the web console: by which means and passkey, from where',
  ),
  'console.proven': of(
    'access',
    'E',
    'the holder of a session has shown again that it is he, for what cannot be undone',
  ),
  'console.logged-out': of('access', 'E', 'a session of the web console was ended, by whom'),
  'console.refused': of(
    'access',
    'E',
    'logins, codes and cookies of the web console that were refused: one row for reason, network and minute, with a count',
  ),
  'self-service.code-made': of(
    'access',
    'E',
    'the password was right at the pages of accounts, and a code went by mail',
  ),
  'self-service.logged-in': of(
    'access',
    'E',
    'an account logged in to its own pages: with which password, with a code or which certificate, from where',
  ),
  'self-service.logged-out': of('access', 'E', 'a session at the pages of accounts was ended'),
  'self-service.refused': of(
    'access',
    'E',
    'codes and cookies that were refused at the pages of accounts: one row for reason, network and minute, with a count',
  ),
  'operator.token-refused': of('access', 'E', 'somebody came with a token that is not taken, and why'),
  'webhook.*': of('change', 'U', 'webhooks: added, changed, paused, resumed, ended, another secret'),
  'operators.*': of('change', 'U', 'which verbs need a second person'),
  'approval.signed': of(
    'change',
    'E',
    'an operator signed a request that needs a second person: with which key; or with a passkey (proof: passkey), with all that proves what was signed, and how it was known that the asker asked',
  ),
  'approval.rejected': of('change', 'E', 'an operator refused such a request with a passkey, with the same proof'),
  'approval.*': of(
    'change',
    'E',
    'requests that need a second person: asked, used, refused because somebody tried it wrongly',
  ),
  'evidence.bundle': of('access', 'R', 'all evidence about a message was given out, signed'),
  'evidence.*': of('change', 'E', 'a statement was signed with the key of evidence'),
  'doctor.ran': of('technical', 'E', 'the gateway examined itself: how many findings, and which'),
  'key.verified': of('access', 'E', 'shares were shown to make the master key'),
  'key.*': of('change', 'E', 'the master key was put in escrow, or made again'),
  'gateway.started': of('technical', 'E', 'start of gateway and logging; before: whether the trail ended in order'),
  'gateway.stopped': of('technical', 'E', 'end of gateway and logging'),
  'site.*': of('change', 'E', 'the sites: a switch there and back was written down, one place alone may acknowledge'),
  'gateway.drained': of('change', 'E', 'an operator keeps new sessions away, as far as load balancers go by /ready'),
  'gateway.drain-ended': of('change', 'E', 'new sessions are taken again'),
  'gateway.reloaded': of('technical', 'E', 'keys and certificates read again'),
  'tls.certificates': of('technical', 'E', 'the certificates that listeners show'),
};

const UNKNOWN: AuditMeaning = of('change', 'E', 'of a later version');

/** The meaning of an event. One that is unknown here is kept as long as any other. */
export const meaningOf = (event: string): AuditMeaning =>
  AUDIT_EVENTS[event] ?? AUDIT_EVENTS[`${event.split('.', 1)[0] ?? ''}.*`] ?? UNKNOWN;

/** Where the parts of a row stand in NEN 7513. */
export const NEN7513_FIELDS: readonly (readonly [field: string, part: string])[] = [
  ['EventID', 'seq'],
  ['EventActionCode', 'by the event, see above'],
  ['EventDateTime', 'at'],
  ['EventOutcomeIndicator', 'outcome: 0 success, 4 failure'],
  ['EventTypeCode', 'event'],
  [
    'UserID',
    'personal.actor (person at the command line), else personal.login, else the account that came by itself, else the host name; null if it was erased or left out',
  ],
  ['AlternateUserID', 'account: the account on whose behalf, if it is not UserID; null without one'],
  ['UserIsRequestor', 'true if a person or an account asked for it'],
  ['PurposeOfUse', 'personal.reason (`--reason`)'],
  ['NetworkAccessPointTypeCode', '2 (address) if there is one'],
  ['NetworkAccessPointID', 'personal.network or personal.address'],
  ['ParticipantObjectTypeCode', '2 (system object)'],
  ['ParticipantObjectIDTypeCode', '"message" or "account"'],
  ['ParticipantObjectID', 'message, else account'],
  ['ParticipantObjectDetail', 'facts, and what else personal says'],
  ['AuditEnterpriseSiteID', 'host name of the export'],
  ['AuditSourceID', 'host name of the export'],
  ['AuditSourceTypeCode', '4 (application server)'],
];

const NAMES = Object.keys(AUDIT_EVENTS);

/**
 * Whether an event can begin so; of an area that is known as a whole, whatever stands behind its
 * dot.
 */
export const isBeginningOfEvent = (text: string): boolean =>
  NAMES.some((name) => name.startsWith(text) || (name.endsWith('.*') && text.startsWith(name.slice(0, -1))));

/** The event or area that was meant, where it is near. */
export const nearestEvent = (text: string): string | undefined =>
  nearest(text, [...new Set(NAMES.flatMap((name) => [name.replace('.*', ''), name.split('.', 1)[0] ?? '']))]);
