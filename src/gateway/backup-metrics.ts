/**
 * Metrics of backups. Ages are read from the backups and reports themselves, so that they outlive a
 * restart and show a folder that was emptied.
 */
import type { Backups } from '../backup/backups.ts';
import { DUE_WHYS } from '../domain/drills.ts';
import type { Clock } from '../domain/effects.ts';
import { type Instant, type Milliseconds, seconds } from '../domain/units.ts';
import { type Metric, type Sample, counter, gauge, single } from '../http/metric.ts';
import { remembered } from '../platform/remembered.ts';

export interface BackupMetricParts {
  readonly backups: Backups;
  /** Age of the newest backup beyond which an alarm is due. */
  readonly maxAge: Milliseconds;
  /** The same for the last good drill. */
  readonly maxDrillAge: Milliseconds;
  readonly clock: Clock;
}

export function backupMetrics({ backups, maxAge, maxDrillAge, clock }: BackupMetricParts): readonly Metric[] {
  const due = remembered(clock, seconds(30), () => backups.drills.due());
  const ask = remembered(clock, seconds(30), () => backups.state());
  const kept = remembered(clock, seconds(30), async () => {
    const found = await backups.log.waiting();
    return found === undefined ? [] : [found];
  });
  /** Infinite if there is none yet: that is too old for every alarm. */
  const age = (since: Instant | undefined): Sample[] => [
    { value: since === undefined ? Number.POSITIVE_INFINITY : Math.max(0, (clock.now() - since) / 1000) },
  ];
  const { folder, offsite, keys, drills, logs } = backups.configured;
  const last = (of: 'seconds' | 'octets') => (): Sample[] => backups.last.map((known) => ({ value: known[of] }));
  return [
    single('gauge', 'sluis_backup_configured', '1: backups are taken by themselves.', () => (folder ? 1 : 0)),
    single('gauge', 'sluis_backup_running', '1: a backup or a drill is under way.', () => (backups.running ? 1 : 0)),
    gauge(
      'sluis_backup_age_seconds',
      'Since when nothing more is in the newest backup; infinite: there is none.',
      [],
      async () => (folder ? age((await ask()).newest) : []),
    ),
    gauge(
      'sluis_backup_offsite_age_seconds',
      'The same of the newest backup whose copy elsewhere was read back.',
      [],
      async () => (folder && offsite ? age((await ask()).offsite) : []),
    ),
    gauge(
      'sluis_backup_log_age_seconds',
      'Since when nothing more is in the log behind the backups (PostgreSQL); infinite: there is none.',
      [],
      async () => (logs ? age((await ask()).logged) : []),
    ),
    gauge(
      'sluis_backup_log_kept_octets',
      'Bytes of the log that the server keeps because they were not received yet (PostgreSQL).',
      [],
      async () => (await kept()).map(({ kept: value }) => ({ value })),
    ),
    gauge(
      'sluis_backup_log_left_octets',
      'Bytes until the server drops what was not received (max_slot_wal_keep_size), and a base backup is due; 0: it keeps nothing; infinite: never, and its disk fills.',
      [],
      async () => (await kept()).map(({ left: value = Number.POSITIVE_INFINITY }) => ({ value })),
    ),
    gauge('sluis_backup_max_age_seconds', 'Age beyond which an alarm is due (backup.max-age).', [], () =>
      folder ? [{ value: maxAge / 1000 }] : [],
    ),
    single('gauge', 'sluis_key_copy_configured', '1: the key folder is copied by itself (keys.copy-to).', () =>
      keys ? 1 : 0,
    ),
    gauge(
      'sluis_key_copy_age_seconds',
      'Since when the copy of the key folder was not seen to be whole; infinite: not since the start.',
      [],
      () => (keys ? age(backups.keys.copied) : []),
    ),
    gauge('sluis_drill_age_seconds', 'Since when no drill restored a backup.', [], async () =>
      folder ? age((await ask()).drill) : [],
    ),
    gauge(
      'sluis_drill_max_age_seconds',
      'Age beyond which an alarm is due: backup.drill-every and two days, or 100 days.',
      [],
      () => (folder ? [{ value: maxDrillAge / 1000 }] : []),
    ),
    gauge(
      'sluis_drill_passed',
      '1: the last drill restored its backup, 0: it could not; absent before the first.',
      [],
      async () => {
        const last = folder ? (await ask()).lastDrill : undefined;
        return last === undefined ? [] : [{ value: last.passed ? 1 : 0 }];
      },
    ),
    gauge(
      'sluis_drill_due',
      '1: a drill (restore, site) is due because of a change since the last one that passed: schema, key, engine, node, listener, age, never, unmarked.',
      ['drill', 'why'],
      async () => {
        const all = await due();
        return backups.drills.kinds.flatMap((drill) =>
          DUE_WHYS.map((why) => ({
            labels: { drill, why },
            value: all.some((one) => one.drill === drill && one.why === why) ? 1 : 0,
          })),
        );
      },
    ),
    single('gauge', 'sluis_drill_configured', '1: drills are made by themselves.', () => (drills ? 1 : 0)),
    gauge('sluis_backup_duration_seconds', 'How long the last backup of this process took.', [], last('seconds')),
    gauge('sluis_backup_octets', 'Size of the last backup of this process.', [], last('octets')),
    counter('sluis_backup_failures_total', 'What failed, by step: backup, offsite, drill, keys, log.', ['step'], () =>
      backups.failures.read(),
    ),
  ];
}
