/**
 * Both engines have the same tables; and a PostgreSQL database is brought forward by one program at
 * a time, and by none that does not know it.
 */
// @beside
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import Database from 'better-sqlite3';
import { checkMigrations, knownMigrations, migrate } from '../../src/store/postgres/migrate.ts';
import * as sqlite from '../../src/store/sqlite/migrate.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { DATA_KINDS } from '../../src/domain/data-kinds.ts';
import { POSTGRES_KINDS } from '../../src/domain/data-kinds/postgres.ts';
import { ClientConnection, type PostgresClient, clientOf, startPostgres } from '../support/postgres.ts';

let client: PostgresClient;
const closers: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closers.toReversed()) await close();
});
before(async () => {
  client = await startPostgres({ after: (close) => closers.push(close) });
});

/** A database of its own, empty. */
async function database(name: string): Promise<ClientConnection> {
  await client.query(`CREATE DATABASE ${name}`);
  const its = await clientOf(client, name);
  closers.push(() => its.end());
  return new ClientConnection(its);
}

/** Tables and columns that PostgreSQL alone has: each is a kind of data. */
const OF_POSTGRES: ReadonlySet<string> = new Set([
  ...Object.keys(POSTGRES_KINDS),
  ...Object.entries(DATA_KINDS).flatMap(([table, { onPostgres = [] }]) => onPostgres.map((name) => `${table}.${name}`)),
]);
/** Tables of SQLite that are views here, of the rows in which searches seek. */
const VIEWS: ReadonlySet<string> = new Set(['audit_of_account', 'audit_of_message', 'message_of_field']);

/** Unique keys that SQLite keeps otherwise. */
const OWN_KEYS: ReadonlySet<string> = new Set(['audit (lane, place): unique', 'sent_request (key): unique']);

/** `table.column: not null`, and `table (columns): unique`. */
type Shape = readonly string[];

