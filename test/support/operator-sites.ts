/**
 * Two sites and a third place, set up as docs/two-sites.md tells operators to, from Debian's
 * packages and with the files of docs/examples/two-sites: Patroni at each place, a gateway and an
 * HAProxy at each site, and one service name with the addresses of both HAProxys.
 *
 * The commands that the documents name make the roles of the database, the gateways and the
 * accounts.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChannelMaterial } from '../../src/cluster/channel/identity.ts';
import type { Front } from './crew.ts';
import { Instance, Served, freePort } from './instance.ts';
import { Machine } from './machine.ts';
import { ClusterAuthority } from './nodes.ts';
import { type Patroni, type Place, startPatroni } from './patroni.ts';
import type { Cleanup } from './store.ts';
import { until } from './until.ts';
import { type WireTarget, trusting } from './wire.ts';

const MAIN = fileURLToPath(new URL('../../scripts/sluis.mjs', import.meta.url));
const ENDS_WITH_TEST = fileURLToPath(new URL('./ends-with-test.ts', import.meta.url));
export const SERVICE = 'mail.test';
export const SITES = ['noord', 'zuid'] as const;
export type SiteName = (typeof SITES)[number];
/**
 * The name by which the gateways reach each other: the only one that leads to this machine
 * everywhere.
 */
const CHANNEL_HOST = 'localhost';
const PORTS = { submission: 587, submissions: 465, pop3: 110, pop3s: 995 };

export async function startOperatorSites(t: Cleanup, names: readonly string[]): Promise<OperatorSites> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-operator-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 }));
  const patroni = await startPatroni(t);
  await makeDatabase(patroni, folder);
  const [noord, zuid] = [join(folder, 'gw1'), join(folder, 'gw2')];
  const channel = { noord: await freePort(), zuid: await freePort() };
  const certificates = new ClusterAuthority(t).issue(CHANNEL_HOST);
  const owner = secretIn(folder, 'owner-password', passwordOf('sluis_owner'));
  const made = { patroni, channel, certificates };
  makeGateway({ ...made, site: 'noord', home: noord }, ['--dev-certificates', '--owner-password-file', owner]);
  // What a person carries over by a safe way: the master key, and the certificate of the service
  // name.
  const carried = secretIn(folder, 'master.key', readFileSync(join(noord, 'master.key'), 'utf8').trim());
  makeGateway({ ...made, site: 'zuid', home: zuid }, ['--join', '--master-key-file', carried]);
  cpSync(join(noord, 'certs-dev'), join(zuid, 'tls'), { recursive: true });
  const sites = new OperatorSites(folder, patroni, {
    noord: new Site('noord', noord, patroni),
    zuid: new Site('zuid', zuid, patroni),
  });
  t.after(async () => {
    for (const site of SITES) await sites.at(site).end();
  });
  for (const site of SITES) await sites.at(site).start();
  await sites.untilReady();
  Instance.at(noord, PORTS).addAccounts(names);
  return sites;
}

export class OperatorSites {
  readonly patroni: Patroni;
  /** The hosts file: the service name with its addresses. Programs that start read it again. */
  readonly hosts: string;
  readonly #sites: Readonly<Record<SiteName, Site>>;

  constructor(folder: string, patroni: Patroni, sites: Readonly<Record<SiteName, Site>>) {
    this.patroni = patroni;
    this.#sites = sites;
    this.hosts = join(folder, 'hosts');
    this.name(SITES);
  }

  at(site: SiteName): Site {
    return this.#sites[site];
  }

  /** From now on, the service name leads to the HAProxys of these sites. */
  name(sites: readonly SiteName[]): void {
    writeFileSync(this.hosts, sites.map((site) => `${this.at(site).haproxyAddress} ${SERVICE}\n`).join(''));
  }

  get ca(): string {
    return this.at('noord').ca;
  }

  get fronts(): readonly Front[] {
    return SITES.map((site) => this.at(site).front);
  }

  /** Waits until both gateways accept mail, as each HAProxy sees it. */
  async untilReady(): Promise<void> {
    for (const site of SITES) await this.at(site).untilReady();
  }

  /**
   * The site of the primary. If the primary is at the third place, it is moved to a site first, as
   * a person would do.
   */
  async primarySite(): Promise<Site> {
    const { name } = await this.patroni.leader();
    if (name !== 'derde') return this.at(name);
    await this.patroni.patronictl(
      this.patroni.place('noord'),
      'switchover',
      'sluis',
      '--candidate',
      'noord-1',
      '--force',
    );
    await this.patroni.untilWhole();
    return this.at('noord');
  }

