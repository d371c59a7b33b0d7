/** Adds a gateway to a store that exists: what it finds, before anything is written. */
import type { Day } from '../../domain/utc-day.ts';
import { keyFolderOf } from '../core/assemble.ts';
import { StoreRefused } from '../store.ts';
import { checkMigrations, knownMigrations } from './migrate.ts';
import { nodeNames, siteOfRunning } from './nodes.ts';
import type { PostgresCreateOptions } from './open.ts';
import { PostgresRunner } from './runner.ts';
import { checkMasterKey, storeFacts } from './store-facts.ts';

export interface JoinOptions extends PostgresCreateOptions {
  /** Name of the new gateway. */
  readonly node: string;
}

export interface StoreToJoin {
  readonly id: string;
  /** Days that have keys, which it fetches from the others. */
  readonly days: readonly Day[];
  /** Gateways of the store that have stopped. One with the new gateway's name is replaced by it. */
  readonly stopped: readonly string[];
}

/**
 * Rejects with StoreRefused if there is no store, where this program cannot serve it, where its
 * master key is another, where the key folder belongs to another store, and where a gateway runs
 * under the name.
 */
export async function storeToJoin({ sessions, node, ...options }: JoinOptions): Promise<StoreToJoin> {
  try {
    const keys = keyFolderOf(options);
    return await sessions.withSession('changing', async (session) => {
      if ((await checkMigrations(session, knownMigrations())) === 0)
        throw new StoreRefused(
          'There is no store in this database that a gateway could join; the first one makes it: "sluis init --postgres" without --join',
        );
      const runner = new PostgresRunner(session);
      const facts = await runner.run(storeFacts());
      const id = checkMasterKey(facts, keys, MASTER_KEY);
      if (keys.storeId !== undefined && keys.storeId !== id)
        throw new StoreRefused(
          `The key folder "${options.keyFolder}" belongs to another store (${keys.storeId.slice(0, 12)}, this one is ${id.slice(0, 12)}); name an empty folder with --keys, or the database of that store with --host and --database`,
        );
      const site = await runner.run(siteOfRunning(node));
      if (site !== undefined)
        throw new StoreRefused(
          `A gateway with the name "${node}" runs already (site "${site}"); give this one a name of its own with --node`,
        );
      const { stopped } = await runner.run(nodeNames());
      return { id, days: facts.days, stopped };
    });
  } finally {
    await sessions.close();
  }
}

const MASTER_KEY =
  'carry the master key of a gateway of this store over, and name its file with --master-key-file; or name the database of the store that this key belongs to';
