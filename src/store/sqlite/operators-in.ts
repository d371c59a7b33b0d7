/**
 * Reads the operators of a copy of the database before it is served: they may approve its
 * restoring.
 */
import Database from 'better-sqlite3';
import type { Operator } from '../../domain/second-person.ts';
import type { Instant } from '../../domain/units.ts';
import { OperatorReads } from '../reads/operators.ts';
import { SqliteRunner } from './runner.ts';

export function operatorsIn(path: string, now: Instant): readonly Operator[] {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    // The copy has the form of the program that wrote it: it may be older than operators, or than
    // their roles.
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
