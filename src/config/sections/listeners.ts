/**
 * Where clients connect: listeners, the certificate that they see, and how many connections may be
 * open.
 */
import { RENEWALS } from '../../domain/renewal.ts';
import { count, day, duration } from '../fields/amounts.ts';
import { optional, section } from '../fields/field.ts';
import { files, paths } from '../fields/files.ts';
import { hostname, ipAddress, networks } from '../fields/hosts.ts';
import { choice, choices, logins, shortName } from '../fields/names.ts';
import { z } from '../zod.ts';

export const listener = z.strictObject({
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
    'Whether SCRAM-SHA-256 is offered. Many programs take the strongest mechanism they are offered, and one whose account has no SCRAM is then refused: offer it if every account has the setting scram, or on a port of its own.',
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

export const tls = z.strictObject({
  key: paths('Private key, PEM, mode 0600; with two certificates a list, in the same order.'),
  certificate: paths(
    'Certificate and its chain, PEM, with all host names; or a list of two, one with an ECDSA and one with an RSA key. Read again at SIGHUP, `sluis reload`, or when a file changes.',
  ),
  watch: duration('How often the files are looked at for a change; two looks must see the same.', '10s', '100ms', '1h'),
  renewal: choice(
    'Who renews the certificates: a program such as certbot or lego, whose failure is reported when less than three tenths of the life of a certificate are left, or people by hand. `auto`: a program, if a certificate lives for 100 days at most.',
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
    'Revocation lists (DER or PEM) of these authorities: files, or folders with .crl and .pem files, renamed into place. Read again when a file or folder changes. Where any is given, an authority without a list is refused; a list counts only if its issuer is in client-authorities.',
  ),
  'client-revocation-grace': duration(
    'How long a list counts after its next update was due, with a warning in the log; then certificates of its issuer are refused.',
    '7d',
    '0s',
    '90d',
  ),
});

export const connections = section({
  total: count(
    'Open connections in all. When all places are taken, the oldest connection without a login makes way; if there is none, the next is answered 421 or -ERR [SYS/TEMP].',
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
