/**
 * A SQLite store is carried over to PostgreSQL: every row, cut short at any page and taken up
 * again; what differs afterwards is found, and the old database stays the store until all of it is
 * there.
 */
// @beside
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type Moved, moveStore } from '../../src/store/move/move.ts';
import type { ChangingConnection, Query } from '../../src/store/postgres/connection.ts';
import { openSqliteStore } from '../../src/store/sqlite/open.ts';
import { StoreRefused } from '../../src/store/store.ts';
import { ClientConnection, type PostgresClient, clientOf, startPostgres } from '../support/postgres.ts';
import { SUPERUSER } from '../support/postgres-server.ts';
import { type Cleanup, type TestStore, addAccount, deliver, openTestStore } from '../support/store.ts';
import { changeDatabase, here } from '../store/sqlite-support.ts';

let client: PostgresClient;
const closers: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closers.toReversed()) await close();
});
before(async () => {
  client = await startPostgres({ after: (close) => closers.push(close) });
});

let databases = 0;
async function database(): Promise<ClientConnection> {
  const name = `moved${++databases}`;
  await client.query(`CREATE DATABASE ${name}`);
  const its = await clientOf(client, name);
  closers.push(() => its.end());
  return new ClientConnection(its);
}

/** Closed, with mail in pieces and whole, a deletion, and rows that refer to later ones. */
async function filled(t: Cleanup, hostname = 'mail.test'): Promise<TestStore> {
  const its = await openTestStore(t, { hostname });
  const { store, options } = its;
  for (const login of ['anna', 'ben', 'cor']) {
    const account = await addAccount(store, login);
    for (let n = 0; n < 40; n += 1) await deliver(store, randomBytes(200 + n), `${login}@group.test`);
    await deliver(store, randomBytes(600_000), `${login}@group.test`);
    const lock = await store.lockMaildrop(account, here);
    assert(lock !== 'in-use');
    const listing = await store.listMaildrop(lock);
    await store.commitMaildrop(lock, [listing.uidOf(0)], [listing.uidOf(0), listing.uidOf(1)], []);
  }
  await its.close();
  changeDatabase(options, (db) => {
    db.exec(
      `UPDATE organisation SET merged_into = (SELECT max(id) FROM organisation) WHERE id = (SELECT min(id) FROM organisation)`,
    );
    db.exec(`UPDATE account SET moved_to = (SELECT max(id) FROM account) WHERE id = (SELECT min(id) FROM account)`);
  });
  return its;
}

interface Wish {
  readonly step?: (what: string) => void;
  readonly running?: string;
  readonly told?: (what: string, rows: number, of: number) => void;
}

const move = (
  { options }: TestStore,
  connection: ChangingConnection,
  { step = () => undefined, running = SUPERUSER, told = () => undefined }: Wish = {},
): Promise<Moved> => {
  const { dataFolder, keyFolder, masterKey } = options;
  const actor = { name: 'jan', reason: 'a second site' };
  return moveStore({
    dataFolder,
    keyFolder,
    masterKey,
    connection,
    running,
    actor,
    at: options.clock.now(),
    told,
    step,
  });
};

const moved = ({ options }: TestStore): boolean => existsSync(join(options.dataFolder, 'sluis-moved.db'));

const shownTables = (rows: readonly (readonly unknown[])[]): number => {
  const { tables } = rows[0]?.[0] as { readonly tables: number };
  assert(tables > 40, `${tables} tables`);
  return tables;
};

const count = async (connection: ClientConnection, table: string): Promise<number> =>
  Number((await connection.query({ text: `SELECT count(*) FROM "${table}"` })).rows[0]?.[0]);

