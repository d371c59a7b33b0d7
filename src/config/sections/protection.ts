/**
 * What is done to content, and with whose certificates: S/MIME, our own authority, and the scan for
 * malware.
 */
import { count, duration } from '../fields/amounts.ts';
import { optional, section } from '../fields/field.ts';
import { files, path } from '../fields/files.ts';
import { localService } from '../fields/host-ports.ts';
import { webFolder } from '../fields/hosts.ts';
import { choice, mailAddress } from '../fields/names.ts';

export const smime = section({
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

export const ca = section({
  'crl-file': optional(
    path(
      'Revocation lists of the own authority, PEM; beside it one file each in DER. Written at every revocation, and daily while the gateway runs.',
    ),
  ),
  'crl-url': optional(webFolder('Where the folder of crl-file is published; is in certificates issued from then on.')),
});

export const scan = section({
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
