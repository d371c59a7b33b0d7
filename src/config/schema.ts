/**
 * Every choice of the configuration file: names, types, defaults and what they mean.
 *
 * docs/configuration.md is written from this file (`npm run docs`), and a test holds the two together. Policy about one organisation,
 * account or address is no configuration: it is a setting in the registry (domain/settings.ts).
 */
import { z } from './zod.ts';
import { RENEWALS } from '../domain/renewal.ts';
import { GROUP_ROLES, type GroupRole } from '../domain/roles.ts';
import { CHOSEN_VERBS } from '../domain/second-person.ts';
import {
  choice,
  choices,
  command,
  count,
  day,
  duration,
  durations,
  files,
  givenDuration,
  hostname,
  hostsByName,
  ipAddress,
  listenAt,
  localPort,
  localService,
  loopback,
  logins,
  mailAddress,
  mailDomains,
  namesByName,
  networks,
  optional,
  path,
  paths,
  server,
  servers,
  shortName,
  size,
  texts,
  timeOfDay,
  webFolder,
  webPage,
  words,
} from './fields.ts';

// Every field of these sections has a default, so a file may leave the section out; zod's type of the input does not know that.
const section = <S extends z.ZodRawShape>(shape: S): z.ZodPrefault<z.ZodObject<S, z.core.$strict>> => {
  const strict = z.strictObject(shape);
  return strict.prefault({} as never);
};

const listener = z.strictObject({
  name: shortName('Unique name, used in the log and in limits.'),
  protocol: choice(
    'What the listener speaks. https: the API for systems that do not speak mail. ldap: the directory, for address books of mail programs. enrolment: a page (https) where one-time codes are used, for passwords and certificates. console: pages (https) for operators, who log in with a passkey or at an OpenID provider. self-service: pages (https) where accounts help themselves. https, enrolment, console and self-service have TLS from the first octet.',
    ['smtp', 'pop3', 'ldap', 'enrolment', 'https', 'console', 'self-service'],
  ),
  address: ipAddress('Where it listens.', '0.0.0.0'),
  port: count('TCP port; 0 takes a free one, for tests.', undefined, 0, 65_535),
  tls: choice('TLS from the first octet, or after STARTTLS / STLS. No login is offered before TLS.', [
    'implicit',
    'starttls',
  ]),
  profile: choice(
    'intermediate: TLS 1.2 and 1.3, forward secrecy and AEAD. modern: TLS 1.3 alone. legacy: also the CBC suites of TLS 1.2, which the NCSC-NL guidelines phase out, for old systems on a port of their own; it needs profile-until, and accounts or networks.',
    ['intermediate', 'modern', 'legacy'],
    'intermediate',
  ),
  proxy: networks(
    "Load balancers whose connections start with a header of the PROXY protocol (version 1 or 2), which tells the client's address to limits and log. List only machines that nobody else can send from.",
  ),
  scram: choice(
    'Whether SCRAM-SHA-256 is offered. Many programs take the strongest mechanism they are offered, and one whose account has no SCRAM is then refused: offer it where every account has the setting scram, or on a port of its own.',
    ['off', 'offer'],
    'off',
  ),
  quirks: choices(
    'Habits of old SMTP clients. auth-equals: EHLO also offers AUTH=LOGIN, the form of 1998. lf-only: a client that ends DATA in a bare LF may end every line and the final dot so; messages could be smuggled in through a mail server there, so the listener needs accounts or networks, and accounts of partners do not have it.',
    ['auth-equals', 'lf-only'],
  ),
  'client-certificates': choice(
    'Whether clients of the protocols https, console and self-service are asked for a certificate, by which accounts and operators can be known; for the console and for self-service it is one of two factors (console.oidc.amr-with-certificate; beside the password). A browser then asks every visitor for one: give systems with certificates a listener of their own. Mail clients are always asked.',
    ['off', 'ask'],
    'off',
  ),
  'profile-until': optional(
    day(
      'Last day (UTC) of the profile legacy, which needs one. Then the listener closes; `check` refuses the configuration and `serve` continues without it. The log warns daily from 30 days before.',
    ),
  ),
  accounts: logins(
    'The accounts that may log in here; all when left out. Others are refused as with a wrong password, and the log says why.',
  ),
  networks: networks('The networks whose clients may connect here; all when left out.'),
  hostname: optional(
    hostname('Another name that the clients of this listener know the gateway by. Must be in its certificate.'),
  ),
  key: optional(paths('Private key of this listener alone, as in the section tls.')),
  certificate: optional(paths('Certificate of this listener alone, as in the section tls. Read again like that one.')),
});

const data = section({
  folder: path('Database, disk reserve and control socket. Belongs on a local disk; made with mode 0700.', 'data'),
  'control-socket': optional(path('Unix socket for the command line. Default: run/control.sock in the data folder.')),
});

const keys = section({
  folder: path('Day keys, wrapped by the master key. Never inside the data folder, never in a backup of it.', 'keys'),
  'master-key-file': optional(
    path(
      'File with the master key, mode 0600. Exactly one of file and command is required. Under systemd the credential sluis.master-key stands in for the file.',
    ),
  ),
  'master-key-command': optional(
    command('Program that prints the master key, such as a key store; no shell takes part.'),
  ),
  'copy-to': optional(
    path(
      'Where the gateway keeps a copy of the key folder, without the master key: each new day key within minutes. A mount on another machine, apart from backups. It must exist.',
    ),
  ),
});

