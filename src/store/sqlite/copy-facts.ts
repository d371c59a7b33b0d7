/** What a copy of the database says of itself, and its octets. */
import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readSync } from 'node:fs';
import { BEFORE_ALL } from '../../crypto/trail/audit-chain.ts';
import { fingerprintOfCheck } from '../../crypto/keys/key-fingerprint.ts';
import { countsOf } from '../core/copy-proof.ts';
import type { CopyFacts } from '../copies.ts';
import { factOf } from './check-database.ts';
import type { Db } from './database.ts';
import { SqliteRunner } from './runner.ts';

export function factsOf(db: Db): CopyFacts {
  const head =
    db.prepare<[], { seq: number; hash: Uint8Array }>('SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1').get() ??
    BEFORE_ALL;
  const check = factOf(db, 'key_check');
  return {
    storeId: String(factOf(db, 'store_id')),
    ...(check instanceof Uint8Array ? { masterKey: fingerprintOfCheck(check) } : {}),
    schema: db.pragma('user_version', { simple: true }) as number,
    sqlite: db.prepare<[], string>('SELECT sqlite_version()').pluck(true).get() ?? '',
    counts: new SqliteRunner(db).run(countsOf()),
    audit: { seq: head.seq, hash: Buffer.from(head.hash).toString('hex') },
  };
}

const STEP = 1024 * 1024;

/** Syncs the file and reads it again. To be called in a thread: it blocks. */
export function syncedHash(path: string): { readonly octets: number; readonly sha256: string } {
  const file = openSync(path, 'r+');
  try {
    fsyncSync(file);
    const hash = createHash('sha256');
    const step = Buffer.allocUnsafe(STEP);
    let octets = 0;
    for (let n = readSync(file, step); n > 0; n = readSync(file, step)) {
      hash.update(step.subarray(0, n));
      octets += n;
    }
    return { octets, sha256: hash.digest('hex') };
  } finally {
    closeSync(file);
  }
}