  /** Brings back everything at a lost site. */
  async bringBack(site: Site): Promise<void> {
    site.place.start();
    await this.patroni.untilWhole();
    await site.start();
    await this.untilReady();
  }
}

/** A site: its place in Patroni, its gateway and its HAProxy. */
export class Site {
  readonly name: SiteName;
  readonly place: Place;
  readonly haproxyAddress: string;
  readonly #address: string;
  readonly #folder: string;
  readonly #haproxy: Machine;
  #served: Served | undefined;

  constructor(name: SiteName, folder: string, { net, ...patroni }: Patroni) {
    const number = SITES.indexOf(name) + 1;
    this.name = name;
    this.place = patroni.places[number - 1]!;
    this.haproxyAddress = net.address(number * 10);
    this.#address = net.address(number * 10 + 1);
    this.#folder = folder;
    const file = join(folder, 'haproxy.cfg');
    const text = net.file('haproxy.cfg').replaceAll('bind :', `bind ${this.haproxyAddress}:`);
    // Some machines give fewer descriptors than the file wants.
    const fewer = text.replace('maxconn 20000', 'maxconn 2000').replace('maxconn 16000', 'maxconn 1600');
    writeFileSync(file, fewer.replace('127.0.0.1:9589', `${this.haproxyAddress}:9589`));
    this.#haproxy = new Machine({ script: `exec haproxy -db -f '${file}'\n`, log: join(folder, 'haproxy.log') });
  }

