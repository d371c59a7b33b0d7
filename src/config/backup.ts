/** Values that follow from the section `backup`. */
import { type Milliseconds, days, hours, milliseconds } from '../domain/units.ts';
import { isInside } from '../platform/paths.ts';
import { type ConfigProblem, shown } from './problem.ts';
import type { Config } from './schema.ts';
import { formatDuration } from './units.ts';

/** A backup takes time, and one that fails is tried again later. */
const SLACK = hours(2);

/** Age beyond which the newest backup is too old. */
export const maxAgeOf = ({ backup }: Pick<Config, 'backup'>): Milliseconds =>
  backup['max-age'] ?? milliseconds(backup.every + SLACK);

/** If no drill is scheduled: one every three months, and some days to do it. */
const BY_HAND = days(100);

/** Age beyond which the last good drill is too old. */
export const maxDrillAgeOf = ({ backup }: Pick<Config, 'backup'>): Milliseconds => {
  const every = backup['drill-every'];
  return every === undefined ? BY_HAND : milliseconds(every + days(2));
};

/**
 * Problems of the places: a backup must not be lost together with what it saves, nor lie beside the
 * keys that open it.
 */
export function backupProblems(config: Config): ConfigProblem[] {
  const { backup, data, keys } = config;
  const { folder, 'copy-to': copyTo, 'copy-command': copy, every, 'max-age': age } = backup;
  const problems: ConfigProblem[] = [];
  const problem = (name: string, value: string, expected: string, remedy: string): void =>
    void problems.push({ path: `backup.${name}`, value: shown(value), expected, remedy });
  for (const [name, place] of [
    ['folder', folder],
    ['copy-to', copyTo],
  ] as const) {
    if (place === undefined) continue;
    if (isInside(place, data.folder))
      problem(name, place, 'a place outside the data folder', 'move it: it would be lost with what it is a backup of');
    if (isInside(place, keys.folder))
      problem(
        name,
        place,
        'a place outside the key folder',
        'move it: a backup must not be beside the keys that open it',
      );
  }
  if (copyTo !== undefined && folder !== undefined && isInside(copyTo, folder))
    problem('copy-to', copyTo, 'a place outside backup.folder', 'name a folder on another machine or site');
  if (copyTo !== undefined && copy !== undefined)
    problem('copy-command', copy.join(' '), 'one of copy-to and copy-command', 'both are set; remove one');
  if (age !== undefined && age < every)
    problem(
      'max-age',
      formatDuration(age),
      `no less than every (${formatDuration(every)})`,
      'each backup would be too old before the next; make it longer',
    );
  return [...problems, ...ofServer(config)];
}

/** Settings that only make sense with a server of PostgreSQL. */
const OF_SERVER = [
  ...(['server', 'user', 'password-file', 'certificate', 'key', 'programs'] as const),
  ...(['take-command', 'check-command', 'restore-command'] as const),
] as const;

function ofServer({ backup, store }: Pick<Config, 'backup' | 'store'>): ConfigProblem[] {
  if (store.engine === 'sqlite')
    return OF_SERVER.filter((name) => backup[name] !== undefined).map((name) => ({
      path: `backup.${name}`,
      expected: 'nothing with store.engine = "sqlite"',
      remedy: 'set store.engine = "postgres", or remove it',
    }));
  const together = (names: readonly (typeof OF_SERVER)[number][], why: string): ConfigProblem[] => {
    const missing = names.filter((name) => backup[name] === undefined);
    return missing.length === 0 || missing.length === names.length
      ? []
      : missing.map((name) => ({ path: `backup.${name}`, expected: why, remedy: 'nothing is set; add it' }));
  };
  return [
    ...together(['certificate', 'key'], 'certificate and key together'),
    ...together(['take-command', 'check-command', 'restore-command'], 'all three commands together'),
    ...(backup.folder !== undefined &&
    backup['take-command'] === undefined &&
    backup['password-file'] === undefined &&
    backup.certificate === undefined
      ? [
          {
            path: 'backup.password-file',
            expected: 'a password or a certificate of the role that may replicate',
            remedy: 'nothing is set; set password-file, or certificate and key, or take-command',
          },
        ]
      : []),
  ];
}
