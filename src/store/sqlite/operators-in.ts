/** The operators that a copy of the database knows, before it is anybody's store: they are who may approve its restoring. */
import Database from 'better-sqlite3';
import type { Operator } from '../../domain/second-person.ts';
import type { Instant } from '../../domain/units.ts';
import { OperatorReads } from '../reads/operators.ts';
import { SqliteRunner } from './runner.ts';

export function operatorsIn(path: string, now: Instant): readonly Operator[] {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    // The copy is as the program left it that wrote it: of before there were operators, or of before they had roles.
    const has = (table: string): boolean =>
      db.prepare('SELECT 1 FROM sqlite_schema WHERE name = ?').get(table) !== undefined;
    if (has('operator_key')) return new SqliteRunner(db).run(new OperatorReads().signers({ at: now }));
    if (!has('operator')) return [];
    return db
      .prepare<[], Operator>(
        'SELECT name, fingerprint, public_key AS publicKey FROM operator WHERE removed_at IS NULL ORDER BY name',
      )
      .all();
  } finally {
    db.close();
  }
}
