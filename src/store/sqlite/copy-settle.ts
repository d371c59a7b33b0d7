/**
 * Makes a proved copy one that may be served. Its start number jumps, so that no process that
 * served the lost database can hold a maildrop or a lease against this one.
 */
import { closeSync, fsyncSync, openSync } from 'node:fs';
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { settleRestored } from '../changes/restored.ts';
import type { SettleRequest, SettledCopy } from '../copies.ts';
import { AuditWriter } from './audit-writer.ts';
import { factOf, setFact } from './check-database.ts';
import { openWriting } from './database.ts';
import { knownMigrations, migrate } from './migrate.ts';
import { SqliteRunner } from './runner.ts';

export interface SettleJob extends SettleRequest {
  readonly kind: 'settle';
  readonly path: string;
}

/** More starts than any gateway makes between two backups. */
const STARTS = 1000;

export function settleCopy(job: SettleJob): SettledCopy {
  const db = openWriting(job.path, 'FULL');
  try {
    migrate(db, knownMigrations(), job.at, false);
    db.exec('BEGIN IMMEDIATE');
    setFact(db, 'epoch', Number(factOf(db, 'epoch') ?? 0) + STARTS);
    setFact(db, 'clean', 0);
    const trail = new AuditWriter(db);
    const runner = new SqliteRunner(db, (item) => trail.append(item));
    const settled = runner.run(settleRestored(job, new KeyFolder(job.keyFolder, job.masterKey)));
    db.exec('COMMIT');
    db.pragma('wal_checkpoint(TRUNCATE)');
    return settled;
  } finally {
    db.close();
    const file = openSync(job.path, 'r+');
    fsyncSync(file);
    closeSync(file);
  }
}
