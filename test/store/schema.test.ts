/**
 * The tables of SQLite as all migrations leave them, in `test/store/schema.sql`: a reader sees them
 * at a glance, and a change of them in its difference.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { knownMigrations } from '../../src/store/sqlite/migrate.ts';
import { openReading } from '../../src/store/sqlite/database.ts';
import { createSqliteStore } from '../../src/store/sqlite/open.ts';
import { testOptions } from '../support/store.ts';

const FILE = join(import.meta.dirname, '..', '..', 'test', 'store', 'schema.sql');

test('the schema is the one in schema.sql', async (t) => {
  const options = testOptions(t);
  await createSqliteStore(options);
  const db = openReading(join(options.dataFolder, 'sluis.db'));
  t.after(() => db.close());
  const rows = db
    .prepare<[], { sql: string }>(
      "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'trigger', type DESC, name",
    )
    .all();
  const schema = `${rows.map((row) => `${row.sql};`).join('\n\n')}\n`;
  if (process.env.WRITE_GOLDEN === '1') writeFileSync(FILE, schema);
  assert.equal(schema, readFileSync(FILE, 'utf8'), '"npm run goldens" writes schema.sql anew');
  assert.equal(db.pragma('user_version', { simple: true }), knownMigrations().at(-1)?.version);
});
