/**
 * Three places as an operator has them from Debian's packages: at each an etcd and a PostgreSQL under Patroni in quorum mode, as plain processes on loopback.
 *
 * Each place has a process namespace of its own, so that killing its first process is the loss of the whole machine: nothing of it runs a moment longer.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './instance.ts';
import { serverUser } from './postgres-binaries.ts';
import type { Cleanup } from './store.ts';
import { until } from './until.ts';

const BINARIES = '/usr/lib/postgresql/17/bin';
const PLACES = ['noord', 'zuid', 'derde'] as const;

interface Ports {
  readonly etcd: number;
  readonly peer: number;
  readonly rest: number;
  readonly postgres: number;
}

/** What Patroni says of one server. */
interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

export async function startPatroni(t: Cleanup): Promise<Patroni> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-patroni-'));
  chmodSync(folder, 0o755);
  const places: Place[] = [];
  for (const name of PLACES) {
    const ports = {
      etcd: await freePort(),
      peer: await freePort(),
      rest: await freePort(),
      postgres: await freePort(),
    };
    places.push(new Place(`${name}-1`, join(folder, name), ports));
  }
  const patroni = new Patroni(places);
  t.after(async () => {
    await Promise.all(places.map((place) => place.kill()));
    rmSync(folder, { recursive: true, force: true });
  });
  for (const place of places) place.start(places);
  await patroni.untilWhole();
  return patroni;
}

export class Patroni {
  readonly places: readonly Place[];

  constructor(places: readonly Place[]) {
    this.places = places;
  }

  get ports(): readonly number[] {
    return this.places.map(({ ports }) => ports.postgres);
  }

  /** Where the server is that Patroni calls the leader. */
  async leader(): Promise<Place> {
    const name = (await this.#members()).find(({ role }) => role === 'leader')?.name;
    const found = this.places.find((place) => place.name === name);
    if (found === undefined) throw new Error('No place has the leader');
    return found;
  }

  /** A leader, and two others that count for its commits. */
  async untilWhole(): Promise<void> {
    await until('a leader and two standbys of its quorum', () => this.#isWhole(), 100_000);
  }

  async #isWhole(): Promise<boolean> {
    const members = await this.#members();
    const well = (role: string, state: string): number =>
      members.filter((one) => one.role === role && one.state === state).length;
    return well('leader', 'running') === 1 && well('quorum_standby', 'streaming') === 2;
  }

  /** As the first place that answers says. */
  async #members(): Promise<readonly Member[]> {
    for (const { ports } of this.places)
      try {
        const answer = await fetch(`http://127.0.0.1:${ports.rest}/cluster`, { signal: AbortSignal.timeout(1000) });
        return ((await answer.json()) as { readonly members?: readonly Member[] }).members ?? [];
      } catch {
        // It is dead, hangs, or is not up yet.
      }
    return [];
  }

  /** Brings a place back that was killed. */
  start(place: Place): void {
    place.start(this.places);
  }

  get logs(): string {
    return this.places.map(({ name, log }) => `--- ${name}\n${log.slice(-3000)}`).join('\n');
  }
}

export class Place {
  readonly name: string;
  readonly ports: Ports;
  readonly #folder: string;
  #process: ChildProcess | undefined;

  constructor(name: string, folder: string, ports: Ports) {
    this.name = name;
    this.ports = ports;
    this.#folder = folder;
    mkdirSync(folder, { mode: 0o700 });
    giveTo(folder);
  }

  get log(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8');
  }

