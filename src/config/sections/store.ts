/**
 * Where mail and registry are kept: the data folder, the keys that seal it, and the engine of the
 * store.
 */
import { duration, size } from '../fields/amounts.ts';
import { optional, section } from '../fields/field.ts';
import { command, path } from '../fields/files.ts';
import { servers } from '../fields/host-ports.ts';
import { namesByName } from '../fields/hosts.ts';
import { choice, words } from '../fields/names.ts';

export const data = section({
  folder: path('Database, disk reserve and control socket. Belongs on a local disk; made with mode 0700.', 'data'),
  'control-socket': optional(path('Unix socket for the command line. Default: run/control.sock in the data folder.')),
});

export const keys = section({
  folder: path('Day keys, wrapped by the master key. Never inside the data folder, never in a backup of it.', 'keys'),
  'master-key-file': optional(
    path(
      'File with the master key, mode 0600. Exactly one of file and command is required. Under systemd the credential sluis.master-key replaces the file.',
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

/** Most servers of PostgreSQL that one service can have. */
const MOST_SERVERS = 8;

export const store = section({
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
