/** What happens to mail: it is pushed to partners, held, returned, or given to a substitute. */
import { count, duration, durations, size } from '../fields/amounts.ts';
import { optional, section } from '../fields/field.ts';
import { path } from '../fields/files.ts';
import { localPort } from '../fields/host-ports.ts';
import { mailAddress } from '../fields/names.ts';

export const delivery = section({
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

export const absence = section({
  longest: duration(
    'Longest absence of an address, in whole days, in which a substitute gets its mail or it is refused.',
    '90d',
    '1d',
    '730d',
  ),
});

export const notices = section({
  operator: optional(
    mailAddress(
      'Registered address that gets the daily digest, and every notice that nobody else could be given. Default: postmaster at the host name.',
    ),
  ),
  'return-limit': size(
    'Largest message that comes back whole with a failure notice if its sender asked for that (RET=FULL) and neither signed nor encrypted it; of all others the header.',
    '1MiB',
    '1KiB',
    '50MiB',
  ),
});
