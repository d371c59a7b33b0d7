/**
 * Three places with podman: each a machine of its own on one network, with a server of PostgreSQL in a container. One is primary and wants one of the others for
 * each commit, as docs/two-sites.md has it without Patroni. The image of the servers is made of Debian's packages, and is the test's alone.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PodmanMachine } from './podman.ts';
import { until } from './until.ts';

export const PLACES = ['noord', 'zuid', 'derde'] as const;
export type PlaceName = (typeof PLACES)[number];
const IMAGE = 'localhost/postgres';
const DATA = '/var/lib/postgresql/sluis';
/** Where what is carried over by hand stands on each machine: certificates, and the password of the superuser. */
const CARRIED = '/etc/postgres';
/** That of docs/two-sites.md. */
const addressOf = (name: PlaceName): string => `192.0.2.${PLACES.indexOf(name) * 10 + 12}`;

/** An image of PostgreSQL from the tarball of a root of Debian that has it. */
export function postgresImage(podman: PodmanMachine, root: string): void {
  podman.does(
    `set -e; c=$(buildah from scratch)
    buildah add -q $c ${root} /
    buildah commit -q --rm $c ${IMAGE}`,
  );
}

const SETTINGS = [
  'listen_addresses=*',
  'unix_socket_directories=/tmp',
  'max_connections=200',
  'shared_buffers=32MB',
  'dynamic_shared_memory_type=mmap',
  'wal_log_hints=on',
  'max_slot_wal_keep_size=1GB',
  'wal_sender_timeout=5s',
  'wal_receiver_timeout=5s',
  'wal_retrieve_retry_interval=200ms',
  'ssl=on',
  `ssl_cert_file=${CARRIED}/server.pem`,
  `ssl_key_file=${CARRIED}/server-key.pem`,
  `hba_file=${CARRIED}/pg_hba.conf`,
];
/** A container reaches the server of its own machine by the address that it has in podman's networks. */
const HBA = `local all postgres peer
hostssl replication postgres 192.0.2.0/24 scram-sha-256
hostssl all all 192.0.2.0/24 scram-sha-256
hostssl sluis sluis,sluis_owner 10.88.0.0/15 scram-sha-256
`;

export class PodmanPlace {
  readonly name: PlaceName;
  readonly machine: PodmanMachine;
  readonly address: string;
  /** As its server is called in the list of those that confirm. */
  readonly server: string;

  constructor(name: PlaceName, machine: PodmanMachine) {
    this.name = name;
    this.machine = machine;
    this.address = addressOf(name);
    this.server = `${name}-1`;
  }

  /** In a container of the image, with the data of the server, to its end. */
  once(command: string): string {
    return this.machine.does(`podman run --rm ${this.#has} ${IMAGE} sh -ec '${command}'`);
  }

  get #has(): string {
    return `--network host --user postgres -v postgres-data:/var/lib/postgresql -v ${CARRIED}:${CARRIED}:ro`;
  }

  startServer(): void {
    const settings = [...SETTINGS, `cluster_name=${this.server}`].map((one) => `-c ${one}`).join(' ');
    const program = `/usr/lib/postgresql/17/bin/postgres -D ${DATA} ${settings}`;
    this.machine.does(`podman run -d --name postgres ${this.#has} ${IMAGE} ${program}`);
  }

  /** As the superuser; what it answers, one row a line. */
  ask(...statements: readonly string[]): string {
    const words = statements.map((one) => `-c "${one.replaceAll('"', '\\"')}"`).join(' ');
    return this.machine
      .does(`podman exec --user postgres postgres psql -h /tmp -X -At -v ON_ERROR_STOP=1 ${words}`)
      .trim();
  }

  /** The whole place at once: no process goes on, and nothing answers. */
  lose(): void {
    this.machine.does('podman kill -a; ip link set site0 down');
  }

  /** Its network is there again, and what `podman ps -a` has can be started. */
  comeBack(): void {
    this.machine.does('ip link set site0 up');
  }
}

export class PodmanSites {
  readonly places: Readonly<Record<PlaceName, PodmanPlace>>;
  /** PEM, of the servers' certificates. */
  readonly ca: string;

  private constructor(places: Readonly<Record<PlaceName, PodmanPlace>>, ca: string) {
    this.places = places;
    this.ca = ca;
  }

  /** `images` has both images. `names`: whom /etc/hosts of each machine names, by address. */
  static async start(
    folder: string,
    images: PodmanMachine,
    names: Readonly<Record<string, string>>,
  ): Promise<PodmanSites> {
    const machines: PodmanMachine[] = [];
    for (const name of PLACES) {
      mkdirSync(join(folder, name));
      machines.push(await PodmanMachine.start(join(folder, name), images));
    }
    const [noord, zuid, derde] = machines.map((machine, n) => new PodmanPlace(PLACES[n] ?? 'derde', machine));
    if (noord === undefined || zuid === undefined || derde === undefined) throw new Error('There are three places');
    const places = { noord, zuid, derde };
    link(Object.values(places), names);
    const ca = giveCertificates(folder, Object.values(places));
    const sites = new PodmanSites(places, ca);
    await sites.#startServers();
    return sites;
  }