test('all rows are carried over, and the old database is a store no more', async (t) => {
  const its = await filled(t);
  const connection = await database();
  const tables = new Map<string, number>();
  changeDatabase(its.options, (db) => {
    for (const { name } of db
      .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
      .all() as {
      name: string;
    }[])
      tables.set(name, (db.prepare(`SELECT count(*) AS n FROM "${name}"`).get() as { n: number }).n);
  });
  const shown: [string, number, number][] = [];
  const { rows, digest, found } = await move(its, connection, { told: (...one) => void shown.push(one) });
  assert.equal(found, 'nothing');
  assert.deepEqual(shown.at(-1), ['compared', rows, rows]);
  assert.match(digest, /^[0-9a-f]{64}$/);
  for (const name of ['message', 'entry', 'hidden_entry', 'content', 'chunk', 'audit', 'account', 'mailbox']) {
    assert((tables.get(name) ?? 0) > 0, name);
    assert.equal(await count(connection, name), (tables.get(name) ?? 0) + (name === 'audit' ? 1 : 0), name);
  }
  const { rows: told } = await connection.query({
    text: `SELECT a.facts::jsonb, a.personal::jsonb, l.node, l.epoch, a.place
             FROM audit a JOIN lane l ON l.id = a.lane WHERE a.event = 'store.moved'`,
  });
  const by = { actor: 'jan', reason: 'a second site' };
  assert.deepEqual(told, [[{ rows, digest, tables: shownTables(told) }, by, '0', '0', '1']]);
  assert(rows > 500, `${rows} rows`);
  const { rows: facts } = await connection.query({
    text: `SELECT name FROM fact WHERE name IN ('store_id', 'key_check') ORDER BY 1`,
  });
  assert.deepEqual(facts, [['key_check'], ['store_id']]);
  const { rows: links } = await connection.query({
    text: `SELECT (SELECT merged_into = (SELECT max(id) FROM organisation) FROM organisation ORDER BY id LIMIT 1),
                  (SELECT moved_to = (SELECT max(id) FROM account) FROM account ORDER BY id LIMIT 1),
                  (SELECT bool_and(lane = 0 AND place = seq) FROM audit WHERE event <> 'store.moved'),
                  nextval('audit_seq') > (SELECT max(seq) FROM audit)`,
  });
  assert.deepEqual(links, [[true, true, true, true]]);
  assert(moved(its));
  await assert.rejects(openSqliteStore(its.options), /was moved to PostgreSQL; set engine = "postgres"/);
  await assert.rejects(move(its, connection), /This store was moved to that database already/);
});

test('cut short before any page it goes on from there, and comes to the same', async (t) => {
  const its = await filled(t);
  const connection = await database();
  const steps: string[] = [];
  let cuts = 0;
  for (let done = false; !done;) {
    let n = 0;
    try {
      await move(its, connection, {
        step: (what) => {
          // Each run gets two pages further than the one before.
          if (++n > 2 && what !== 'rename' && what !== 'finish') throw new Error('cut');
          steps.push(what);
        },
      });
      done = true;
    } catch (error) {
      assert.equal((error as Error).message, 'cut');
      assert(!moved(its));
      cuts += 1;
      assert(cuts < 200);
    }
  }
  // No page was carried over twice.
  assert.equal(steps.filter((what) => what === 'message').length, 1);
  assert(cuts > 20, `${cuts} cuts`);
  await assert.rejects(move(await filled(t), connection), /This store was moved to that database already/);
  await assert.rejects(move(await filled(t, 'other.test'), connection), /There is another store in the database/);
});

test('what was served again since a move was cut short begins anew, and nothing of before is left', async (t) => {
  const its = await filled(t);
  const connection = await database();
  const cut = (at: string): Promise<Moved> =>
    move(its, connection, {
      step: (what) => {
        if (what === at) throw new Error('cut');
      },
    });
  await assert.rejects(cut('rename'), /cut/);
  await assert.rejects(move(await filled(t, 'other.test'), connection), /has a part of another store/);
  const again = await openSqliteStore(its.options);
  await deliver(again, randomBytes(300), 'anna@group.test');
  await again.close();
  const { found, rows } = await move(its, connection);
  assert.equal(found, 'an older part');
  assert.equal(await count(connection, 'message'), 3 * 41 + 1);
  assert(rows > 500);
});

test('cut between its last two steps there is no store at all, and the next run makes it', async (t) => {
  const its = await filled(t);
  const connection = await database();
  const last = move(its, connection, {
    step: (what) => {
      if (what === 'finish') throw new Error('cut');
    },
  });
  await assert.rejects(last, /cut/);
  assert(moved(its));
  await assert.rejects(openSqliteStore(its.options), /was moved to PostgreSQL/);
  const { rows: facts } = await connection.query({ text: `SELECT name FROM fact WHERE name = 'store_id'` });
  assert.deepEqual(facts, []);
  const { found } = await move(its, connection);
  assert.equal(found, 'a part');
  assert.equal(await count(connection, 'fact'), (await factsWithoutMoves(connection)).length);
});

const factsWithoutMoves = async (connection: ClientConnection): Promise<readonly unknown[]> =>
  (await connection.query({ text: `SELECT name FROM fact WHERE name NOT LIKE 'move.%'` })).rows;