const tls = z.strictObject({
  key: paths('Private key, PEM, mode 0600; with two certificates a list, in the same order.'),
  certificate: paths(
    'Certificate and its chain, PEM, with all host names; or a list of two, one with an ECDSA and one with an RSA key. Read again at SIGHUP, `sluis reload`, or when a file changes.',
  ),
  watch: duration('How often the files are looked at for a change; two looks must see the same.', '10s', '100ms', '1h'),
  renewal: choice(
    'Who renews the certificates: a program such as certbot or lego, whose failure is told of when less than three tenths of the life of a certificate are left, or people by hand. `auto`: a program, where a certificate lives for 100 days at most.',
    RENEWALS,
    'auto',
  ),
  'ticket-key-lifetime': duration(
    'How long a key, in memory only, seals the tickets by which sessions resume; gateways of one store have the same. A ticket of the key before leads to a full handshake.',
    '12h',
    '1m',
    '7d',
  ),
  'client-authorities': files(
    'PEM files with the authorities whose client certificates may be registered by name. None is needed for a certificate that is registered by its fingerprint. Read again with the certificate.',
  ),
  'client-revocation-lists': files(
    'Revocation lists (DER or PEM) of these authorities: files, or folders with .crl and .pem files, renamed into place. Read again when a file or folder changes. Where any is given, an authority without a list is refused; a list counts only where its issuer is in client-authorities.',
  ),
  'client-revocation-grace': duration(
    'How long a list counts after its next update was due, with a warning in the log; then certificates of its issuer are refused.',
    '7d',
    '0s',
    '90d',
  ),
});

const log = section({
  format: choice('One event a line: JSON for machines, or a readable line.', ['json', 'pretty'], 'json'),
  level: choice('The least severe events that are written.', ['debug', 'info', 'warn', 'error'], 'info'),
});

const connections = section({
  total: count(
    'Open connections in all. When all places are taken, the oldest connection without a login makes way; where there is none the next is answered 421 or -ERR [SYS/TEMP].',
    4000,
    1,
    100_000,
  ),
  'before-login': count(
    'Open connections without a login from networks where nobody has logged in within auth.trust-for, over all listeners; the oldest makes way for the next. The rest of total is kept for the others.',
    2000,
    1,
    100_000,
  ),
  'per-range': count(
    'Connections without a login, within before-login, from one IPv4 /24 or IPv6 /48.',
    128,
    1,
    100_000,
  ),
  'per-network': count('Open connections from one IPv4 address or IPv6 /64.', 64, 1, 100_000),
  'per-account': count('Open connections that are logged in to one account.', 32, 1, 100_000),
  'exempt-networks': networks(
    'Networks that before-login and the limits per range, network and account do not hold for, such as a host of many practices behind one address.',
  ),
  'start-time': duration(
    'Longest time from connecting until TLS is established, and from there to the first command. login-time counts from connecting.',
    '20s',
    '1s',
    '5m',
  ),
  announce: duration(
    'How long after SIGTERM everything still continues while /ready answers 503: as long as a load balancer takes to notice.',
    '0s',
    '0s',
    '5m',
  ),
  drain: duration('How long sessions may continue after SIGTERM before they are closed.', '25s', '0s', '10m'),
});

const smtp = section({
  'max-message': size(
    'Largest message, after encoding: base64 makes an attachment 37 % larger, so 50MB carries about 36 MB of files.',
    '50MB',
    '64KiB',
    '1GiB',
  ),
  'max-recipients': count('Recipients of one message; the next is answered 452 4.5.3.', 1000, 1, 1000),
  'login-time': duration(
    'Longest time from connecting to login, whatever the client sends meanwhile.',
    '2m',
    '1s',
    '30m',
  ),
  'command-time': duration(
    'Longest silence between two commands; RFC 5321 asks for at least 5 minutes.',
    '5m',
    '1s',
    '1d',
  ),
  'data-minimum': size(
    'Least amount of data that must arrive in each data-interval while a message comes in; a slower client is answered 421.',
    '16KiB',
    '1B',
    '100MiB',
  ),
  'data-interval': duration('Time within which data-minimum must arrive.', '1m', '1s', '1h'),
  'command-line': size('Longest command line.', '4KiB', '512B', '64KiB'),
  'auth-line': size('Longest line with a SASL response.', '12KiB', '1KiB', '64KiB'),
  'bad-commands': count('Unknown commands in one session, after which it is closed.', 10, 1, 10_000),
  'commands-before-login': count('Commands in one session before a login, after which it is closed.', 20, 4, 10_000),
  'failed-logins': count(
    'Unsuccessful logins in one session, refused or put off, after which it is closed.',
    5,
    1,
    1000,
  ),
});

