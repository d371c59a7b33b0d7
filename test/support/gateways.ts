/**
 * Gateways as processes of their own on one store in a cluster of PostgreSQL: as many as a test
 * wants, each at the place that it wants.
 *
 *   const store = await makeStore(t, cluster);
 *   const noord = await store.gateway({ node: 'gw1', place: 'noord' });
 *   const served = await noord.serve();
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from '../../src/config/load.ts';
import { createStore } from '../../src/gateway/store.ts';
import { systemClock } from '../../src/platform/clock.ts';
import type { Cluster } from './cluster.ts';
import { Instance, type ServeOptions, type Served } from './instance.ts';
import { MemoryLog } from './log.ts';
import { openAt } from './postgres-server.ts';
import type { Cleanup } from './store.ts';

export const ROLE = 'sluis';
export const ROLE_PASSWORD = 'between-gateway-and-database';

export interface GatewayOptions {
  readonly node: string;
  /** The place from which it reaches the servers. */
  readonly place: string;
  /** Hosts to use in place of the cluster's own addresses. */
  readonly hosts?: readonly string[];
  /** PEM of the authority to trust in place of the cluster's own. Empty: without TLS. */
  readonly ca?: string;
  readonly password?: string;
  /** More lines of TOML. */
  readonly configuration?: string;
}

/** An empty database. The first gateway makes its tables and keys. */
export async function makeStore(t: Cleanup, cluster: Cluster, database = 'sluis'): Promise<SharedStore> {
  const first = cluster.server(cluster.primary);
  if ((await first.ask('SELECT 1 FROM pg_roles WHERE rolname = $1', [ROLE])).length === 0) {
    await first.ask(`CREATE ROLE ${ROLE} LOGIN PASSWORD '${ROLE_PASSWORD}'`);
    await first.ask(`GRANT pg_read_all_stats TO ${ROLE}`);
  }
  await first.ask(`CREATE DATABASE ${database} OWNER ${ROLE}`);
  return new SharedStore(t, cluster, database);
}

export class SharedStore {
  readonly cluster: Cluster;
  readonly database: string;
  readonly #t: Cleanup;
  /** The folder with the day keys and the master key, which all gateways of a test share. */
  readonly #folder: string;
  #made = false;

  constructor(t: Cleanup, cluster: Cluster, database: string) {
    this.#t = t;
    this.cluster = cluster;
    this.database = database;
    this.#folder = mkdtempSync(join(tmpdir(), 'sluis-keys-'));
    t.after(() => rmSync(this.#folder, { recursive: true, force: true }));
    writeFileSync(join(this.#folder, 'master.key'), `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
  }

  /** Makes a gateway, but does not start it. */
  async gateway({ node, place, hosts, ca, password, configuration = '' }: GatewayOptions): Promise<Instance> {
    const servers = (hosts ?? this.cluster.hostsFrom(place)).map((host) => `"${host}"`);
    const instance = await Instance.create({
      configuration: [
        `[store]\nengine = "postgres"\nhosts = [${servers.join(', ')}]\ndatabase = "${this.database}"\nuser = "${ROLE}"`,
        `password-file = "database.password"\n${ca === '' ? '' : 'ca = "database-ca.pem"\n'}`,
        `[cluster]\nnode = "${node}"\nsite = "${place}"\n`,
        `[keys]\nfolder = "${join(this.#folder, 'keys')}"\nmaster-key-file = "${join(this.#folder, 'master.key')}"\n`,
        configuration,
      ].join('\n'),
    });
    this.#t.after(() => instance.remove());
    const file = (name: string, content: string): void =>
      writeFileSync(join(instance.folder, name), content, { mode: 0o600 });
    file('database.password', `${password ?? ROLE_PASSWORD}\n`);
    file('database-ca.pem', ca ?? this.cluster.ca);
    rmSync(join(instance.data, 'sluis.db'), { force: true });
    if (!this.#made) await makeTables(instance);
    this.#made = true;
    return instance;
  }

  /**
   * After a gateway was killed, its name stays reserved for some seconds until it counts as gone.
   * This ends that time at once.
   */
  async forget(node: string): Promise<void> {
    await this.ask(`UPDATE node SET heard_at = 0 WHERE name = '${node}'`);
  }

  /** Asks the primary as the superuser. What it writes waits for no standby. */
  async ask(text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const { port } = this.cluster.server(this.cluster.primary);
    const client = await openAt(port, { database: this.database, options: '-c synchronous_commit=local' });
    try {
      return (await client.query(text)).rows;
    } finally {
      await client.end();
    }
  }
}

async function makeTables({ config }: Instance): Promise<void> {
  const effects = { clock: systemClock, log: new MemoryLog() };
  await createStore(loadConfig(config), effects, { user: ROLE, password: ROLE_PASSWORD });
}

/**
 * Starts a gateway again if its start fails, as a supervisor does. A gateway that finds no primary
 * within a second ends, which happens on a busy machine.
 */
export async function supervised(instance: Instance, options: ServeOptions = {}): Promise<Served> {
  for (let turn = 1; ; turn += 1)
    try {
      return await instance.serve(options);
    } catch (error) {
      if (
        turn === 5 ||
        !/ended at its start.*(?:Nothing may be acknowledged|No connection to PostgreSQL)/s.test(String(error))
      )
        throw error;
    }
}
