/** Assembles backups and restore. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Backups } from '../backup/backups.ts';
import { type KeyCopyPlaces, keptAside } from '../backup/key-copies.ts';
import type { OffsiteRules } from '../backup/offsite.ts';
import type { RestoreParts } from '../backup/restore.ts';
import { type Schedule, startSchedule } from '../backup/schedule.ts';
import { publicKeysIn } from '../backup/signed.ts';
import { fileNotice } from '../admin/notice.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { auditKeyFile, auditKeys } from '../crypto/keys/audit-keys.ts';
import { escrowOf } from '../crypto/keys/escrow-record.ts';
import { keyFingerprint } from '../crypto/keys/key-fingerprint.ts';
import type { NoticeWriter } from '../notices/notice-writer.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import { days, minutes } from '../domain/units.ts';
import { backupLetters } from '../letters/backup.ts';
import { programVersion } from '../platform/version.ts';
import type { Copies } from '../store/copies.ts';
import { sqliteCopies } from '../store/sqlite/copies.ts';
import { ALL_JOBS, type Jobs } from '../store/jobs.ts';
import type { Store } from '../store/port/store.ts';
import { anchorFolderOf } from '../config/places.ts';
import { drillMarksOf } from './drill-marks.ts';
import type { GatewayEffects } from './effects.ts';

/**
 * `noticeWriter`: writes to the operator about a backup that failed while nobody watched. `sites`:
 * the engine has several sites.
 */
export function gatewayBackups(
  store: Store,
  config: Config,
  effects: GatewayEffects,
  noticeWriter: NoticeWriter,
  sites = false,
): Backups {
  const { clock, log, random = randomBytes } = effects;
  const { folder, keep, 'keep-for': age, every, at, 'drill-every': drillEvery } = config.backup;
  const { 'copy-to': keysTo } = config.keys;
  return new Backups({
    store,
    audit: store.audit,
    clock,
    log,
    hostname: config.hostname,
    version: programVersion(),
    dataFolder: config.data.folder,
    keyFolder: config.keys.folder,
    configuration: config.file,
    anchorFolder: anchorFolderOf(config),
    anchorKeyFile: auditKeyFile(config.keys.folder),
    keys: () => auditKeys(config.keys.folder, () => readMasterKey(config), random),
    keep: { count: keep, ...defined({ age }) },
    rhythm: { every, ...defined({ at }) },
    offsite: offsiteOf(config),
    ...(keysTo === undefined ? {} : { keyCopy: keyCopyOf(config, keysTo) }),
    restore: (keyFolder) => restoreParts(config, clock, [], keyFolder),
    shared: config.store.engine === 'postgres',
    marks: drillMarksOf(config),
    sites,
    ...defined({ drillEvery }),
    tell: async ({ step, why }) => {
      const once = `backup:${step}:${Math.floor(clock.now() / days(1))}`;
      const letters = backupLetters({ step, why });
      await fileNotice(
        store,
        await noticeWriter.letter(await noticeWriter.places.operator(), { kind: `${step}-failed`, once, letters }),
      );
    },
    ...defined({ folder }),
  });
}

function offsiteOf({ backup }: Config): OffsiteRules {
  const { 'copy-to': to, 'copy-command': copy, 'verify-command': verify, 'read-command': read } = backup;
  return defined({ folder: to, copy, verify, read });
}

/**
 * The master key cannot change while the gateway runs, so a command that prints it does not run
 * each minute.
 */
function keyCopyOf(config: Config, to: string): () => Promise<KeyCopyPlaces> {
  let fingerprint: string | undefined;
  return async () => {
    fingerprint ??= keyFingerprint(await readMasterKey(config));
    return { keyFolder: config.keys.folder, to, fingerprint };
  };
}

/**
 * Takes backups and makes drills when they are due, as long as the gateway runs. A backup that runs
 * when the gateway stops is given up, and the next one sweeps it.
 */
export function startBackups(backups: Backups, clock: Clock, jobs: Jobs = ALL_JOBS): Schedule {
  const mine = (): boolean => jobs.runs('backups');
  const { folder, drills, logs } = backups.configured;
  const schedules = [
    ...(folder ? [startSchedule({ clock, round: () => backups.round(), mine })] : []),
    ...(logs ? [startSchedule({ clock, round: () => backups.log.round(), longestRetry: minutes(5), mine })] : []),
    ...(drills ? [startSchedule({ clock, round: () => backups.drills.round(), longestRetry: days(1), mine })] : []),
    // Each gateway copies its own keys, on a schedule of its own: a failed backup must not delay
    // that.
    startSchedule({ clock, round: () => backups.keys.round(), longestRetry: minutes(10) }),
  ];
  return {
    settled: async () => {
      await Promise.all(schedules.map((schedule) => schedule.settled()));
    },
    stop: () => schedules.forEach((schedule) => schedule.stop()),
  };
}

/**
 * The key folder, and the folders in which copies and rotations have kept it under that master key.
 */
const placesOfKeys = ({ keys }: Config, fingerprint: string): readonly string[] => {
  const { folder, 'copy-to': to } = keys;
  return [folder, ...(to === undefined ? [] : [join(to, fingerprint)]), join(keptAside(folder), fingerprint)];
};

const copiesFor = async (config: Config): Promise<Copies> =>
  config.store.engine === 'sqlite' ? sqliteCopies : (await import('./postgres.ts')).copiesOf(config);

/** `keys`: PEM files with public keys of the audit trail, beside the one in the key folder. */
export async function restoreParts(
  config: Config,
  clock: Clock,
  keys: readonly string[] = [],
  keyFolder = config.keys.folder,
): Promise<RestoreParts> {
  return {
    copies: await copiesFor(config),
    clock,
    keyFolder,
    masterKey: await readMasterKey(config),
    publicKeys: await publicKeysIn(auditKeyFile(keyFolder), keys),
    escrow: (fingerprint) => escrowOf(fingerprint, placesOfKeys(config, fingerprint)),
  };
}