const pop3 = section({
  'login-time': duration(
    'Longest time from connecting to login, whatever the client sends meanwhile.',
    '2m',
    '1s',
    '30m',
  ),
  'idle-time': duration(
    'Longest silence between two commands after login; RFC 1939 asks for at least 10 minutes.',
    '10m',
    '1s',
    '1d',
  ),
  'send-time': duration('How long the client may take to receive one piece of at most 64 KiB.', '2m', '1s', '1h'),
  'command-line': size('Longest command line.', '512B', '255B', '4KiB'),
  'auth-line': size('Longest line with a SASL response.', '12KiB', '1KiB', '64KiB'),
  'bad-commands': count('Unknown commands in one session, after which it is closed.', 10, 1, 10_000),
  'failed-logins': count(
    'Unsuccessful logins in one session, refused or put off, after which it is closed.',
    5,
    1,
    1000,
  ),
});

const ldap = section({
  'login-time': duration(
    'Longest time from connecting to login, whatever the client sends meanwhile.',
    '1m',
    '1s',
    '30m',
  ),
  'idle-time': duration('Longest silence between two requests after login.', '5m', '1s', '1d'),
  'send-time': duration('How long the client may take to receive an answer.', '1m', '1s', '1h'),
  'search-time': duration('Longest time for one search, even if the client allows more.', '10s', '1s', '5m'),
  'search-entries': count(
    'Entries of one search, or of one page where the client turns pages; how many an account may ask for in an hour is the setting directory-entries-per-hour.',
    500,
    1,
    5000,
  ),
  'failed-logins': count(
    'Unsuccessful logins in one session, refused or put off, after which it is closed.',
    5,
    1,
    1000,
  ),
});

const api = section({
  url: optional(
    webPage(
      'Where clients find the API, in its OpenAPI document. Default: https, the name of the first listener, /v1.',
    ),
  ),
  'contact-name': optional(
    words('Contact for developers, in the OpenAPI document. Default: the name of the helpdesk.', 100, 'Zorgpost Noord'),
  ),
  'contact-address': optional(
    mailAddress('Its mail address, in the document; may be outside the group. Default: that of notices.operator.'),
  ),
  'contact-page': optional(webPage('Its web page. Default: https and the hostname.')),
  requests: count(
    'Requests that one caller may make in a minute, at once or spread: an account, an operator, or a network without a login. The next is answered 429.',
    6000,
    10,
    10_000_000,
  ),
  'header-time': duration('Longest wait for a request on a connection without a login.', '20s', '1s', '5m'),
  'idle-time': duration('Longest wait for the next request after a login.', '1m', '1s', '1h'),
  'data-minimum': size(
    'Least amount of data that must arrive in each data-interval while a body comes in.',
    '16KiB',
    '1B',
    '100MiB',
  ),
  'data-interval': duration('Time within which data-minimum must arrive.', '20s', '1s', '1h'),
  'request-time': duration('Longest time for one request with its body.', '30m', '10s', '1d'),
  'send-time': duration(
    'How long the client may take to receive one piece of an answer, of at most 64 KiB.',
    '2m',
    '1s',
    '1h',
  ),
});

const auth = section({
  'remember-for': duration(
    'How long a right password is remembered after its last use, so that its hash need not be computed again; 0s: never.',
    '1h',
    '0s',
    '1d',
  ),
  remembered: count('Right passwords that are remembered at most, in memory only.', 100_000, 1, 10_000_000),
  'short-wait': duration(
    'After wrong passwords a login must wait. A wait up to this is made before the answer; a longer one is refused at once.',
    '2s',
    '0s',
    '1m',
  ),
  'refusal-grid': duration(
    'Refusals of logins are sent at a multiple of this, so that the time of the answer tells a stranger nothing.',
    '300ms',
    '0ms',
    '10s',
  ),
  hashes: count('Password hashes at once; above 2 set UV_THREADPOOL_SIZE to this number plus 2.', 2, 1, 64),
  queue: count('Logins that wait for a hash at most.', 4000, 1, 1_000_000),
  'queue-per-network': count('Logins of one network that wait for a hash at most.', 2000, 1, 1_000_000),
  patience: duration('How long a login waits for a hash before 454 4.7.0 or -ERR [SYS/TEMP].', '20s', '1s', '5m'),
  'exempt-networks': networks('Networks whose failed logins cause no wait, such as your own monitoring.'),
  'free-per-account': count(
    'Failed logins of an account, from networks where it never logged in, that cause no wait.',
    5,
    0,
    10_000,
  ),
  'free-per-network': count(
    'Failed logins from one network that cause no wait; one more for each account that has logged in from there.',
    20,
    0,
    10_000,
  ),
  'free-per-pair': count(
    'Failed logins of an account, from a network where it has logged in, that cause no wait.',
    10,
    0,
    10_000,
  ),
  'fresh-tries': count(
    'Tries in forget-after at an account under attack that are judged at once, one from each IPv4 /24 or IPv6 /48 that has not failed there: so its owner gets in from a new network.',
    120,
    0,
    10_000,
  ),
  'free-recalls': count(
    'Passwords in forget-after that are compared with the last right one before any back-off, for an account from one network where it has logged in; each is a free guess for a neighbour in that network.',
    1000,
    10,
    1_000_000,
  ),
  'first-back-off': duration(
    'The first wait after wrong passwords; each further failure doubles it.',
    '1s',
    '0s',
    '1h',
  ),
  'back-off-cap': duration('Longest wait for a network with failed logins.', '5m', '0s', '1d'),
  'back-off-cap-strangers': duration(
    'Longest wait of an account for a network without failed logins.',
    '30s',
    '0s',
    '1d',
  ),
  'back-off-cap-known': duration('Longest wait of an account for a network where it has logged in.', '1m', '0s', '1d'),
  'repeat-counts-within': duration(
    'The same wrong password again is another failure only if it comes sooner than this.',
    '10s',
    '0s',
    '1h',
  ),
  'forget-after': duration('Failures are forgotten after this time without another.', '1h', '1m', '7d'),
  'trust-for': duration('How long a network stays known to an account after its last success.', '30d', '1h', '365d'),
  entries: count(
    'Accounts, networks, and pairs of these, whose failures are remembered at most; the limit holds for each kind.',
    50_000,
    100,
    10_000_000,
  ),
});

