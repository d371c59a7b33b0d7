/** Connections, logins, one-time codes, and sessions that fetch. */
import { type LogEvents, debug, either, error, info, warn } from './log-event.ts';

const FILES = 'Raise `LimitNOFILE` of the service.';
const STORE = 'Look at the lines of the store beside it.';
const FAULT = 'Keep the lines of this `session` and report them. The sender got 4xx and repeats.';

const EXPEL = 'The store could not say whether the account of an open session may continue. The session continues.';

export const LOGIN_EVENTS: LogEvents = {
  'auth.granted': either(
    ['info', 'debug'],
    'A login whose password was checked (by SCRAM: `how`), or by certificate (`certificate`, `how`).',
    'Nothing.',
  ),
  'auth.remembered': debug('A login by a password that is remembered.'),
  'auth.failed': debug('One failed login; `auth.refused` counts them.'),
  'auth.refused': warn(
    'Wrong names or passwords, counted by account, network and minute. Other values of `reason`: `password-off`, `certificate-missing`, `other-certificate` (a right password alone is not enough); `app-scope` (the app password is for something else); `not-on-listener`; `other-channel`, `binding-downgrade`, `binding-type`, `wrong-nonce` (a wrong SCRAM exchange).',
    '[SluisGuessing]. `other-channel`, `binding-downgrade`: somebody stands between client and gateway.',
  ),
  'auth.certificate_refused': warn(
    'A client certificate did not log in. `reason` is `no-issuer`, `expired`, `revoked`, `unregistered`, `foreign-identity`, `implicit-off` or another; `why`, `fingerprint` and `subject` are beside it. One line a minute each.',
    '`sluis account certificate list LOGIN`. `no-issuer`: its authority is not in `tls.client-authorities`.',
  ),
  'auth.busy': warn('Logins were not judged: back-off, overload or the store.', '[SluisLoginsNotJudged].'),
  'auth.rehash_failed': warn('An imported hash could not be replaced. The next login tries again.', STORE),
  'auth.error': error('The store could not answer a login.', STORE),
  'enrolment.answered': either(
    ['debug', 'warn'],
    'A request of the page for codes: page, status, time. It is a warning from status 500 on.',
    'See `enrolment.error`.',
  ),
  'enrolment.used': info('A code was used on the page: for what, by which account.'),
  'enrolment.failed': debug('A code that was refused, with the `reason`.'),
  'enrolment.refused': warn(
    'Codes that were refused, counted by account, network and minute. `reason` is `wrong`, `unknown`, `used`, `expired`, `too-many-tries`, `malformed`, `other-login`, `other-use` or `not-on-listener`.',
    'One practice: call it, and give a new code by `sluis account reset`. Many networks: somebody guesses; a code has 79 bits.',
  ),
  'enrolment.busy': warn(
    'Codes were not judged: back-off, or the store.',
    '`throttled`: it passes by itself. `store`: see `store.failed`.',
  ),
  'enrolment.turned-away': warn(
    'As `smtp.connection-refused`, of the page for codes.',
    'Look at the limits of `[connections]` and `networks` of the listener.',
  ),
  'enrolment.error': error(
    'A code was not judged for an internal error (`error`). It can be used again.',
    'No issuing authority: `sluis ca show`. Else look at `/ready` and the store.',
  ),
  'enrolment.listener': error('The page for codes accepts no connections for a moment (file descriptors).', FILES),
  'smtp.opened': debug('A connection to SMTP.'),
  'smtp.login': info('An account has logged in to SMTP.'),
  'smtp.connection-refused': warn(
    'A connection was refused, or closed for another one. `why` is a limit of `[connections]` (`total`, `network`, `range`), `displaced` (the oldest without a login made way), `stopping` or `not-on-listener`. The first of a network and minute has its `peer`, the others a `count`. Beyond 20 networks a minute they are counted together.',
    '[SluisConnectionsRefused]. `not-on-listener`: the client uses the wrong port.',
  ),
  'smtp.connection-error': debug('TLS errors and resets of peers.'),
  'smtp.cut': either(['info', 'debug'], 'A limit or a stop ended a session.', 'Nothing.'),
  'smtp.closed': either(
    ['info', 'debug'],
    'The end of a session, with `failedLogins`, and with `refused`: refused commands since the last message, if there were more than 20. Debug where nothing was said.',
    'Nothing.',
  ),
  'smtp.failed': either(['error', 'warn'], 'An internal error in one session. The sender got 4xx.', FAULT),
  'smtp.expel': error(EXPEL, STORE),
  'pop3.login': info('A POP3 session begins.'),
  'pop3.ended': either(
    ['info', 'debug'],
    'A POP3 session ends: messages retrieved and deleted, `failedLogins`. Debug where nothing was said.',
    'Nothing.',
  ),
  'pop3.in-use': info('The mailbox was open in another session.'),
  'pop3.injection': warn(
    'Octets before STLS were dropped: a broken program, or an attack.',
    'Once: nothing. Again from one network: look at that network.',
  ),
  'pop3.refused': warn(
    'As `smtp.connection-refused`, of POP3.',
    '[SluisConnectionsRefused]. `not-on-listener`: the client uses the wrong port.',
  ),
  'pop3.damaged': error(
    'Content did not verify. The connection was dropped, and nothing counts as fetched. **Call for help.**',
    'As for `store.content-damaged`.',
  ),
  'pop3.not-removed': warn(
    'A client closed without QUIT, and what `quirk-delete-on-disconnect` would have removed stays (`why`).',
    'Nothing: the messages are handed out again.',
  ),
  'pop3.failed': error('An internal error in one session.', FAULT),
  'pop3.listener': error('POP3 accepts no connections for a moment (file descriptors).', FILES),
  'pop3.expel': error(EXPEL, STORE),
  'ldap.login': info('A session with the directory begins.'),
  'ldap.ended': info(
    'A session with the directory ends: `ending`, `searches`, and the `entries` that it got. What was searched for is not logged.',
  ),
  'ldap.malformed': info(
    'A connection sent no LDAP, or a request above 64 KB (`why`), and was closed. It is mostly a scanner; of one practice again and again: its program and port.',
  ),
  'ldap.injection': warn(
    'Octets after StartTLS, sent before TLS, were dropped: a broken program, or an attack.',
    'Once: nothing. Again from one network: look at that network.',
  ),
  'ldap.refused': warn(
    'As `smtp.connection-refused`, of the directory.',
    '[SluisConnectionsRefused]. `not-on-listener`: the client uses the wrong port.',
  ),
  'ldap.failed': error('An internal error (`error`).', 'Look at `/ready` and the store. Else report the lines.'),
  'ldap.listener': error('The directory accepts no connections for a moment (file descriptors).', FILES),
  'ldap.expel': error(EXPEL, STORE),
  'https.expel': error(EXPEL, STORE),
  'directory.limited': warn(
    'An account reached its entries of the directory for this hour (`directory-entries-per-hour`), over the API, LDAP and the pages of accounts together.',
    'A program that copies everything again and again, or somebody who gathers addresses: `sluis account show LOGIN`. Its vendor keeps a copy and asks with `changedSince`. If it is right, raise the setting.',
  ),
  'maildrop.two-consumers': warn(
    'Two places delete mail of one account. Owner, organisation and operator are told once a week.',
    '`sluis mailbox consumers LOGIN`, then call: one of them leaves mail on the server, or gets a mailbox of its own.',
  ),
  'maildrop.stuck': warn(
    'The sessions of a mail program ended at the same message again and again (`sessions`); `did` is `told` or `held`.',
    '[SluisMessageStuck]. `held`: `sluis queue release --message ID` when the program is repaired.',
  ),
  'maildrop.stuck-not-told': error(
    'The letter about such a message, or its removal, failed (`why`). The next session tries again.',
    STORE,
  ),
  'maildrop.consumers-unknown': warn(
    'The store could not say who fetches a mailbox, or the owner could not be told. It is tried again.',
    STORE,
  ),
  'maildrop.claim-lapsed': info(
    'A worker of the API claimed messages and acknowledged none in time. They are free again, and may be fetched twice.',
  ),
  'maildrop.claim-not-noted': warn(
    'What such a worker had fetched could not be noted (`why`). The messages are handed out again.',
    'Nothing, unless it continues.',
  ),
};