test('a database that is not for this store, and roles that may not do it, are refused before a row is written', async (t) => {
  const its = await filled(t);
  const full = await database();
  await full.query({ text: 'CREATE TABLE invoice (id bigint)' });
  await assert.rejects(move(its, full), /is not empty: it has "invoice", of some other program/);

  const connection = await database();
  await assert.rejects(move(its, connection, { running: 'nobody_here' }), /There is no role "nobody_here"/);
  await client.query('CREATE ROLE without_rights');
  await assert.rejects(
    move(its, connection, { running: 'without_rights' }),
    /"without_rights".* may not read and write/,
  );
  await connection.query({ text: 'SET ROLE without_rights' });
  await assert.rejects(move(its, connection), /The role "without_rights" may not make tables .*as its owner/);
  await connection.query({ text: 'RESET ROLE' });

  let other: Promise<unknown> = Promise.resolve();
  const name = `moved${databases}`;
  const second = await clientOf(client, name);
  closers.push(() => second.end());
  await move(its, connection, {
    step: (what) => {
      if (what !== 'rename') return;
      // Of a copy of the data folder: the lock of the folder says nothing of it.
      other = assert.rejects(
        filled(t).then((copy) => move(copy, new ClientConnection(second))),
        /Another move into this database is under way/,
      );
    },
  });
  await other;
});

/** Says of one table something else than what was written. */
class Changed extends ClientConnection {
  readonly change: string;
  #done = false;

  constructor(its: PostgresClient, change: string) {
    super(its);
    this.change = change;
  }

  override async query(query: Query): ReturnType<ClientConnection['query']> {
    // Behind all rows, before they are compared: nothing of them is marked after this.
    if (!this.#done && query.text.startsWith('SELECT "')) {
      this.#done = true;
      const { count: n } = await super.query({ text: this.change });
      assert(n > 0, this.change);
    }
    return await super.query(query);
  }
}

test('a row that differs, is missing or is one too many is found, and the old database stays the store', async (t) => {
  const its = await filled(t);
  for (const [change, table] of [
    [
      `UPDATE entry SET uidl = '\\x00' WHERE (account, uid) = (SELECT account, max(uid) FROM entry GROUP BY account LIMIT 1)`,
      'entry',
    ],
    [`UPDATE message SET sender = sender || 'x' WHERE id = (SELECT max(id) FROM message)`, 'message'],
    [`UPDATE chunk SET sealed = substr(sealed, 2) WHERE n = 0`, 'chunk'],
    [`DELETE FROM hidden_entry`, 'hidden_entry'],
    [`INSERT INTO notice (key, at) VALUES ('x', 1)`, 'notice'],
  ] as const) {
    const name = `moved${++databases}`;
    await client.query(`CREATE DATABASE ${name}`);
    const changing = await clientOf(client, name);
    closers.push(() => changing.end());
    await assert.rejects(move(its, new Changed(changing, change)), (error) => {
      assert(error instanceof StoreRefused);
      assert.match(error.message, new RegExp(`The table "${table}" has .* not the same; nothing serves from there`));
      return true;
    });
    assert(!moved(its), table);
  }
  const again = await openSqliteStore(its.options);
  await again.close();
});

test('where rows differed the next run begins anew', async (t) => {
  const its = await filled(t);
  const name = `moved${++databases}`;
  await client.query(`CREATE DATABASE ${name}`);
  const changing = await clientOf(client, name);
  closers.push(() => changing.end());
  await assert.rejects(move(its, new Changed(changing, 'DELETE FROM hidden_entry')), /it starts again/);
  const { found } = await move(its, new ClientConnection(changing));
  assert.equal(found, 'an older part');
});

test('a store that did not stop in order is not moved', async (t) => {
  const its = await filled(t);
  changeDatabase(its.options, (db) => db.exec(`UPDATE fact SET value = 0 WHERE name = 'clean'`));
  const connection = await database();
  await assert.rejects(move(its, connection), /did not stop in an orderly way/);
  changeDatabase(its.options, (db) => db.exec(`UPDATE fact SET value = 1 WHERE name = 'clean'`));
  const old = { ...its, options: { ...its.options, masterKey: randomBytes(32) } };
  await assert.rejects(move(old, connection), /The sealing key is not the one that this store was made with/);
  changeDatabase(its.options, (db) => {
    const version = db.pragma('user_version', { simple: true }) as number;
    db.exec(`DELETE FROM migration WHERE version = ${version}`);
    db.pragma(`user_version = ${version - 1}`);
  });
  await assert.rejects(move(its, connection), /has version \d+, and this program moves version \d+: start the gateway/);
  assert(!moved(its));
});