/** How many servers of PostgreSQL one service has at most. */
const MOST_SERVERS = 8;
/** Other gateways. */
const MOST_PEERS = 31;

const store = section({
  engine: choice(
    'Where mail and registry are kept. sqlite: in the data folder; serves one machine. postgres: in PostgreSQL 16 to 18, for two sites; needs hosts, ca, a password-file or a certificate, and the section cluster.',
    ['sqlite', 'postgres'],
    'sqlite',
  ),
  hosts: servers(
    'The servers of PostgreSQL, at every place, in the order in which they are asked which of them is the primary. Themselves, with no pooler or balancer in between.',
    MOST_SERVERS,
  ),
  database: optional(words('Name of the database. Default: sluis.', 63, 'sluis')),
  user: optional(
    words('The role that the gateway runs as; it owns nothing (sluis init --postgres). Default: sluis.', 63, 'sluis'),
  ),
  'password-file': optional(path('File with the password of user, mode 0600. Or certificate and key, or both.')),
  certificate: optional(path('Client certificate that the servers know user by, PEM, with its chain.')),
  key: optional(path('Its private key, PEM, mode 0600.')),
  ca: optional(
    path(
      'PEM file with the authorities that the certificates of the servers must lead to; each must carry the name in hosts. There is no connection without TLS.',
    ),
  ),
  places: optional(
    namesByName(
      "The place of each server whose name does not tell it. A server's name is its application_name as a standby, its cluster_name (with Patroni: sluis.name) as the primary; its place is what stands before the first hyphen.",
    ),
  ),
  'keep-deleted': duration('How long a message that its owner deleted can be handed out again.', '14d', '0s', '3650d'),
  'keep-trace': duration(
    'How long it can be traced where a message went, after its content has gone.',
    '90d',
    '0s',
    '3650d',
  ),
  'keep-usage': duration(
    'How long the figures of each account and month are kept (sluis report usage): as long as the books must be.',
    '2557d',
    '31d',
    '36525d',
  ),
  'takeover-after': duration(
    'A maildrop whose session made no progress for this long goes to a new session of the same network.',
    '30s',
    '1s',
    '1h',
  ),
  reserve: size(
    'Disk space kept so that deleting, logging and QUIT still work on a full disk.',
    '64MiB',
    '1MiB',
    '10GiB',
  ),
  'copy-before-upgrade': choice(
    'Whether a copy of the database is made and compared before a new version changes its form: the only way back to the version before. It needs as much space as the database, in before-upgrade in the data folder. With "no" you take a copy of your own first.',
    ['yes', 'no'],
    'yes',
  ),
  'keep-upgrade-copy': duration(
    'How long that copy is kept. Mail that is deleted or erased meanwhile still is in it, sealed.',
    '30d',
    '1d',
    '365d',
  ),
});

const cluster = section({
  node: optional(
    shortName(
      'What this gateway is called among those that share the database. Needed with store.engine = "postgres".',
    ),
  ),
  site: optional(shortName('The site that it stands at. Needed with store.engine = "postgres".')),
  listen: optional(
    listenAt(
      'Where the other gateways reach this one, to agree on day keys, erasures and TLS ticket keys. Open it to them alone. Without it this gateway agrees with nobody, and makes each day key by itself.',
    ),
  ),
  peers: servers(
    'All other gateways of this store, at every site, by the host name that is in their certificate and the port of their listen. Day keys are made ahead only while all of them answer: take out one that is gone for good.',
    MOST_PEERS,
  ),
  ca: optional(
    path(
      "PEM file with the authority of these gateways' certificates: one of their own, which vouches for nobody else.",
    ),
  ),
  certificate: optional(
    path(
      'Certificate of this gateway from that authority, PEM, for the host name that the others have in peers; for server and client. Read again before each use.',
    ),
  ),
  key: optional(path('Its private key, PEM, mode 0600.')),
  'share-ports': optional(
    choice(
      'Whether several gateways on this machine listen on the same ports, so that it uses more cores: the system spreads connections over them. Each has a configuration of its own with another node, data and key folder, http.port and listen; all run as one user. sluis drain closes the ports of one. Default: no.',
      ['no', 'yes'],
    ),
  ),
});

const probe = section({
  sites: optional(
    hostsByName(
      'The sites that are probed once a minute, by the host name that clients of that site use: a message is submitted, fetched and erased. Default: none.',
    ),
  ),
  address: optional(
    mailAddress('Address and login name of the probe account (sluis probe add). Default: probe at the host name.'),
  ),
  'smtp-port': count('Where submission is tried, with TLS from the first octet.', 465, 1, 65_535),
  'pop3-port': count('Where pickup is tried, with TLS from the first octet.', 995, 1, 65_535),
  authorities: files(
    'PEM files with the authorities that the certificates of the probed hosts must lead to. Default: those that Node knows.',
  ),
});

