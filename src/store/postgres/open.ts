/**
 * Makes and opens a store on PostgreSQL.
 *
 *   the database   everything but the keys; made beforehand, empty
 *   KEYS/          see crypto/keys/day-folder.ts
 */
import { randomBytes } from 'node:crypto';
import { defined } from '../../domain/defined.ts';
import type { Clock } from '../../domain/effects.ts';
import type { Instant } from '../../domain/units.ts';
import { instant } from '../../domain/units.ts';
import { voidLeases } from '../changes/queue.ts';
import { ChangeContext } from '../changes/change-context.ts';
import { Hearing, assemble, firstChanges, keyFolderOf, randomOf } from '../core/assemble.ts';
import type { CoreCreateOptions, CoreOpenOptions } from '../core/options.ts';
import { StoreTime } from '../core/store-time.ts';
import { MessageIds, idTime } from '../message-ids.ts';
import type { Store } from '../port/store.ts';
import { type Change } from '../sql/sql.ts';
import { StoreRefused } from '../store.ts';
import type { ChangingConnection } from './connection.ts';
import type { CopyingOptions } from './copy-access.ts';
import { claimedKeys } from './day-claims.ts';
import { PostgresEngine } from './engine.ts';
import { Lane } from './lane.ts';
import { checkMigrations, knownMigrations, migrate } from './migrate.ts';
import { Node, type Standing } from './nodes.ts';
import { PostgresRunner } from './runner.ts';
import type { Sessions } from './sessions.ts';
import { type StoreFacts, checkKeys, checkMarks, checkMasterKey, storeFacts, writeFacts } from './store-facts.ts';

export interface PostgresCreateOptions extends CoreCreateOptions {
  /** Connections to the primary, which the store owns from now on: it closes them. */
  readonly sessions: Sessions;
}

export interface PostgresOpenOptions extends PostgresCreateOptions, CoreOpenOptions {
  /** Name of this gateway among those that share the database. */
  readonly node: string;
  readonly site: string;
  /** Version of this program. */
  readonly programVersion: string;
  /**
   * True if another place answers at present: while none does maildrops are opened all the same.
   * Absent: it always does.
   */
  readonly mayAcknowledge?: () => boolean;
  /** How base backups are taken, and by which role. Absent: they are not. */
  readonly copying?: CopyingOptions;
  /** What this gateway reports of itself to the others. Absent: that it acknowledges. */
  readonly standing?: () => Standing;
  readonly testing?: {
    /** The time of the database. */
    readonly now?: () => Instant;
    /**
     * By which jobs, and the look at the registry's number, go on while the store's own clock
     * stands or leaps.
     */
    readonly watching?: Clock;
    /** The first run of each change is rolled back. */
    readonly changesTwice?: boolean;
  };
}

/**
 * Makes the tables, the key folder's mark, the organisation `system` with the account `postmaster`
 * and the address postmaster@HOSTNAME. Rejects with StoreRefused when any of it is there already.
 */
export async function createPostgresStore({ sessions, ...options }: PostgresCreateOptions): Promise<void> {
  try {
    const keys = keyFolderOf(options);
    if (keys.storeId !== undefined)
      throw new StoreRefused(
        `The key folder "${options.keyFolder}" belongs to a store already; choose an empty key folder for a new store`,
      );
    const at = options.clock.now();
    const random = options.random ?? randomBytes;
    const storeId = Buffer.from(random(16)).toString('hex');
    await sessions.withSession('changing', async (session) => {
      if ((await checkMigrations(session, knownMigrations())) > 0 && (await factsOf(session)).storeId !== undefined)
        throw new StoreRefused(
          'There is a store in this database already; it is kept as it is. Start the gateway, or name another database in [store]',
        );
      await migrate(session, knownMigrations(), at);
      await fill(session, function* () {
        yield* writeFacts(storeId, keys.check);
        yield* firstChanges(new ChangeContext(instant(at), random(32)), options.hostname);
      });
    });
    keys.adopt(storeId);
  } finally {
    await sessions.close();
  }
}

const factsOf = async (session: ChangingConnection): Promise<StoreFacts> =>
  await new PostgresRunner(session).run(storeFacts());

/** The first lane of the trail belongs to the gateway that made the store. */
async function fill(session: ChangingConnection, steps: () => Change<void>): Promise<void> {
  const lane = new Lane({ node: 0, epoch: 0 }, () => 0);
  const runner = new PostgresRunner(session, { append: (item) => lane.append(item), flush: () => lane.flush() });
  await session.begin('SERIALIZABLE');
  try {
    await runner.run(steps(), 'FOR UPDATE');
    await runner.run(lane.flush());
  } catch (error) {
    await session.rollback();
    throw error;
  }
  await session.commit();
}

/**
 * Rejects with StoreRefused when the store may not be served; the text says what is wrong and what
 * to do.
 */
export async function openPostgresStore(options: PostgresOpenOptions): Promise<Store> {
  const { sessions, clock, log } = options;
  let engine: PostgresEngine | undefined;
  try {
    const keys = keyFolderOf(options);
    const known = knownMigrations();
    const facts = await sessions.withSession('changing', async (session) => {
      if ((await checkMigrations(session, known)) === 0)
        throw new StoreRefused(
          'There is no store in this database; run "sluis init --postgres" for a new gateway, or "sluis store move" for one whose store is in SQLite',
        );
      await migrate(session, known, clock.now());
      return await factsOf(session);
    });
    // If nodes agree on keys, missing ones are fetched before anything is served
    // (cluster/cluster.ts).
    const fetched = options.mayMakeKey !== undefined;
    checkKeys(facts, keys, { keyFolder: options.keyFolder, fetched });
    if (!fetched)
      checkMarks(
        keys,
        await sessions.withSession('changing', (session) => new PostgresRunner(session).run(claimedKeys())),
      );
    const random = randomOf(options);
    const hearing = new Hearing();
    const { node: name, site, programVersion: version, standing, testing = {} } = options;
    const runner = <T>(change: Change<T>): Promise<T> =>
      sessions.withSession('watching', (session) => new PostgresRunner(session).run(change, 'FOR UPDATE'));
    const node = await Node.take({
      run: runner,
      clock,
      log,
      random,
      name,
      site,
      version,
      schemaVersion: known.at(-1)?.version ?? 0,
      lost: (error) => engine?.fail(error),
      ...defined({ now: testing.now, standing }),
    });
    // A rotation of the master key that ended meanwhile did not see this gateway (rotate.ts).
    checkMasterKey(await sessions.withSession('changing', factsOf), keys);
    const time = new StoreTime(clock, instant(Math.max(facts.latest, node.latest, idTime(facts.highest))));
    const ids = new MessageIds(facts.highest > node.floor ? facts.highest : node.floor, node.node);
    engine = new PostgresEngine({
      ...options,
      events: hearing,
      keys,
      random,
      node,
      time,
      serverVersion: facts.serverVersion,
    });
    const store = await assemble(options, hearing, { engine, keys, days: new Set(facts.days), ids, time, random });
    node.start(() => time.now());
    await engine.nodes.start();
    await engine.run(() => voidLeases());
    log.info('store.opened', { version: engine.version, start: node.epoch, unclean: false });
    return store;
  } catch (error) {
    await (engine?.close() ?? sessions.close());
    throw error;
  }
}