  /** A list that wants one of the two others. */
  listOf(name: PlaceName): string {
    const others = PLACES.filter((other) => other !== name).map((other) => `"${other}-1"`);
    return `ANY 1 (${others.join(', ')})`;
  }

  /** Makes the standby of a place anew, as a copy of the primary, and starts it. */
  follow(name: PlaceName, primary: PlaceName): void {
    const to = this.places[name];
    const from = `host=${addressOf(primary)} user=postgres sslmode=verify-full sslrootcert=${CARRIED}/ca.pem passfile=${CARRIED}/pgpass application_name=${to.server}`;
    to.once(`rm -rf ${DATA}; pg_basebackup -D ${DATA} -R -X stream -c fast -d "${from}"`);
    to.startServer();
  }

  async untilFollowed(primary: PlaceName, standbys: number): Promise<void> {
    const asked = "SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming' AND sync_state = 'quorum'";
    await until('the standbys follow', () => this.places[primary].ask(asked) === String(standbys), 30_000, 200);
  }

  async #startServers(): Promise<void> {
    const { noord } = this.places;
    noord.once(
      `/usr/lib/postgresql/17/bin/initdb -D ${DATA} -U postgres --pwfile=${CARRIED}/password --auth=scram-sha-256 --encoding=UTF8 --locale=C.UTF-8 --data-checksums --no-sync --no-instructions`,
    );
    noord.startServer();
    await until('the primary answers', () => tries(() => noord.ask('SELECT 1')), 30_000, 200);
    for (const name of ['zuid', 'derde'] as const) this.follow(name, 'noord');
    noord.ask(`ALTER SYSTEM SET synchronous_standby_names = '${this.listOf('noord')}'`, 'SELECT pg_reload_conf()');
    await this.untilFollowed('noord', 2);
  }

  async end(): Promise<void> {
    for (const { machine } of Object.values(this.places)) await machine.end();
  }
}

function tries(task: () => unknown): boolean {
  try {
    task();
    return true;
  } catch {
    return false;
  }
}

/** One network segment over all places; its switch stands at the last one, which is never lost. */
function link(places: readonly PodmanPlace[], names: Readonly<Record<string, string>>): void {
  const last = places.at(-1);
  if (last === undefined) return;
  last.machine.does('ip link add switch type bridge && ip link set switch up');
  const hosts = Object.entries(names).map(([name, address]) => `${address} ${name}\\n`);
  for (const [n, { machine, address }] of places.entries()) {
    last.machine.does(
      `ip link add to${n} type veth peer name site0 netns ${machine.pid} && ip link set to${n} master switch up`,
    );
    // Of the gateway at this place too: docs/two-sites.md gives it the address before that of the server.
    const gateway = address.replace(/2$/, '1');
    machine.does(
      `ip address add ${address}/24 dev site0 && ip address add ${gateway}/24 dev site0 && ip link set site0 up
      printf '${hosts.join('')}' >> /etc/hosts`,
    );
  }
}

/** One authority for the servers' certificates; what each place needs lies in its /etc/postgres. Answers the authority. */
function giveCertificates(folder: string, places: readonly PodmanPlace[]): string {
  const at = (name: string): string => join(folder, name);
  const openssl = (...words: readonly string[]): void => void execFileSync('openssl', words, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  const ca = ['-keyout', at('db-ca.key'), '-out', at('db-ca.pem'), '-days', '30', '-subj', '/CN=Databases'];
  openssl('req', '-x509', ...newKey, ...ca, '-addext', 'keyUsage=critical,keyCertSign,cRLSign');
  const password = 'superuser-of-the-test';
  writeFileSync(at('password'), `${password}\n`);
  writeFileSync(at('pgpass'), `*:*:*:postgres:${password}\n`, { mode: 0o600 });
  writeFileSync(at('pg_hba.conf'), HBA);
  for (const { name, address, machine } of places) {
    const [key, request, certificate] = ['key', 'csr', 'pem'].map((kind) => at(`${name}.${kind}`));
    if (key === undefined || request === undefined || certificate === undefined) continue;
    openssl('req', ...newKey, '-keyout', key, '-new', '-out', request, '-subj', `/CN=${name}-1`);
    writeFileSync(at('ext'), `subjectAltName=IP:${address}\n`);
    const signed = ['-in', request, '-CA', at('db-ca.pem'), '-CAkey', at('db-ca.key'), '-days', '30'];
    openssl('x509', '-req', ...signed, '-extfile', at('ext'), '-out', certificate);
    machine.does(
      `mkdir ${CARRIED} && cd ${CARRIED} && cp ${certificate} server.pem && cp ${key} server-key.pem && cp ${at('db-ca.pem')} ca.pem
      cp -p ${at('password')} ${at('pgpass')} ${at('pg_hba.conf')} .
      chown ${machine.does(`podman run --rm ${IMAGE} sh -c 'echo $(id -u postgres):$(id -g postgres)'`).trim()} *`,
    );
  }
  return at('db-ca.pem');
}