const delivery = section({
  expire: duration('Age at which a delivery to a partner is given up and its sender told.', '5d', '1h', '30d'),
  'delay-notice': duration(
    'Age at which the sender of a delivery that still waits is told that it takes longer.',
    '4h',
    '5m',
    '30d',
  ),
  'keep-held': duration(
    'Age at which a delivery or a copy for a mailbox that is still held is given up and its sender told; one that nobody decided about does not wait for ever.',
    '30d',
    '1d',
    '3650d',
  ),
  waits: durations(
    'Waits after the first, second, ... attempt that a working partner put off (4yz); the last one repeats, each is spread by a fifth. A partner that does not answer is tried by its own schedule, at least every 5 minutes.',
    ['1m', '5m', '15m', '30m', '1h', '2h', '4h'],
    '10s',
    '1d',
  ),
  connections: count(
    'Attempts at a time, over all partners; how many for one is in its record (sluis partner).',
    64,
    1,
    1000,
  ),
  lease: duration(
    'How long a claimed delivery is kept from other attempts; half of it is the most that one attempt may take.',
    '30m',
    '2m',
    '1d',
  ),
  'dane-resolver': optional(
    localPort(
      "The resolver on this machine that validates DNSSEC (unbound), asked for TLSA records of partners' hosts (DANE, RFC 7672): a server that has some must meet one, and needs no public authority. Without it none is asked for.",
      '127.0.0.1:53',
    ),
  ),
  'dkim-keys': optional(
    path(
      'Folder with keys for DKIM, by which mail for partners who want it is signed (sluis partner set --dkim): files SELECTOR._domainkey.DOMAIN.pem, mode 0600 (sluis dkim make). One that cannot be used keeps the gateway from starting. Read at the start.',
    ),
  ),
});

const absence = section({
  longest: duration(
    'Longest absence of an address, in whole days, in which a substitute gets its mail or it is refused.',
    '90d',
    '1d',
    '730d',
  ),
});

const notices = section({
  operator: optional(
    mailAddress(
      'Registered address that gets the daily digest, and every notice that nobody else could be given. Default: postmaster at the host name.',
    ),
  ),
  'return-limit': size(
    'Largest message that comes back whole with a failure notice where its sender asked for that (RET=FULL) and neither signed nor encrypted it; of all others the header.',
    '1MiB',
    '1KiB',
    '50MiB',
  ),
});

const helpdesk = section({
  name: optional(words('What users know the helpdesk by.', 60, 'Zorgpost Noord')),
  telephone: optional(words('Its telephone number, as users dial it.', 30, '088 123 45 67')),
  hours: optional(words('When it answers the telephone.', 60, 'ma-vr 8-18 uur')),
});

const enrolment = section({
  letter: optional(
    path(
      'Template of the letters with a code (sluis account reset --letter): plain text with fields such as {{code}}, UTF-8. Default: built in, Dutch and English. Read at each use; `sluis check` names the line of a field that is not known.',
    ),
  ),
  'letter-en': optional(path('The same for organisations whose language is English. Default: letter.')),
  page: optional(
    webPage(
      'Address of the page where codes are used, as notices and letters show it. Default: that of the first listener with the protocol enrolment; else the page for codes of the first with self-service.',
    ),
  ),
});

const setup = section({
  domains: mailDomains(
    'Domains of mail addresses whose mail programs find their settings by themselves (Thunderbird, Outlook), at the listeners with the protocol self-service. The user name that programs are given is the address, so accounts must log in with theirs. None: no program is told anything.',
  ),
});

const groups = (role: GroupRole): ReturnType<typeof texts> =>
  texts(
    `Groups of the provider whose members have the role ${role}. Who is in groups of several gets the role with the most rights.`,
    `sluis-${role}`,
  );

const oidc = z.strictObject({
  issuer: webPage(
    'Address of the OpenID provider, exactly as it names itself. What else it has it tells below that address (.well-known/openid-configuration).',
  ),
  'client-id': words('What the provider knows the gateway by.', 200, 'sluis'),
  'secret-file': path('File with the secret of that client, one line, mode 0600. Read again within an hour.'),
  name: words('What the page calls it, on the button of the login.', 40, 'Zorgaccount', 'OpenID Connect'),
  scope: words(
    'What is asked for. Some providers give groups only for a scope of their own.',
    200,
    'openid profile groups',
    'openid profile',
  ),
  'groups-claim': words(
    'Where the provider says the groups of a person: in the ID token, or else in what it answers of the user.',
    100,
    'roles',
    'groups',
  ),
  'security-groups': groups('security'),
  'registry-groups': groups('registry'),
  'support-groups': groups('support'),
  'read-groups': groups('read'),
  acr: texts(
    'Of how the provider may have made sure who it is (claim acr), what counts as two factors. It is asked for. Of acr and amr at least one must be set, and each that is set must be met.',
    'https://refeds.org/profile/mfa',
  ),
  amr: texts(
    'Of what somebody may have shown the provider (claim amr), what counts as two factors; one of them is enough.',
    'mfa',
  ),
  'amr-with-certificate': texts(
    'Of what somebody may have shown the provider (claim amr), what counts as two factors together with the client certificate of his operator, on a listener with client-certificates = "ask". Something that he knows: a key beside a key is one factor. None: the certificate counts for nothing.',
    'pwd',
  ),
  organisation: optional(
    words(
      'Name of the organisation that people of this provider may do anything for; all when left out.',
      32,
      'huisartsen-noord',
    ),
  ),
  authorities: files(
    'PEM files with the authorities that vouch for the certificate of the provider, and no other. Default: those of the system. Read again within an hour.',
  ),
});

