/**
 * Backups of a store on PostgreSQL as a gateway makes them, in this process and in a folder of
 * their own. They use Debian's PostgreSQL 17, which has the programs.
 */
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BackupParts, Backups } from '../../src/backup/backups.ts';
import { type RestoreWishes, restoreBackup } from '../../src/backup/restore.ts';
import type { Restored } from '../../src/backup/restored.ts';
import { publicKeysIn } from '../../src/backup/signed.ts';
import { auditKeyFile, auditKeys } from '../../src/crypto/keys/audit-keys.ts';
import type { Log } from '../../src/domain/effects.ts';
import { type Instant, days, instant } from '../../src/domain/units.ts';
import { systemClock } from '../../src/platform/clock.ts';
import { postgresCopies } from '../../src/store/postgres/copies.ts';
import type { Store } from '../../src/store/port/store.ts';
import type { PostgresServer } from './postgres-server.ts';
import { present } from './require.ts';
import type { Cleanup } from './store.ts';

export const DEBIAN = '/usr/lib/postgresql/17/bin';
export const withoutPrograms = (): string | false =>
  present('pg_basebackup 17', existsSync(join(DEBIAN, 'pg_basebackup')), 'install postgresql-17');

export interface Backed {
  readonly store: Store;
  readonly log: Log;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  readonly database: string;
}

export interface BaseBackups {
  readonly backups: Backups;
  readonly parts: BackupParts;
  /** A path in the test's folder. The backups are in `at('backups')`. */
  readonly at: (name: string) => string;
  /** Failures that were reported to the operator by mail. */
  readonly told: readonly string[];
  readonly restore: (backup: string, into: string, wishes?: Partial<RestoreWishes>) => Promise<Restored>;
  /** The parts of another gateway with the same folder. */
  readonly another: (other: Pick<BackupParts, 'log' | 'clock'> & { readonly store: Store }) => Backups;
}

export function baseBackups(
  t: Cleanup,
  { store, log, keyFolder, masterKey, database }: Backed,
  changes: Partial<BackupParts> = {},
): BaseBackups {
  const under = mkdtempSync(join(tmpdir(), 'sluis-base-'));
  t.after(() => rmSync(under, { recursive: true, force: true }));
  // If the test runs as root, the server of a restored copy runs as another user, who must be able
  // to enter.
  chmodSync(under, 0o755);
  const at = (name: string): string => join(under, name);
  mkdirSync(at('backups'), { mode: 0o755 });
  writeFileSync(at('sluis.toml'), 'hostname = "mail.test"\n');
  mkdirSync(at('anchors'));
  const told: string[] = [];
  const copies = postgresCopies({ database, user: 'sluis', programs: DEBIAN });
  const parts: BackupParts = {
    ...{ store, audit: store.audit, clock: systemClock, log, hostname: 'mail.test', version: '0.0.0', shared: true },
    ...{ dataFolder: at('data'), keyFolder, configuration: at('sluis.toml'), anchorFolder: at('anchors') },
    keys: () => auditKeys(keyFolder, () => Promise.resolve(masterKey), randomBytes),
    anchorKeyFile: auditKeyFile(keyFolder),
    folder: at('backups'),
    keep: { count: 2 },
    rhythm: { every: days(1) },
    offsite: {},
    restore: async (from = keyFolder) => ({
      ...{ copies, clock: systemClock, keyFolder: from, masterKey },
      publicKeys: await publicKeysIn(auditKeyFile(from)),
    }),
    marks: () => Promise.resolve({ schema: 1, keys: {}, engine: 'postgres', nodes: ['gw1'], listeners: [] }),
    sites: false,
    tell: ({ step }) => {
      told.push(step);
      return Promise.resolve();
    },
    ...changes,
  };
  const restore: BaseBackups['restore'] = async (backup, into, wishes = {}) =>
    await restoreBackup(
      await parts.restore(),
      backup,
      into,
      { anchors: [], sample: 0, queue: 'hold', actor: { name: 'test' }, ...wishes },
      { step: () => undefined, octets: () => undefined },
    );
  const another: BaseBackups['another'] = (other) => new Backups({ ...parts, ...other, audit: other.store.audit });
  return { backups: new Backups(parts), parts, at, told, restore, another };
}

export const failure = ({ steps }: Restored): string => steps.find(({ passed }) => !passed)?.found ?? 'nothing failed';

/** The present moment by the clock of the database. */
export async function databaseNow(server: PostgresServer): Promise<Instant> {
  const [row] = await server.ask('SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint::text AS now');
  return instant(Number(row?.now));
}
