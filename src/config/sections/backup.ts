/**
 * Backups: where they go, how they are tested, and the server of PostgreSQL from which they are
 * taken.
 */
import { count, duration, givenDuration, timeOfDay } from '../fields/amounts.ts';
import { optional, section } from '../fields/field.ts';
import { command, path } from '../fields/files.ts';
import { server } from '../fields/host-ports.ts';
import { choice, words } from '../fields/names.ts';

export const backup = section({
  folder: optional(
    path(
      'Where backups go, a folder each; on another disk than the data folder, and for this gateway alone. Without it backups are taken only by "sluis backup FOLDER".',
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
      'How often the running gateway restores the newest backup for a trial by itself, as "sluis drill restore" does: read from copy-to and opened with keys.copy-to, if these are set. Needs space for one database in folder. With at: at that time of day. Without it: never.',
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
    command('Program that gets that name as last word, and fails if that backup is not whole.'),
  ),
  'restore-command': optional(
    command(
      'Program that puts a data folder of a backup where it is told, with the settings that bring it to a moment. Its last words are that name, the word latest or a moment, and the folder.',
    ),
  ),
});
