/**
 * Counts what a change asks of its engine: statements, services, and rows of the trail. Each is a
 * round trip if the database is on another machine.
 */
import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import { instant } from '../../src/domain/units.ts';
import { ChangeContext } from '../../src/store/changes/change-context.ts';
import type { Change } from '../../src/store/sql/sql.ts';
import { AuditWriter } from '../../src/store/sqlite/audit-writer.ts';
import { Filing } from '../../src/store/sqlite/filing.ts';
import { MailboxCounters } from '../../src/store/sqlite/mailbox-counters.ts';
import { knownMigrations, migrate } from '../../src/store/sqlite/migrate.ts';
import { SqliteRunner } from '../../src/store/sqlite/runner.ts';
import { SearchTables } from '../../src/store/sqlite/search-tables.ts';
import { SqliteServices } from '../../src/store/sqlite/services.ts';
import { UsageChanges } from '../../src/store/sqlite/usage-changes.ts';
import type { Cleanup } from './store.ts';

export interface Counted<T = unknown> {
  readonly statements: number;
  readonly services: number;
  readonly rows: number;
  readonly value: T;
}

/** An empty database of the newest version, and a function that runs changes on it. */
export function countingRunner(t: Cleanup): {
  readonly db: Database.Database;
  readonly run: <T>(change: (context: ChangeContext) => Change<T>, at?: number) => Counted<T>;
} {
  const db = new Database(':memory:');
  t.after(() => void db.close());
  migrate(db, knownMigrations(), 0, true);
  const audit = new AuditWriter(db);
  const counters = new MailboxCounters(db);
  const usage = new UsageChanges(db, { seq: () => audit.head.seq });
  const filing = new Filing(db, { audit, counters, usage, search: new SearchTables(db) }, 0);
  const services = new SqliteServices({ counters, filing, usage });
  const runner = new SqliteRunner(db, (item) => audit.append(item), services);
  const run = <T>(change: (context: ChangeContext) => Change<T>, at = 1): Counted<T> => {
    const count = { statements: 0, services: 0, rows: 0 };
    function* counted(): Change<T> {
      const inner = change(new ChangeContext(instant(at), randomBytes(32)));
      let step = inner.next();
      while (step.done !== true) {
        if ('plan' in step.value) count.statements += 1;
        if ('service' in step.value) count.services += 1;
        if ('audit' in step.value) count.rows += 1;
        step = inner.next(yield step.value);
      }
      return step.value;
    }
    const value = runner.run(counted());
    return { ...count, value };
  };
  return { db, run };
}
