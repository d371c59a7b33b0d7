/**
 * Stores on PostgreSQL for tests: one server for each test file, and a database for each store,
 * made from a template.
 */
import { randomBytes } from 'node:crypto';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { type PostgresOpenOptions, createPostgresStore, openPostgresStore } from '../../src/store/postgres/open.ts';
import { listen } from '../../src/store/postgres/listening.ts';
import { Pool, type Purpose } from '../../src/store/postgres/pool.ts';
import { Session } from '../../src/store/postgres/session.ts';
import type { Listening } from '../../src/store/postgres/together.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { CoreOpenOptions } from '../../src/store/core/options.ts';
import type { Store } from '../../src/store/port/store.ts';
import { FakeClock } from './clock.ts';
import { MemoryLog } from './log.ts';
import { ACCESS, addressOf, startLone } from './lone-postgres.ts';
import type { PostgresServer } from './postgres-server.ts';
import type { Cleanup } from './store.ts';

const COUNTS: Readonly<Record<Purpose, number>> = {
  ...{ filing: 2, changing: 2, reading: 2, leasing: 1, chunks: 1, watching: 1, listening: 1 },
};

/** Connections as a gateway has them, but fewer, to a server that stays where it is. */
class TestSessions extends Pool {
  #taken = 0;

  constructor(server: PostgresServer, database: string, log: MemoryLog, node = 'init') {
    super({
      finder: { find: () => Promise.resolve(addressOf(server)), lost: () => undefined },
      access: { ...ACCESS, database },
      name: `sluis/${node}`,
      clock: systemClock,
      log,
      counts: COUNTS,
      mayAcknowledge: () => undefined,
    });
  }

  override async withSession<T>(purpose: Purpose, work: (session: Session) => Promise<T>): Promise<T> {
    // This session listens, and watches the version number of the registry, as long as the store is
    // open.
    if (purpose === 'listening') return await super.withSession(purpose, work);
    this.#taken += 1;
    try {
      return await super.withSession(purpose, work);
    } finally {
      this.#taken -= 1;
    }
  }

  listen(told: (payload: string) => void): Listening {
    return listen(this, systemClock, told);
  }

  /** Resolves when nobody uses a connection. */
  async quiet(): Promise<void> {
    do await new Promise(setImmediate);
    while (this.#taken > 0);
  }
}

/** Connections to another server than that of `PostgresStores`. */
export const sessionsOf = (server: PostgresServer, database: string, log: MemoryLog): TestSessions =>
  new TestSessions(server, database, log, 'gw1');

type Changes = Pick<CoreOpenOptions, 'retention' | 'takeoverAfter' | 'maxBody' | 'mayMakeKey'> &
  Pick<PostgresOpenOptions, 'copying'>;

export interface PostgresTestStore {
  readonly store: Store;
  readonly clock: FakeClock;
  readonly log: MemoryLog;
  readonly noRoom: true;
  readonly gaps: true;
  /** Name of its database, for the test's own statements. */
  readonly database: string;
  readonly server: PostgresServer;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  /** Closes the store and opens it again. */
  reopen(changes?: Changes): Promise<PostgresTestStore>;
  close(): Promise<void>;
  /**
   * The store of another node on the same database, with the same clock, and with the same keys or
   * a key folder of its own.
   */
  beside(node: string, keys?: 'same' | 'own'): Promise<PostgresTestStore>;
  /** Runs one statement and returns its answer. */
  ask(text: string): Promise<readonly object[]>;
  /** Runs one statement in a transaction. Resolves to a function that ends it. */
  hold(text: string): Promise<() => Promise<void>>;
}

export class PostgresStores {
  readonly #server: PostgresServer;
  readonly #template: { readonly keyFolder: string };
  readonly #masterKey: Uint8Array;
  #count = 0;

  private constructor(server: PostgresServer, template: { readonly keyFolder: string }, masterKey: Uint8Array) {
    this.#server = server;
    this.#template = template;
    this.#masterKey = masterKey;
  }

