/**
 * The process that reads every page of the database that it is given, and says on standard output
 * what is wrong.
 */
import { writeSync } from 'node:fs';
import { constants, setPriority } from 'node:os';
import { isDamage, isUnreadable, openReading } from './database.ts';
import { damageIn } from './check-database.ts';
import { DAMAGED } from './page-check.ts';

const STDOUT = 1;

function check(path: string): string | undefined {
  const db = openReading(path);
  try {
    return damageIn(db);
  } finally {
    db.close();
  }
}

setPriority(constants.priority.PRIORITY_LOW);
try {
  const damage = check(process.argv[2] ?? '');
  if (damage !== undefined) {
    writeSync(STDOUT, damage);
    process.exitCode = DAMAGED;
  }
} catch (error) {
  writeSync(STDOUT, error instanceof Error ? error.message : String(error));
  process.exitCode = isDamage(error) || isUnreadable(error) ? DAMAGED : 1;
}
