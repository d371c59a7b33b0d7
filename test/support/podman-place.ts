/**
 * One of the three places of podman-sites.ts: a machine with podman, and a PostgreSQL server in a
 * container on it.
 */
import type { PodmanMachine } from './podman.ts';

export const PLACES = ['noord', 'zuid', 'derde'] as const;
export type PlaceName = (typeof PLACES)[number];
const IMAGE = 'localhost/postgres';
export const DATA = '/var/lib/postgresql/sluis';
/**
 * The folder on each machine for what a person carries over: certificates, and the password of the
 * superuser.
 */
export const CARRIED = '/etc/postgres';

/** Makes an image of PostgreSQL from the tarball of a Debian root file system that has it. */
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

export class PodmanPlace {
  readonly name: PlaceName;
  readonly machine: PodmanMachine;
  readonly address: string;
  /** The name of its server in the list of those that confirm commits. */
  readonly server: string;

  constructor(name: PlaceName, machine: PodmanMachine) {
    this.name = name;
    this.machine = machine;
    // The address in docs/two-sites.md.
    this.address = `192.0.2.${PLACES.indexOf(name) * 10 + 12}`;
    this.server = `${name}-1`;
  }

  /** Runs a command to its end, in a container of the image with the server's data. */
  once(command: string): string {
    return this.machine.does(`podman run --rm ${this.#has} ${IMAGE} sh -ec '${command}'`);
  }

  get #has(): string {
    return `--network host --user postgres -v postgres-data:/var/lib/postgresql -v ${CARRIED}:${CARRIED}:ro`;
  }

  /** `user:group` of the server's user in the container. */
  get owner(): string {
    return this.machine.does(`podman run --rm ${IMAGE} sh -c 'echo $(id -u postgres):$(id -g postgres)'`).trim();
  }

  startServer(): void {
    const settings = [...SETTINGS, `cluster_name=${this.server}`].map((one) => `-c ${one}`).join(' ');
    const program = `/usr/lib/postgresql/17/bin/postgres -D ${DATA} ${settings}`;
    this.machine.does(`podman run -d --name postgres ${this.#has} ${IMAGE} ${program}`);
  }

  /** Asks as the superuser. Returns the answer, one row a line. */
  ask(...statements: readonly string[]): string {
    const words = statements.map((one) => `-c "${one.replaceAll('"', '\\"')}"`).join(' ');
    return this.machine
      .does(`podman exec --user postgres postgres psql -h /tmp -X -At -v ON_ERROR_STOP=1 ${words}`)
      .trim();
  }

  /** True if its server accepts a statement. */
  get answers(): boolean {
    try {
      this.ask('SELECT 1');
      return true;
    } catch {
      return false;
    }
  }

  /** Loses the whole place at once: no process continues, and nothing answers. */
  lose(): void {
    this.machine.does('podman kill -a; ip link set site0 down');
  }

  /** Its network is back. What `podman ps -a` lists can be started. */
  comeBack(): void {
    this.machine.does('ip link set site0 up');
  }
}