  /** Starts the server; it ends with `t`. */
  static async start(t: Cleanup, settings: Readonly<Record<string, string>> = {}): Promise<PostgresStores> {
    const server = await startLone(t, settings);
    const folder = mkdtempSync(join(tmpdir(), 'sluis-template-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const keyFolder = join(folder, 'keys');
    const masterKey = randomBytes(32);
    await server.ask('CREATE DATABASE made OWNER sluis');
    const sessions = new TestSessions(server, 'made', new MemoryLog());
    await createPostgresStore({ keyFolder, masterKey, hostname: 'mail.test', clock: new FakeClock(), sessions });
    return new PostgresStores(server, { keyFolder }, masterKey);
  }

  async open(t: Cleanup): Promise<PostgresTestStore> {
    const database = `store_${(this.#count += 1)}`;
    // Nothing is flushed here. So copying files takes a quarter of the time that it takes to log
    // each page.
    await this.#server.ask(`CREATE DATABASE ${database} TEMPLATE made OWNER sluis STRATEGY file_copy`);
    const folder = mkdtempSync(join(tmpdir(), 'sluis-store-'));
    const keyFolder = join(folder, 'keys');
    cpSync(this.#template.keyFolder, keyFolder, { recursive: true });
    const clock = new FakeClock();
    const log = new MemoryLog();
    const stores: Store[] = [];
    t.after(async () => {
      for (const store of stores) await store.close();
      await this.#server.ask(`DROP DATABASE ${database} WITH (FORCE)`);
      rmSync(folder, { recursive: true, force: true });
    });
    const all: TestSessions[] = [];
    clock.quiet = async () => {
      for (const sessions of all) await sessions.quiet();
    };
    const connect = (): Promise<Session> =>
      Session.open(addressOf(this.#server), { ...ACCESS, database }, { name: 'test' });
    const ask = async (text: string): Promise<readonly object[]> => {
      const session = await connect();
      const { rows } = await session.query({ text });
      await session.close();
      return rows;
    };
    const hold = async (text: string): Promise<() => Promise<void>> => {
      const session = await connect();
      await session.begin();
      await session.query({ text });
      return async () => {
        await session.rollback();
        await session.close();
      };
    };
    const ownKeys = (node: string): string => {
      const own = join(folder, `keys-${node}`);
      cpSync(this.#template.keyFolder, own, { recursive: true });
      return own;
    };
    const open = async (node: string, changes: Changes = {}, its = keyFolder): Promise<PostgresTestStore> => {
      const sessions = new TestSessions(this.#server, database, log, node);
      all.push(sessions);
      const store = await openPostgresStore({
        keyFolder: its,
        masterKey: this.#masterKey,
        hostname: 'mail.test',
        clock,
        log,
        sessions,
        node,
        site: 'noord',
        programVersion: 'test',
        testing: { now: () => clock.now(), changesTwice: true, watching: systemClock },
        ...changes,
      });
      stores.push(store);
      const close = (): Promise<void> => store.close();
      const reopen = async (more?: Changes): Promise<PostgresTestStore> => {
        await close();
        return await open(node, { ...changes, ...more }, its);
      };
      const beside = (other: string, keys = 'same'): Promise<PostgresTestStore> =>
        open(other, changes, keys === 'same' ? its : ownKeys(other));
      const made = { server: this.#server, keyFolder: its, masterKey: this.#masterKey };
      return { store, clock, log, noRoom: true, gaps: true, database, ...made, reopen, close, beside, ask, hold };
    };
    return await open('gw1');
  }
}

/**
 * Opens stores on one server for this test file. The server starts with the first store and ends
 * with the file.
 */
export function storesOfFile(): PostgresStores['open'] {
  const closers: (() => Promise<void> | void)[] = [];
  after(async () => {
    for (const close of closers.toReversed()) await close();
  });
  let stores: Promise<PostgresStores> | undefined;
  return async (t) => {
    stores ??= PostgresStores.start({ after: (close) => closers.push(close) });
    return await (await stores).open(t);
  };
}