const webConsole = section({
  page: optional(
    webPage(
      'Address of the console as browsers have it, without a path. Passkeys hold for this host name alone. Default: that of the first listener with the protocol console.',
    ),
  ),
  idle: duration('Without a request for so long, a session ends.', '30m', '5m', '4h'),
  longest: duration('A session ends after so long in any case.', '10h', '1h', '24h'),
  oidc: oidc.optional(),
});

const smime = section({
  authorities: files(
    'PEM files with the authorities that vouch for mail certificates of others: those that messages are encrypted to, and that sign. The own authority is trusted besides. Read again when a file changes.',
  ),
  'revocation-lists': files(
    'Revocation lists (DER or PEM) of these authorities: files, or folders with .crl and .pem files. Read again when a file or folder changes. Where any is given, an authority without a list is refused.',
  ),
  'revocation-grace': duration(
    'How long a list counts after its next update was due, with a warning in the log; then certificates of its issuer are refused.',
    '7d',
    '0s',
    '90d',
  ),
  'signing-address': optional(
    mailAddress(
      'Registered address whose mail key signs inside encrypted messages of accounts that do not sign themselves (sluis cert issue --keep-key). Default: postmaster at the host name.',
    ),
  ),
});

const scan = section({
  clamd: optional(
    localService(
      "Where clamd listens (ClamAV); all that is submitted is scanned there for malware, and all that the gateway opens. clamd has neither encryption nor a login: a port must be this machine's own. Without it nothing is scanned.",
    ),
  ),
  away: choice(
    'What happens to mail while clamd does not answer, is slow or full: refuse answers 451, and senders try again; pass lets it through, marked in its trace.',
    ['refuse', 'pass'],
    'refuse',
  ),
  'silent-limits': choice(
    'What a clamd is worth that says OK of what is beyond its limits (AlertExceedsMax no, or MaxFileSize below MaxScanSize), which is how it comes: away treats it like one that does not answer; warn believes it, with a warning in log, check and doctor.',
    ['away', 'warn'],
    'away',
  ),
  'too-large': choice(
    'What happens to a message of which clamd says that it holds more than it looks at: 552, or through with a mark.',
    ['refuse', 'pass'],
    'refuse',
  ),
  encrypted: choice(
    'What happens to a message that nobody but its addressee can look into: encrypted end to end (S/MIME, PGP) and not opened by the gateway, or an archive with a password where clamd tells of it (AlertEncrypted yes).',
    ['pass', 'refuse'],
    'pass',
  ),
  scans: count('Scans at the same time, of one account half of them; below MaxThreads of clamd.', 8, 1, 256),
  'wait-time': duration(
    'How long a message waits for the scanner; after that it counts as not scanned, as when clamd is away.',
    '1m',
    '1s',
    '5m',
  ),
  'connect-time': duration('How long clamd may take to accept a connection.', '5s', '100ms', '1m'),
  'send-time': duration('How long clamd may take to receive one piece of at most 1 MiB.', '30s', '1s', '5m'),
  'reply-time': duration(
    'How long clamd may take to answer once it has the whole message; longer than its own MaxScanTime, and shorter than mail programs wait.',
    '150s',
    '1s',
    '9m',
  ),
});

const ca = section({
  'crl-file': optional(
    path(
      'Revocation lists of the own authority, PEM; beside it one file each in DER. Written at every revocation, and daily while the gateway runs.',
    ),
  ),
  'crl-url': optional(webFolder('Where the folder of crl-file is published; is in certificates issued from then on.')),
});

const keepLog = (what: string, initial: string): ReturnType<typeof duration> =>
  duration(
    `How long the trail says who and from where: ${what}. Then these fields are erased; what happened stays, and the chain holds.`,
    ...([initial, '1d', '36525d'] as const),
  );

