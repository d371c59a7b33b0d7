/** Backups and restore, assembled. */
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Backups } from './backup/backups.ts';
import type { RestoreParts } from './backup/restore.ts';
import { publicKeysIn } from './backup/signed.ts';
import { readMasterKey } from './config/master-key.ts';
import type { Config } from './config/schema.ts';
import { auditKeyFile, auditKeys } from './crypto/audit-keys.ts';
import type { Clock, Log, RandomBytes } from './domain/effects.ts';
import { anchorFolderOf } from './gateway-audit.ts';
import { sqliteCopies } from './store/sqlite/copies.ts';
import type { Store } from './store/store.ts';

interface Effects {
  readonly clock: Clock;
  readonly log: Log;
  readonly random?: RandomBytes;
}

/** Of this program, for manifests. */
export const programVersion = (): string => {
  const read = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string };
  return read.version;
};

export function gatewayBackups(store: Store, config: Config, { clock, log, random = randomBytes }: Effects): Backups {
  const { folder, keep, 'keep-for': age } = config.backup;
  return new Backups({
    ...{ store, audit: store.audit, clock, log, hostname: config.hostname, version: programVersion() },
    ...{ dataFolder: config.data.folder, keyFolder: config.keys.folder, configuration: config.file },
    anchorFolder: anchorFolderOf(config),
    anchorKeyFile: auditKeyFile(config.keys.folder),
    keys: () => auditKeys(config.keys.folder, () => readMasterKey(config), random),
    keep: { count: keep, ...(age === undefined ? {} : { age }) },
    ...(folder === undefined ? {} : { folder }),
  });
}

/** `keys`: PEM files with public keys of the audit trail, beside the one in the key folder. */
export async function restoreParts(config: Config, clock: Clock, keys: readonly string[] = []): Promise<RestoreParts> {
  return {
    ...{ copies: sqliteCopies, clock, keyFolder: config.keys.folder },
    masterKey: await readMasterKey(config),
    publicKeys: await publicKeysIn(auditKeyFile(config.keys.folder), ...keys),
  };
}