  get ca(): string {
    return join(this.#folder, '..', 'gw1', 'certs-dev', 'ca.pem');
  }

  /** The ports of its HAProxy, which leads to both gateways. */
  get front(): Front {
    const { haproxyAddress: host } = this;
    const context = trusting(readFileSync(this.ca, 'utf8'));
    const to = (port: number): WireTarget => ({ host, port, tls: 'implicit', servername: SERVICE, context });
    return { name: `haproxy-${this.name}`, smtp: to(465), pop3: to(995), api: to(443) };
  }

  /**
   * The last that the gateway and HAProxy said of the store and of each other, for the text of a
   * failure.
   */
  get log(): string {
    const gateway = (this.#served?.log ?? '')
      .split('\n')
      // A line that is no JSON comes from Node itself, when a process ends by an error.
      .filter((line) => /"(store|cluster)\.|"level":"error"/.test(line) || (line !== '' && !line.startsWith('{')));
    const haproxy = this.#haproxy.log.split('\n').filter((line) => /submissions\/.* is (UP|DOWN)/.test(line));
    return [`--- ${this.name}`, ...gateway.slice(-40), this.#served?.ended ?? '', ...haproxy.slice(-20)].join('\n');
  }

  /** Starts the gateway and the HAProxy. */
  async start(): Promise<void> {
    const command = ['--import', ENDS_WITH_TEST, MAIN, 'serve', '--config', join(this.#folder, 'sluis.toml')];
    const child: ChildProcess = spawn(process.execPath, command, { stdio: ['pipe', 'ignore', 'pipe'] });
    const served = new Served(child, ['Secret-']);
    this.#served = served;
    if (!this.#haproxy.runs) this.#haproxy.start();
    await until(
      `the gateway at ${this.name} serves`,
      async () => {
        if (served.over) throw new Error(`The gateway at ${this.name} ended: ${served.log}`);
        return (await this.ready('serve')) === 200;
      },
      30_000,
      50,
    );
  }

  /** The HTTP status of the gateway itself; undefined if it does not answer. */
  async ready(role: string): Promise<number | undefined> {
    try {
      const signal = AbortSignal.timeout(2000);
      return (await fetch(`http://${this.#address}:9588/ready?role=${role}`, { signal })).status;
    } catch {
      return undefined;
    }
  }

  async untilReady(): Promise<void> {
    for (const role of ['submit', 'pickup'])
      await until(`${this.name} is ready to ${role}`, async () => (await this.ready(role)) === 200, 60_000, 50).catch(
        async (error: unknown) => {
          const answer = await fetch(`http://${this.#address}:9588/ready?role=${role}`).then((one) => one.text());
          throw new Error(`${String(error)}: ${answer}\n${this.log}`, { cause: error });
        },
      );
    await until(`HAProxy at ${this.name} sees a gateway`, async () => {
      const answer = await fetch(`http://${this.haproxyAddress}:9589/up`).catch(() => undefined);
      return answer?.status === 200;
    });
  }

  sluis(...words: readonly string[]): string {
    return Instance.at(this.#folder, PORTS).sluis(...words);
  }

  /** The whole site dies at one moment: database, etcd, Patroni, gateway and load balancer. */
  async kill(): Promise<void> {
    await Promise.all([this.place.kill(), this.#served?.kill(), this.#haproxy.kill()]);
  }

  hang(): void {
    this.place.hang();
    this.#served?.signal('SIGSTOP');
    this.#haproxy.hang();
  }

  resume(): void {
    this.#haproxy.resume();
    this.#served?.signal('SIGCONT');
    this.place.resume();
  }

  async end(): Promise<void> {
    await Promise.all([this.#served?.kill(), this.#haproxy.kill()]);
  }
}

/**
 * Runs what `sluis init --postgres --sql` prints with psql on the primary, with the passwords that
 * an administrator would type.
 */
async function makeDatabase(patroni: Patroni, folder: string): Promise<void> {
  const config = join(folder, 'none.toml');
  const printed = spawnSync(process.execPath, [MAIN, 'init', '--postgres', '--sql', '--config', config], {
    encoding: 'utf8',
  });
  if (printed.status !== 0) throw new Error(`init --sql ended with ${printed.status}: ${printed.stderr}`);
  const typed = printed.stdout.replace(
    /^\\password "?(\w+)"?$/gm,
    (_, role: string) => `ALTER ROLE "${role}" PASSWORD '${passwordOf(role)}';`,
  );
  const leader = await patroni.leader();
  await leader.run('psql', ['-v', 'ON_ERROR_STOP=1', '-d', 'postgres', '-f', '-'], typed);
}

const passwordOf = (role: string): string => `Secret-of-${role}`;

/** A file that only we may read. */
function secretIn(folder: string, name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, `${text}\n`, { mode: 0o600 });
  return file;
}

interface Making {
  readonly patroni: Patroni;
  readonly site: SiteName;
  readonly home: string;
  /** The port of each gateway's channel. */
  readonly channel: Readonly<Record<SiteName, number>>;
  readonly certificates: ChannelMaterial;
}

/**
 * Makes a gateway with `sluis init`. `how`: the options of the first gateway, or of a further one.
 */
function makeGateway({ patroni, site, home, channel, certificates }: Making, how: readonly string[]): void {
  const { net, ca } = patroni;
  const number = SITES.indexOf(site) + 1;
  const address = net.address(number * 10 + 1);
  const [other = site] = SITES.filter((one) => one !== site);
  const secret = (name: string, text: string): string => secretIn(home, name, text);
  mkdirSync(home, { mode: 0o700 });
  Instance.at(home, PORTS).sluis(
    ...['init', '--hostname', SERVICE, '--listen', address, '--postgres', '--node', `gw${number}`, '--site', site],
    ...['--ca', secret('db-ca.pem', ca), '--password-file', secret('db-password', passwordOf('sluis'))],
    ...[12, 22, 32].flatMap((n) => ['--host', `${net.address(n)}:5432`]),
    ...['--cluster-listen', `127.0.0.1:${channel[site]}`, '--peer', `${CHANNEL_HOST}:${channel[other]}`],
    ...['--cluster-ca', secret('cluster-ca.pem', certificates.ca)],
    ...['--cluster-certificate', secret('cluster.pem', certificates.certificate)],
    ...['--cluster-key', secret('cluster.key', certificates.key)],
    ...how,
  );
  configure(home, address);
}

/**
 * Sets what docs/two-sites.md asks of each gateway; no limits for each network, because all clients
 * of a test come from one address; and the API for programs.
 */
function configure(home: string, address: string): void {
  const file = join(home, 'sluis.toml');
  const proxy = 'proxy = ["127.0.0.1"]';
  let text = readFileSync(file, 'utf8').replace(/^tls = "(starttls|implicit)"$/gm, (line) => `${line}\n${proxy}`);
  const set = (section: string, key: string, value: string): void => {
    const pattern = new RegExp(`(\\n\\[${section}\\]\\n(?:(?!\\[)[^\\n]*\\n)*?)#?${key} = [^\\n]*\\n`);
    if (!pattern.test(text)) throw new Error(`The configuration has no ${key} in [${section}]`);
    text = text.replace(pattern, `$1${key} = ${value}\n`);
  };
  text += `\n[[listener]]\nname = "api"\nprotocol = "https"\naddress = "${address}"\nport = 443\ntls = "implicit"\n${proxy}\n`;
  set('api', 'requests', '10000000');
  set('connections', 'announce', '"2s"');
  set('connections', 'exempt-networks', '["127.0.0.0/8"]');
  set('auth', 'exempt-networks', '["127.0.0.0/8"]');
  set('http', 'ready-from', '["127.0.0.1"]');
  set('http', 'address', `"${address}"`);
  set('http', 'ready-address', `"${address}"`);
  writeFileSync(file, text);
}
