/**
 * Logins: how long they are remembered, how long somebody waits after wrong passwords, and how many
 * may wait to be hashed.
 */
import { count, duration } from '../fields/amounts.ts';
import { section } from '../fields/field.ts';
import { networks } from '../fields/hosts.ts';

export const auth = section({
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