const audit = section({
  anchors: optional(
    path(
      'Folder for signed heads of the audit trail, a file a day: best on another machine, or one that can be written once. Default: the folder anchors in the key folder.',
    ),
  ),
  'anchor-every': duration('How often the head of the audit trail is signed, where it has grown.', '1m', '10s', '1d'),
  'timestamp-url': optional(
    webFolder(
      'A time-stamping authority (RFC 3161) that stamps signed heads; needs timestamp-authorities. The tokens are beside the heads.',
    ),
  ),
  'timestamp-every': duration('How often a head is stamped, where the trail has grown.', '1h', '10s', '7d'),
  'timestamp-authorities': files('Certificates of the authorities that the time stamps must lead to, PEM.'),
  'keep-access': keepLog('logins, and who looked at or fetched what', '1827d'),
  'keep-change': keepLog('changes and commands of people', '1827d'),
  'keep-chain': keepLog('what became of messages', '1096d'),
  'keep-technical': keepLog('what the gateway did by itself', '366d'),
  'anchor-command': optional(
    command(
      'Program and words that also get each signed head, as a line of JSON on their input: for another site or a time-stamping service.',
    ),
  ),
  'forward-to': optional(
    server(
      'A collector of logs (SIEM) that gets each row of the trail over TLS, from the moment on in which this is set: at least once, in order, also over restarts.',
    ),
  ),
  'forward-format': choice(
    'How rows go there: rfc5424, as syslog over TLS (RFC 5425), or json, a line a row. The row itself is JSON with the field names of NEN 7513 in both.',
    ['rfc5424', 'json'],
    'rfc5424',
  ),
  'forward-personal': choice(
    'Whether who and from where go along. What the collector has is not erased there when its time in the trail is over.',
    ['yes', 'no'],
    'yes',
  ),
  'forward-authorities': files(
    'Certificates of the authorities that the certificate of the collector must lead to, PEM; without any those of the system.',
  ),
  'forward-certificate': optional(path('Certificate that the gateway shows the collector, PEM; needs forward-key.')),
  'forward-key': optional(path('Its private key, PEM, for the owner alone (mode 0600).')),
});

const operators = section({
  'second-person': choices(
    'What one person may not do alone: two registered operators must stand behind it, by keys (sluis approve) or passkeys (the web console). restore: a backup; bundle: evidence of a message; erase: personal data; address-move: an address to another account, an account to another organisation; key: escrow and rotation of the master key; end: of an account, address, partner or organisation; code: letters with codes for passwords, and codes for certificates, which whoever runs the command holds in hand; site-alone: one place alone that acknowledges; store-move: the store to PostgreSQL; scan-exempt: an account whose mail is not scanned for malware, which nobody may decide where it is not set here. A change is in the audit trail.',
    CHOSEN_VERBS,
  ),
});

const backup = section({
  folder: optional(
    path(
      'Where backups go, a folder each; on another disk than the data folder, and for this gateway alone. Without it none is taken but by "sluis backup FOLDER".',
    ),
  ),
  every: duration('How often one is taken, counted from the last good one, also over restarts.', '1d', '10m', '31d'),
  at: optional(
    timeOfDay('Time of day in Amsterdam at which one is taken; then every counts in days, and is at least one.'),
  ),
  keep: count('Backups that are kept; older ones go when a new one has been taken.', 14, 1, 1000),
  'keep-for': optional(
    givenDuration(
      'Backups older than this go too, but never the newest. What was deleted is in older backups until its day is closed; `message erase` closes one message in all of them.',
      '30d',
      '1d',
      '3650d',
    ),
  ),
  'copy-to': optional(
    path(
      'Where each backup is copied as well, and read back: on another machine or site. It must exist, so that a mount that is missing is noticed.',
    ),
  ),
  'copy-command': optional(
    command(
      'Program that copies a backup elsewhere instead; gets its folder as last word. Without verify-command or read-command nobody knows whether it arrived.',
    ),
  ),
  'verify-command': optional(
    command(
      'Program that asks the other side; gets the name of a backup as last word, and prints what sha256sum prints for its files.',
    ),
  ),
  'read-command': optional(
    command(
      'Program that fetches from the other side; gets the name of a backup and of one file as last words, and prints that file.',
    ),
  ),
  'drill-every': optional(
    givenDuration(
      'How often the running gateway restores the newest backup for a trial by itself, as "sluis drill restore" does: read from copy-to and opened with keys.copy-to where there are such. Needs space for one database in folder. With at: at that time of day. Without it: never.',
      '7d',
      '1d',
      '365d',
    ),
  ),
  'max-age': optional(
    givenDuration(
      'Age of the newest backup, and of its copy elsewhere, beyond which the alarm rules and "sluis check" tell. Default: every and two hours.',
      '26h',
      '20m',
      '90d',
    ),
  ),
  server: optional(
    server(
      'With store.engine = "postgres": the server that base backups and their log are taken from, best the one at the place of the backups. Default: the last of store.hosts.',
    ),
  ),
  user: optional(
    words(
      'The role that takes them; it may replicate, and nothing else (sluis init --postgres). Default: sluis_backup.',
      63,
      'sluis_backup',
    ),
  ),
  'password-file': optional(path('File with the password of that role, mode 0600. Or certificate and key, or both.')),
  certificate: optional(path('Client certificate that the server knows it by, PEM, with its chain.')),
  key: optional(path('Its private key, PEM, mode 0600.')),
  programs: optional(
    path(
      'Folder with pg_basebackup, pg_receivewal, pg_verifybackup, pg_waldump and postgres, of the version of the server. Default: that of Debian for the version, else where programs are looked for.',
    ),
  ),
  log: choice(
    'Whether the log of the server is kept behind its base backups, brought up to date each minute: with it a store comes back as it was at any moment.',
    ['yes', 'no'],
    'yes',
  ),
  'take-command': optional(
    command(
      'Program that takes a base backup instead (pgBackRest, Barman), and keeps the log; its last line is the name that it has there. With check-command and restore-command.',
    ),
  ),
  'check-command': optional(
    command('Program that gets that name as last word, and fails where that backup is not whole.'),
  ),
  'restore-command': optional(
    command(
      'Program that puts a data folder of a backup where it is told, with the settings that bring it to a moment. Its last words are that name, the word latest or a moment, and the folder.',
    ),
  ),
});