  start(all: readonly Place[]): void {
    const configuration = join(this.#folder, 'patroni.yml');
    // JSON is YAML.
    writeFileSync(configuration, JSON.stringify(this.#configuration(all), undefined, 2), { mode: 0o600 });
    giveTo(configuration);
    // What a machine that starts again does not find either: a process of that number.
    rmSync(join(this.#folder, 'data', 'postmaster.pid'), { force: true });
    const { uid, gid } = serverUser();
    const script = `${this.#etcd(all)} & patroni ${configuration} & wait`;
    const place = ['unshare', '--pid', '--fork', '--kill-child=KILL', '--mount-proc'];
    // Said once more: a change of the user forgets whose end it is to follow.
    const user = ['setpriv', '--pdeathsig', 'KILL', '--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
    const log = openSync(join(this.#folder, 'log'), 'a');
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', ...place, ...user, 'sh', '-c', script], {
      ...{
        cwd: '/',
        stdio: ['ignore', log, log],
        env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', TZ: 'UTC' },
      },
    });
    closeSync(log);
  }

  /** The loss of the machine: the first process of a namespace takes all others with it, and is gone when they are. */
  async kill(): Promise<void> {
    const child = this.#process;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    const [first] = descendants(child.pid!);
    if (first !== undefined) process.kill(first, 'SIGKILL');
    await gone;
  }

  /** Everything at the place stands still, and nobody is told. */
  hang(): void {
    for (const pid of descendants(this.#process!.pid!)) process.kill(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of descendants(this.#process!.pid!)) process.kill(pid, 'SIGCONT');
  }

  #etcd(all: readonly Place[]): string {
    const at = (port: number): string => `http://127.0.0.1:${port}`;
    const { etcd, peer } = this.ports;
    return [
      ...['etcd', '--name', this.name, '--data-dir', join(this.#folder, 'etcd')],
      ...['--listen-client-urls', at(etcd), '--advertise-client-urls', at(etcd)],
      ...['--listen-peer-urls', at(peer), '--initial-advertise-peer-urls', at(peer)],
      ...['--initial-cluster', all.map(({ name, ports }) => `${name}=${at(ports.peer)}`).join(',')],
      ...['--initial-cluster-state', 'new', '--heartbeat-interval', '100', '--election-timeout', '1000'],
      ...['--logger', 'zap', '--log-level', 'error'],
    ].join(' ');
  }

  #configuration(all: readonly Place[]): object {
    const { rest, postgres } = this.ports;
    const listens = (port: number): object => ({ listen: `127.0.0.1:${port}`, connect_address: `127.0.0.1:${port}` });
    return {
      ...{ scope: 'sluis', name: this.name, restapi: listens(rest) },
      etcd3: { hosts: all.map(({ ports }) => `127.0.0.1:${ports.etcd}`) },
      bootstrap: {
        dcs: {
          // 20 s is the least that Patroni takes.
          ...{ ttl: 20, loop_wait: 1, retry_timeout: 3, maximum_lag_on_failover: 1_000_000_000_000 },
          ...{ synchronous_mode: 'quorum', synchronous_mode_strict: true, synchronous_node_count: 1 },
          postgresql: {
            ...{ use_pg_rewind: true, use_slots: true },
            parameters: { wal_log_hints: 'on', max_connections: 120, shared_buffers: '32MB', wal_keep_size: '512MB' },
          },
        },
        initdb: [{ encoding: 'UTF8' }, { locale: 'C' }, 'data-checksums', 'no-sync'],
      },
      postgresql: {
        ...listens(postgres),
        ...{ data_dir: join(this.#folder, 'data'), bin_dir: BINARIES, pgpass: join(this.#folder, 'pgpass') },
        authentication: {
          superuser: { username: 'postgres', password: 'postgres' },
          replication: { username: 'replicator', password: 'replicator' },
        },
        pg_hba: ['host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust', 'local all all trust'],
        parameters: { unix_socket_directories: this.#folder },
      },
    };
  }
}

function giveTo(path: string): void {
  const { uid, gid } = serverUser();
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}

/** All below a process, as this namespace numbers them. */
function descendants(pid: number): readonly number[] {
  let children: readonly number[] = [];
  try {
    children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  } catch {
    // It has just ended.
  }
  return children.flatMap((child) => [child, ...descendants(child)]);
}
