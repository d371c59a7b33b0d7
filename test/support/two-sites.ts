/**
 * Two sites and a backup place: three PostgreSQL servers, and at each site a gateway as an operator
 * has it. `sluis init --postgres` makes the gateways (the second one joins), and `sluis serve` runs
 * them. Links that can be cut connect the places, also for the gateways among themselves.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, type ClusterOptions, startCluster } from './cluster.ts';
import { type Front, frontOf } from './crew.ts';
import { Instance, type ServeOptions, type Served, apiListener, freePort } from './instance.ts';
import { type Mistake, mistake as made } from './mistakes.ts';
import { ClusterAuthority } from './nodes.ts';
import { ROLE_PASSWORD, administrate } from './postgres-roles.ts';
import type { Cleanup } from './store.ts';

/**
 * The name by which the gateways reach each other: the only one that leads to this machine
 * everywhere.
 */
const HOST = 'localhost';
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
  /** Serves again, after the gateway at a site has ended. */
  readonly serve: (site: Site, options?: ServeOptions) => Promise<void>;
}

export interface TwoSitesOptions extends ClusterOptions {
  /** A mistake that both gateways make, as a control. */
  readonly mistake?: Mistake;
  /** More lines of `[store]`. */
  readonly store?: string;
  /** More sections: the same for both gateways, or for each. */
  readonly configuration?: string | ((site: Site) => string);
}

/** Starts both gateways with accounts of these names; see `Instance.addAccounts`. */
export async function startTwoSites(
  t: Cleanup,
  names: readonly string[],
  { mistake, store = '', configuration = '', ...options }: TwoSitesOptions = {},
): Promise<TwoSites> {
  const cluster = await startCluster(t, options);
  const primary = cluster.server(cluster.primary);
  // Without a list of standbys `sluis init` refuses, because nothing would ever be acknowledged.
  const others = ['noord-1', 'zuid-1', 'derde-1'].filter((name) => name !== cluster.primary);
  const list = others.map((name) => `"${name}"`).join(', ');
  if (options.synchronous === false) await primary.set({ synchronous_standby_names: `ANY 1 (${list})` });
  await administrate(primary);
  const ground = await groundOf(t, cluster, { store, configuration });
  const noord = await gatewayAt(t, ground, 'noord', ['--owner-password-file', ground.password]);
  // A person carries the master key over.
  const carried = ground.put('master.key', readFileSync(join(noord.instance.folder, 'master.key'), 'utf8'));
  const zuid = await gatewayAt(t, ground, 'zuid', ['--join', '--master-key-file', carried]);
  if (options.synchronous === false) await primary.set({ synchronous_standby_names: '' });
  const how = mistake === undefined ? {} : made(mistake);
  const one = await noord.instance.serve(how);
  const two = await zuid.instance.serve(how);
  const gateways: Record<Site, Gateway> = { noord: { ...noord, served: one }, zuid: { ...zuid, served: two } };
  gateways.noord.instance.addAccounts(names);
  const serve = async (site: Site, more: ServeOptions = {}): Promise<void> => {
    gateways[site].served = await gateways[site].instance.serve({ ...how, ...more });
  };
  return { cluster, gateways, fronts: SITES.map((site) => gateways[site].front), serve };
}

type More = Required<Pick<TwoSitesOptions, 'store' | 'configuration'>>;

interface Ground {
  readonly cluster: Cluster;
  readonly more: More;
  /** Writes a file that both gateways can read. */
  readonly put: (name: string, text: string) => string;
  /** The file with the password of both roles, and the file with the authority of the servers. */
  readonly password: string;
  readonly authority: string;
  /** The options of `sluis init` for the channel of each gateway. */
  readonly channels: Readonly<Record<Site, readonly string[]>>;
}

async function groundOf(t: Cleanup, cluster: Cluster, more: More): Promise<Ground> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-two-sites-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const put = (name: string, text: string): string => {
    const file = join(folder, name);
    writeFileSync(file, text, { mode: 0o600 });
    return file;
  };
  const { ca, certificate, key } = new ClusterAuthority(t).issue(HOST);
  const files = {
    '--cluster-ca': put('cluster-ca.pem', ca),
    '--cluster-certificate': put('cluster.pem', certificate),
    '--cluster-key': put('cluster.key', key),
  };
  const ports = { noord: await freePort(), zuid: await freePort() };
  const channelOf = async (site: Site, other: Site): Promise<readonly string[]> => {
    const way = await cluster.openWay(site, { place: other, port: ports[other] });
    return [
      ...['--cluster-listen', `127.0.0.1:${ports[site]}`, '--peer', `${HOST}:${way}`],
      ...Object.entries(files).flat(),
    ];
  };
  return {
    cluster,
    more,
    put,
    password: put('password', `${ROLE_PASSWORD}\n`),
    authority: put('db-ca.pem', cluster.ca),
    channels: { noord: await channelOf('noord', 'zuid'), zuid: await channelOf('zuid', 'noord') },
  };
}

/**
 * Makes a gateway, but does not start it. `how`: the options of the first gateway, or of a further
 * one.
 */
async function gatewayAt(
  t: Cleanup,
  { cluster, more, password, authority, channels }: Ground,
  site: Site,
  how: readonly string[],
): Promise<Omit<Gateway, 'served'>> {
  const api = await freePort();
  const { configuration } = more;
  const hosts = cluster.hostsFrom(site);
  const instance = await Instance.create({
    init: [
      ...['--postgres', '--node', `gw-${site}`, '--site', site, '--password-file', password, '--ca', authority],
      ...hosts.flatMap((host) => ['--host', host]),
      ...channels[site],
      ...how,
    ],
    keep: ['store', 'cluster', 'keys'],
    configuration: `${apiListener(api)}\n${typeof configuration === 'string' ? configuration : configuration(site)}`,
  });
  const text = readFileSync(instance.config, 'utf8');
  writeFileSync(instance.config, text.replace('[store]\n', `[store]\n${more.store}`));
  t.after(() => instance.remove());
  return { site, instance, front: frontOf(instance, `gw-${site}`, api) };
}