function sqliteShape(): Shape {
  const db = new Database(':memory:');
  sqlite.migrate(db, sqlite.knownMigrations(), 0, true);
  const rows = <T>(text: string): T[] => db.prepare(text).all() as T[];
  const tables = rows<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`,
  );
  const shape = tables.flatMap(({ name }) => {
    const columns = rows<{ name: string; notnull: number; pk: number }>(`PRAGMA table_info("${name}")`);
    const key = columns
      .filter(({ pk }) => pk > 0)
      .sort((a, b) => a.pk - b.pk)
      .map((column) => column.name);
    const unique = rows<{ name: string; unique: number }>(`PRAGMA index_list("${name}")`)
      .filter((index) => index.unique === 1)
      .map((index) => rows<{ name: string }>(`PRAGMA index_info("${index.name}")`).map((column) => column.name));
    return [
      ...columns.map(({ name: column, notnull, pk }) => `${name}.${column}${notnull + pk > 0 ? ': not null' : ''}`),
      ...[key, ...unique].filter((of) => of.length > 0).map((columns) => `${name} (${columns.join(', ')}): unique`),
    ];
  });
  db.close();
  return [...new Set(shape)].sort();
}

async function postgresShape(connection: ClientConnection): Promise<Shape> {
  const columns = await connection.query({
    text: `SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN ': not null' ELSE '' END
      FROM information_schema.columns WHERE table_schema = 'public'`,
  });
  const unique = await connection.query({
    text: `SELECT c.relname || ' (' || (SELECT string_agg(a.attname, ', ' ORDER BY k.n) FROM unnest(i.indkey::int[]) WITH ORDINALITY k (attnum, n)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum) || '): unique'
      FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
     WHERE i.indisunique AND n.nspname = 'public'`,
  });
  return [...new Set([...columns.rows, ...unique.rows].map(([line]) => String(line)))].sort();
}

const isOwn = (line: string): boolean => {
  const table = /^\w+/.exec(line)?.[0] ?? '';
  const column = /^\w+\.\w+/.exec(line)?.[0] ?? '';
  return VIEWS.has(table) || OF_POSTGRES.has(table) || OF_POSTGRES.has(column) || OWN_KEYS.has(line);
};

test('PostgreSQL has the tables of SQLite, with their columns and keys, and what is its own', async () => {
  const connection = await database('shape');
  await migrate(connection, knownMigrations(), 7);
  const shape = await postgresShape(connection);
  const own = shape.filter(isOwn).map((line) => /^\w+(\.\w+)?/.exec(line)?.[0] ?? '');
  for (const name of OF_POSTGRES)
    assert.ok(
      own.some((line) => line === name || line.startsWith(`${name}.`)),
      `${name} is there`,
    );
  assert.deepEqual(
    shape.filter((line) => !isOwn(line)),
    sqliteShape().filter((line) => !isOwn(line)),
  );
  const columnsOf = (table: string): string[] =>
    shape.flatMap((line) => (line.startsWith(`${table}.`) ? [line.slice(table.length + 1).replace(/:.*/, '')] : []));
  for (const [table, { columns }] of Object.entries(POSTGRES_KINDS))
    assert.deepEqual(
      columnsOf(table),
      columns.toSorted(),
      `say in src/domain/data-kinds/postgres.ts what is kept in ${table}`,
    );
  const { rows } = await connection.query({ text: 'SELECT version::int, applied_at::int FROM migration' });
  assert.deepEqual(
    rows,
    knownMigrations().map(({ version }) => [version, 7]),
  );
});

test('a database of any version before gets the migrations that it has not, in their order, and comes to the same tables', async () => {
  const all = knownMigrations();
  const fresh = await database('fresh');
  await migrate(fresh, all, 0);
  const expected = await postgresShape(fresh);
  for (const [n] of all.entries()) {
    const connection = await database(`before_${n}`);
    await migrate(connection, all.slice(0, n), 1);
    await migrate(connection, all, 2);
    assert.deepEqual(await postgresShape(connection), expected, `from ${n}`);
    const { rows } = await connection.query({
      text: 'SELECT version::int, applied_at::int FROM migration ORDER BY ctid',
    });
    assert.deepEqual(
      rows,
      all.map(({ version }, i) => [version, i < n ? 1 : 2]),
    );
  }
});

const refusal = (message: RegExp) => (error: unknown) => error instanceof StoreRefused && message.test(error.message);

test('a program serves a database that is one migration ahead of it, and none that is further or another', async () => {
  const connection = await database('ahead');
  assert.equal(await checkMigrations(connection, knownMigrations()), 0);
  const next = [1, 2].map((n) => ({
    version: 9000 + n,
    name: `900${n}_next.sql`,
    sql: `CREATE TABLE next_${n} (id bigint)`,
    sha256: `${n}`,
  }));
  const [one, two] = [next.slice(0, 1), next];
  await migrate(connection, [...knownMigrations(), ...one], 0);
  assert.equal(await checkMigrations(connection, knownMigrations()), 9001);
  await migrate(connection, knownMigrations(), 0);
  await migrate(connection, [...knownMigrations(), ...two], 0);
  await assert.rejects(checkMigrations(connection, knownMigrations()), refusal(/has version 9002, 2 migrations ahead/));
  const changed = [...knownMigrations(), ...one, { ...two[1]!, sha256: 'other' }];
  await assert.rejects(checkMigrations(connection, changed), refusal(/Migration 9002 .* in another form/));
  const between = [...knownMigrations(), { ...one[0]!, version: 9000 }, ...two];
  await assert.rejects(checkMigrations(connection, between), refusal(/Migration 9000 .* was passed over/));
});

test('two programs that bring one database forward at once apply each migration once', async () => {
  await client.query('CREATE DATABASE raced');
  const connections = await Promise.all([1, 2].map(async () => await clientOf(client, 'raced')));
  closers.push(async () => {
    for (const one of connections) await one.end();
  });
  await Promise.all(connections.map((one) => migrate(new ClientConnection(one), knownMigrations(), 0)));
  const { rows } = await connections[0]!.query({ text: 'SELECT count(*)::int FROM migration', rowMode: 'array' });
  assert.deepEqual(rows, [[knownMigrations().length]]);
});

test('a migration that fails leaves nothing behind', async () => {
  const connection = await database('failing');
  const bad = { version: 9001, name: '9001_bad.sql', sql: 'CREATE TABLE half (id bigint); SELECT 1/0', sha256: 'x' };
  await assert.rejects(migrate(connection, [...knownMigrations(), bad], 0), /division by zero/);
  const { rows } = await connection.query({ text: `SELECT to_regclass('half') IS NULL` });
  assert.deepEqual(rows, [[true]]);
  assert.equal(await checkMigrations(connection, knownMigrations()), knownMigrations().at(-1)?.version);
});

test('the role of a running gateway serves what is there, and says who must bring it forward', async () => {
  const owner = await database('owned');
  await migrate(owner, knownMigrations(), 0);
  await owner.query({ text: 'CREATE ROLE runner LOGIN' });
  await owner.query({ text: 'GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO runner' });
  await owner.query({ text: 'SET ROLE runner' });
  await migrate(owner, knownMigrations(), 1);
  const next = { version: 9001, name: '9001_next.sql', sql: 'ALTER TABLE account ADD COLUMN more bigint', sha256: 'x' };
  const tried = migrate(owner, [...knownMigrations(), next], 1);
  await assert.rejects(tried, refusal(/may not bring it to 9001; start the gateway once with the owner/));
});
