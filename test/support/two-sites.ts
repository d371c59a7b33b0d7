/**
 * Two sites and a backup place: three servers of PostgreSQL, and at each site a gateway as a process of its own, which reaches the servers of other places over
 * links that can be cut.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { type Front, frontOf } from './crew.ts';
import { Instance, type Served, apiListener, freePort } from './instance.ts';
import type { Cleanup } from './store.ts';

const SCRIPT = fileURLToPath(new URL('./served-postgres.js', import.meta.url));
const PASSWORD = 'between-gateway-and-database';
export const SITES = ['noord', 'zuid'] as const;
export type Site = (typeof SITES)[number];

export interface Gateway {
  readonly site: Site;
  readonly instance: Instance;
  readonly front: Front;
  served: Served;
}

export interface TwoSites {
  readonly cluster: Cluster;
  readonly gateways: Readonly<Record<Site, Gateway>>;
  readonly fronts: readonly Front[];
  /** After the gateway at a site has ended. */
  serve(site: Site): Promise<void>;
}

export interface TwoSitesOptions extends ClusterOptions {
  /** The gateways acknowledge whatever was committed. A control. */
  readonly unguarded?: boolean;
}

/** With accounts of these names, see `Instance.addAccounts`. */
export async function startTwoSites(
  t: Cleanup,
  names: readonly string[],
  { unguarded = false, ...options }: TwoSitesOptions = {},
): Promise<TwoSites> {
  const cluster = await startCluster(t, options);
  const first = cluster.server(cluster.primary);
  await first.ask(`CREATE ROLE sluis LOGIN PASSWORD '${PASSWORD}'`);
  await first.ask('GRANT pg_read_all_stats TO sluis');
  await first.ask('CREATE DATABASE sluis OWNER sluis');
  const more = unguarded ? ['--unguarded'] : [];
  const noord = await gatewayAt(t, cluster, 'noord', ['--create', ...more]);
  noord.instance.addAccounts(names);
  // The same keys at both: what exchanges them has tests of its own.
  const zuid = await gatewayAt(t, cluster, 'zuid', more, noord.instance);
  const gateways: Record<Site, Gateway> = { noord, zuid };
  const serve = async (site: Site): Promise<void> => {
    gateways[site].served = await gateways[site].instance.serve({ script: SCRIPT, arguments: more });
  };
  return { cluster, gateways, fronts: SITES.map((site) => gateways[site].front), serve };
}

/** `like`: whose keys it has. */
async function gatewayAt(
  t: Cleanup,
  cluster: Cluster,
  site: Site,
  more: readonly string[],
  like?: Instance,
): Promise<Gateway> {
  const api = await freePort();
  const hosts = cluster.hostsFrom(site).map((host) => `"${host}"`);
  const keys = like?.folder ?? '.';
  const instance = await Instance.create({
    configuration: [
      apiListener(api),
      `[store]\nengine = "postgres"\nhosts = [${hosts.join(', ')}]\npassword-file = "database.password"\nca = "database-ca.pem"\n`,
      `[cluster]\nnode = "gw-${site}"\nsite = "${site}"\n`,
      `[keys]\nfolder = "${join(keys, 'cluster-keys')}"\nmaster-key-file = "${join(keys, 'master.key')}"\n`,
    ].join('\n'),
  });
  t.after(() => instance.remove());
  writeFileSync(join(instance.folder, 'database.password'), `${PASSWORD}\n`, { mode: 0o600 });
  writeFileSync(join(instance.folder, 'database-ca.pem'), cluster.ca);
  rmSync(join(instance.data, 'sluis.db'), { force: true });
  const served = await instance.serve({ script: SCRIPT, arguments: more });
  return { site, instance, front: frontOf(instance, `gw-${site}`, api), served };
}
