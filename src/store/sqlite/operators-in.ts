/** The operators that a copy of the database knows, before it is anybody's store: they are who may approve its restoring. */
import Database from 'better-sqlite3';
import type { Operator } from '../../domain/second-person.ts';
import { instant } from '../../domain/units.ts';
import { OperatorReads } from '../reads/operators.ts';
import { SqliteRunner } from './runner.ts';

export function operatorsIn(path: string): readonly Operator[] {
  const db = new Database(path, { readonly: true, fileMustExist: true });
  try {
    // A copy of before there were operators has no such table.
    const known = db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'operator'").get() !== undefined;
    return known ? new SqliteRunner(db).run(new OperatorReads().list({ at: instant(0) })) : [];
  } finally {
    db.close();
  }
}
