/** The backups of a test store, with every seam that a gateway fills. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupParts, Backups } from '../../src/backup/backups.ts';
import type { BackupFailure } from '../../src/backup/failures.ts';
import { publicKeysIn } from '../../src/backup/signed.ts';
import { auditKeyFile, auditKeys } from '../../src/crypto/keys/audit-keys.ts';
import { days } from '../../src/domain/units.ts';
import { sqliteCopies } from '../../src/store/sqlite/copies.ts';
import { type Cleanup, type StoreOptions, type TestStore, openTestStore } from '../support/store.ts';

export interface TestBackups extends TestStore {
  readonly backups: Backups;
  readonly parts: BackupParts;
  /** The configured folder. */
  readonly folder: string;
  /** A path beside it. */
  readonly at: (name: string) => string;
  /** What the operator was told by mail. */
  readonly told: readonly BackupFailure[];
}

export async function testBackups(
  t: Cleanup,
  changes: Partial<BackupParts> = {},
  options: Partial<StoreOptions> = {},
): Promise<TestBackups> {
  const opened = await openTestStore(t, options);
  const { store, clock, log, options: used } = opened;
  const under = mkdtempSync(join(tmpdir(), 'sluis-backups-'));
  t.after(() => rmSync(under, { recursive: true, force: true }));
  const at = (name: string): string => join(under, name);
  writeFileSync(at('sluis.toml'), 'hostname = "mail.test"\n');
  mkdirSync(at('anchors'));
  const told: BackupFailure[] = [];
  const { keyFolder, masterKey } = used;
  const keys = (): ReturnType<typeof auditKeys> => auditKeys(keyFolder, () => Promise.resolve(masterKey), randomBytes);
  const parts: BackupParts = {
    ...{ store, audit: store.audit, clock, log, hostname: 'mail.test', version: '0.0.0', keys },
    ...{ dataFolder: used.dataFolder, keyFolder, configuration: at('sluis.toml'), anchorFolder: at('anchors') },
    anchorKeyFile: auditKeyFile(keyFolder),
    folder: at('backups'),
    keep: { count: 3 },
    rhythm: { every: days(1) },
    offsite: {},
    restore: async (from = keyFolder) => ({
      ...{ copies: sqliteCopies, clock, keyFolder: from, masterKey },
      publicKeys: await publicKeysIn(auditKeyFile(from)),
    }),
    marks: () =>
      Promise.resolve({
        schema: 1,
        keys: { 'master key': 'first' },
        engine: 'sqlite',
        nodes: ['mail.test'],
        listeners: [],
      }),
    sites: false,
    tell: (failure) => {
      told.push(failure);
      return Promise.resolve();
    },
    ...changes,
  };
  return { ...opened, backups: new Backups(parts), parts, folder: at('backups'), at, told };
}