const doctor = section({
  every: duration(
    'How often the running gateway does what `sluis doctor` does, by itself; 0s: never.',
    '1d',
    '0s',
    '30d',
  ),
  'max-offset': duration('How far the clock may be off, where chrony tells.', '1s', '10ms', '1m'),
});

const http = section({
  enabled: choice(
    'Whether there is a port for health (/live, /ready) and metrics (/metrics, for Prometheus), without a login.',
    ['yes', 'no'],
    'yes',
  ),
  address: loopback('Where it listens; only on this machine itself.', '127.0.0.1'),
  port: count('TCP port; 0 takes a free one, which the log names.', 9587, 0, 65_535),
  'ready-from': networks(
    'Load balancers on other machines: a second port is opened that only they reach, with /live and /ready alone and the names of reasons without their texts. None: no such port.',
  ),
  'ready-address': ipAddress('Address on which the port for ready-from listens.', '0.0.0.0'),
  'ready-port': count('TCP port for ready-from; 0 takes a free one, which the log names.', 9588, 0, 65_535),
});

const webhooks = section({
  'allow-networks': networks(
    'Networks that webhooks may be at although they are not public, such as that of a system of your own. Everything else that is loopback, private, link-local or otherwise not of the public internet is refused.',
  ),
  authorities: files(
    "PEM files with the authorities that the certificates of webhooks' receivers must lead to. Default: those that the system trusts.",
  ),
});

const control = z.strictObject({
  role: choice('What whoever opens the socket may do at most: "sluis operator roles".', GROUP_ROLES),
  group: words(
    'The system group that may open it, by name or number. The gateway must be able to give files to it.',
    64,
    'helpdesk',
  ),
  socket: optional(
    path('Where it is; its folder must let the group pass, and nobody else write. Default: ROLE.sock in /run/sluis.'),
  ),
});

export const configSchema = z.strictObject({
  hostname: hostname(
    'The name this gateway goes by: greeting, Received lines, Message-IDs. Must be in the certificate.',
  ),
  data,
  control: z.array(control).max(GROUP_ROLES.length).prefault([]),
  keys,
  tls,
  listener: z.array(listener).min(1).max(64),
  log,
  connections,
  smtp,
  pop3,
  ldap,
  api,
  auth,
  store,
  cluster,
  probe,
  delivery,
  absence,
  notices,
  helpdesk,
  enrolment,
  setup,
  console: webConsole,
  ca,
  audit,
  operators,
  doctor,
  backup,
  http,
  smime,
  scan,
  webhooks,
});

/** What each section is about, for the reference page and the file that `sluis init` writes. */
export const sections: Readonly<Record<string, string>> = {
  data: 'Where messages are stored.',
  keys: 'Keys that seal the mail. Without them nobody can read it, you included: keep a copy of both in a safe place.',
  tls: 'The certificate that peers see.',
  control:
    'Sockets for people who are neither root nor the gateway itself: one [[control]] for each role, open to a system group.',
  listener: 'Ports. One [[listener]] each.',
  log: 'Log lines go to standard error.',
  connections: 'Limits on open connections, over all listeners.',
  smtp: 'Submission.',
  pop3: 'Pickup.',
  ldap: 'The directory for mail programs: listeners with protocol = "ldap".',
  api: 'The HTTPS API: listeners with protocol = "https".',
  auth: 'Logins.',
  store: 'The store.',
  cluster: 'Several gateways on one database.',
  probe: 'Availability, measured as clients have it (sluis report availability).',
  delivery: 'Pushing to partners: organisations with a mail server of their own.',
  absence: 'Absences of addressees (sluis address absence).',
  notices: 'What the gateway itself says by mail.',
  helpdesk:
    'Whom users call: is in every notice, letter and page, and in replies that say "ask the helpdesk". Its mail address is that of notices.operator.',
  enrolment: 'One-time codes for passwords and certificates (sluis account reset, sluis cert issue --code).',
  setup: 'Set-up that mail programs find by themselves.',
  console: 'The web console for operators: listeners with protocol = "console".',
  'console.oidc':
    'Login to the web console at an OpenID provider; off without this section. Its redirect address is that of the console with /login/provider.',
  audit: 'Signed heads of the audit trail (sluis audit verify).',
  doctor: 'Looking after itself (sluis doctor).',
  operators: 'Where a second person is needed.',
  backup:
    'Backups of the database (sluis backup, sluis restore). Keys are never in them: they have a copy of their own.',
  http: 'Health and metrics.',
  ca: "The gateway's own certificate authority (sluis ca, sluis cert).",
  smime: 'Signing and encrypting messages (S/MIME); who does is a setting of accounts and addresses.',
  scan: 'Scanning for malware, by clamd.',
  webhooks: 'Programs that are told of events (sluis webhook).',
};

export type ParsedConfig = z.infer<typeof configSchema>;

/** A checked configuration. Every path in it is absolute. */
export interface Config extends ParsedConfig {
  /** The file it came from. */
  readonly file: string;
}
