/**
 * Three real PostgreSQL servers at three places: one primary and two standbys, connected by links
 * that can be cut, as at two sites and a backup place.
 *
 *   const cluster = await startCluster(t);
 *   await cluster.cut('noord', 'zuid');
 *   await cluster.kill('noord-1');
 *   await cluster.failOver();
 *
 * The programs are npm's PostgreSQL 18; `SLUIS_PGBIN=/usr/lib/postgresql/17/bin` chooses others. A
 * program at one place reaches a server at another over a link, in both directions. `hostsFrom`
 * gives the addresses of the servers as a gateway at a place sees them, and `ca` the authority of
 * their certificates. Everything runs on loopback and ends with the test.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testCertificates } from './certificates.ts';
import { freePort } from './instance.ts';
import { type Link, Links } from './links.ts';
import { ownedAsServer } from './postgres-binaries.ts';
import { makeData, serverFolder } from './postgres-data.ts';
import { PostgresServer, SUPERUSER } from './postgres-server.ts';
import type { Cleanup } from './store.ts';
import { until } from './until.ts';

const run = promisify(execFile);

export const NAMES = ['noord-1', 'zuid-1', 'derde-1'] as const;
/** The place of a server: its name up to the dash. */
export const placeOf = (name: string): string => name.split('-')[0]!;

const SETTINGS = {
  ...{ max_connections: '120', shared_buffers: '32MB', wal_level: 'replica', max_wal_senders: '10' },
  // What a standby misses while its link is cut must still be there when it comes back.
  ...{ wal_keep_size: '512MB', wal_log_hints: 'on', hot_standby: 'on' },
  ...{ wal_sender_timeout: '5s', wal_receiver_timeout: '5s', wal_receiver_status_interval: '1s' },
  ...{ ssl: 'on', wal_retrieve_retry_interval: '200ms', log_min_messages: 'warning', timezone: 'UTC' },
};

const PATIENCE = 30_000;
const PACE = 10;
/** The superuser has no password; all others use TLS and a password. */
const ACCESS = [
  `local all ${SUPERUSER} trust`,
  `host all ${SUPERUSER} 127.0.0.1/32 trust`,
  `host replication ${SUPERUSER} 127.0.0.1/32 trust`,
  'hostssl all all 127.0.0.1/32 scram-sha-256',
  'hostssl replication all 127.0.0.1/32 scram-sha-256',
];

export interface ClusterOptions {
  /** `false`: commits wait for no standby. This is for controls. */
  readonly synchronous?: boolean;
  /**
   * The servers reach each other without links, so nothing can be cut and the links cost no time.
   * For measurements.
   */
  readonly direct?: boolean;
  /** More settings of all three servers. */
  readonly settings?: Readonly<Record<string, string>>;
  /**
   * The data folder of a server, by its name, if it is not beside the others. It must not exist
   * yet.
   */
  readonly folders?: Readonly<Record<string, string>>;
}

/** A standby as its primary sees it. */
export interface StandbySeen {
  readonly name: string;
  readonly state: string;
  readonly syncState: string;
  /**
   * Octets of log that it says it has flushed beyond the end of the primary's log. Above 0, it has
   * a log of its own.
   */
  readonly ahead: number;
}

export async function startCluster(t: Cleanup, options: ClusterOptions = {}): Promise<Cluster> {
  const folder = serverFolder('sluis-cluster-');
  const { ca } = await testCertificates();
  const cluster = new Cluster(folder, ca.certificate, options);
  t.after(() => cluster.remove());
  await cluster.start();
  return cluster;
}

export class Cluster {
  readonly #folder: string;
  readonly #synchronous: boolean;
  readonly #settings: Readonly<Record<string, string>>;
  readonly #folders: Readonly<Record<string, string>>;
  readonly #servers = new Map<string, PostgresServer>();
  readonly #direct: boolean;
  readonly #links = new Links();
  /** Links by "place>server". */
  readonly #between = new Map<string, Link>();
  readonly #ways: { readonly places: readonly string[]; readonly link: Link }[] = [];
  /** Servers that should be running: neither killed, nor stopped, nor hanging. */
  readonly #well = new Set<string>();
  primary: string = NAMES[0];
  /** The authority of the servers' certificates, in PEM. */
  readonly ca: string;

  constructor(
    folder: string,
    ca: string,
    { synchronous = true, direct = false, settings = {}, folders = {} }: ClusterOptions,
  ) {
    this.#direct = direct;
    this.#folder = folder;
    this.ca = ca;
    this.#synchronous = synchronous;
    this.#settings = { ...SETTINGS, ...settings };
    this.#folders = folders;
  }

  async start(): Promise<void> {
    for (const name of NAMES) {
      const server = new PostgresServer(
        name,
        await freePort(),
        this.#folders[name] ?? join(this.#folder, name),
        this.#settings,
      );
      this.#servers.set(name, server);
      for (const place of NAMES.map(placeOf))
        if (!this.#direct && place !== placeOf(name))
          this.#between.set(`${place}>${name}`, await this.#links.open(server.port));
    }
    await Promise.all(
      NAMES.map(async (name) => {
        await makeData(this.server(name).data);
        await writeAccess(this.server(name).data);
      }),
    );
    for (const name of NAMES) if (name !== this.primary) this.#makeStandby(name);
    this.#configure(this.primary, { synchronous_standby_names: this.#othersOf(this.primary) });
    await Promise.all(NAMES.map((name) => this.startAgain(name)));
    await this.untilStreaming(NAMES.filter((name) => name !== this.primary));
  }

  server(name: string): PostgresServer {
    const found = this.#servers.get(name);
    if (found === undefined) throw new Error(`There is no server ${name}; expected one of ${NAMES.join(', ')}`);
    return found;
  }

  /**
   * "127.0.0.1:PORT" of each server in the order of `NAMES`, as a program at `place` reaches it.
   */
  hostsFrom(place: string): readonly string[] {
    return NAMES.map((name) => `127.0.0.1:${this.#portFrom(place, name)}`);
  }

  #portFrom(place: string, name: string): number {
    return this.#direct || place === placeOf(name) ? this.server(name).port : this.#link(place, name).port;
  }

  #link(place: string, name: string): Link {
    const link = this.#between.get(`${place}>${name}`);
    if (link === undefined) throw new Error(`There is no link from ${place} to ${name}`);
    return link;
  }

  /**
   * Opens a way from `place` to a port at another place. It is cut together with the links between
   * the two places. Resolves to the port that stands for it.
   */
  async openWay(place: string, to: { readonly place: string; readonly port: number }): Promise<number> {
    const link = await this.#links.open(to.port);
    this.#ways.push({ places: [place, to.place], link });
    return link.port;
  }

  /**
   * Cuts everything between two places, in both directions. Connections stay open, nothing passes,
   * and nobody is told.
   */
  async cut(a: string, b: string): Promise<void> {
    await Promise.all(this.#linksBetween(a, b).map((link) => link.cut()));
  }

  async heal(a: string, b: string): Promise<void> {
    await Promise.all(this.#linksBetween(a, b).map((link) => link.heal()));
  }

  /** Cuts a place off from all others. */
  async isolate(place: string): Promise<void> {
    for (const other of this.#otherPlaces(place)) await this.cut(place, other);
  }

  async reconnect(place: string): Promise<void> {
    for (const other of this.#otherPlaces(place)) await this.heal(place, other);
  }

  #otherPlaces(place: string): readonly string[] {
    return NAMES.map(placeOf).filter((other) => other !== place);
  }

  #linksBetween(a: string, b: string): readonly Link[] {
    return [
      ...NAMES.filter((name) => placeOf(name) === b).map((name) => this.#link(a, name)),
      ...NAMES.filter((name) => placeOf(name) === a).map((name) => this.#link(b, name)),
      ...this.#ways.filter(({ places }) => places.includes(a) && places.includes(b)).map(({ link }) => link),
    ];
  }

  /** Kills the machine of a server. What it had sent over cut links is lost too. */
  async kill(name: string): Promise<void> {
    this.#well.delete(name);
    await this.server(name).kill();
    for (const place of this.#otherPlaces(placeOf(name)))
      await Promise.all(this.#linksBetween(placeOf(name), place).map((link) => link.lose()));
  }

  /** Stops a server in order: a primary waits until its standbys have its whole log. */
  async stop(name: string): Promise<void> {
    this.#well.delete(name);
    await this.server(name).stop();
  }

  /**
   * Starts a server that was killed or stopped, with the data that it has and as what it was: a
   * standby or a primary.
   */
  async startAgain(name: string): Promise<void> {
    await this.server(name).start();
    this.#well.add(name);
  }

  hang(name: string): void {
    this.#well.delete(name);
    this.server(name).hang();
  }

  resume(name: string): void {
    this.server(name).resume();
    this.#well.add(name);
  }

  /** What the primary says of its standbys. */
  async standbys(): Promise<readonly StandbySeen[]> {
    const rows = await this.server(this.primary).ask(
      `SELECT application_name AS name, state, sync_state, (flush_lsn - pg_current_wal_flush_lsn())::text AS ahead
         FROM pg_stat_replication ORDER BY application_name`,
    );
    return rows.map(({ name, state, sync_state, ahead }) => ({
      ...{ name: String(name), state: String(state), syncState: String(sync_state), ahead: Number(ahead ?? 0) },
    }));
  }

  /**
   * Waits until each of these standbys streams and, with synchronous commits, counts for the
   * primary.
   */
  async untilStreaming(names: readonly string[]): Promise<void> {
    const wanted = this.#synchronous ? 'quorum' : 'async';
    const streams = (seen: readonly StandbySeen[], name: string): boolean =>
      seen.some((one) => one.name === name && one.state === 'streaming' && one.syncState === wanted);
    await until(
      `${names.join(' and ')} follow ${this.primary}`,
      async () => {
        const seen = await this.standbys();
        return names.every((name) => streams(seen, name));
      },
      PATIENCE,
      PACE,
    );
  }

  /** Waits until each running standby has applied all that the primary has written. */
  async untilLevel(): Promise<void> {
    const end = await this.positionOf(this.primary);
    const standbys = NAMES.filter((name) => name !== this.primary && this.#well.has(name));
    const level = async (name: string): Promise<boolean> => {
      const [row] = await this.server(name).ask("SELECT (pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::text AS position");
      return BigInt(String(row?.position)) >= end;
    };
    for (const name of standbys) await until(`${name} is level`, () => level(name), PATIENCE, PACE);
  }

  /**
   * The end of a server's log, in octets. For a standby it is what it has received or applied,
   * whichever is more: what it received is counted anew after a break.
   */
  async positionOf(name: string): Promise<bigint> {
    const [row] = await this.server(name).ask(
      `SELECT ((CASE WHEN pg_is_in_recovery() THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
                     ELSE pg_current_wal_flush_lsn() END) - '0/0'::pg_lsn)::text AS position`,
    );
    return BigInt(String(row?.position));
  }

  /**
   * The running standby that has most of the log. From then on the standbys receive nothing more,
   * so that this stays true.
   */
  async mostAdvanced(): Promise<string> {
    const standbys = NAMES.filter((name) => name !== this.primary && this.#well.has(name));
    await Promise.all(standbys.map((name) => this.server(name).set({ primary_conninfo: '' })));
    for (const name of standbys) await until(`${name} receives no more`, () => this.#isStill(name), PATIENCE, PACE);
    const positions = await Promise.all(standbys.map((name) => this.positionOf(name)));
    const most = positions.reduce((a, b) => (a > b ? a : b), -1n);
    const found = standbys[positions.indexOf(most)];
    if (found === undefined) throw new Error('No standby runs');
    return found;
  }

  async #isStill(name: string): Promise<boolean> {
    return (await this.server(name).ask('SELECT 1 FROM pg_stat_wal_receiver')).length === 0;
  }

  /**
   * What a person does after the loss of the primary: the more advanced standby takes over, and the
   * other follows it.
   */
  async failOver(): Promise<string> {
    const chosen = await this.mostAdvanced();
    await this.promote(chosen);
    return chosen;
  }

  /**
   * Promotes a server, whatever it has. It gets its own list of the two others before it accepts
   * writes.
   */
  async promote(name: string): Promise<void> {
    const server = this.server(name);
    await server.set({ synchronous_standby_names: this.#othersOf(name) });
    const [row] = await server.ask('SELECT pg_promote(true, 20) AS promoted');
    if (row?.promoted !== true) throw new Error(`${name} was not promoted: ${server.log.slice(-2000)}`);
    this.primary = name;
    for (const other of NAMES)
      if (other !== name && this.#well.has(other) && (await this.#inRecovery(other))) await this.follow(other);
  }

  async #inRecovery(name: string): Promise<boolean> {
    const [row] = await this.server(name).ask('SELECT pg_is_in_recovery() AS recovers');
    return row?.recovers === true;
  }

  /** A running standby follows the present primary. */
  async follow(name: string): Promise<void> {
    await this.server(name).set({ primary_conninfo: this.#conninfo(name) });
  }

  /**
   * A planned switch: the primary stops in order, `name` takes over, and the old primary follows
   * it.
   */
  async switchOver(name: string): Promise<void> {
    const old = this.primary;
    await this.stop(old);
    await this.promote(name);
    this.#makeStandby(old);
    await this.startAgain(old);
  }

  /**
   * Starts a former primary as a standby, whatever its log holds. That is right only after an
   * orderly stop whose whole log arrived. Otherwise it claims to hold what it does not. This is for
   * controls.
   */
  async returnAsItIs(name: string): Promise<void> {
    this.#makeStandby(name);
    await this.startAgain(name);
  }

  /** Brings back a server that was killed, as a full copy of the primary. */
  async rejoin(name: string): Promise<void> {
    const { data } = this.server(name);
    const primary = this.server(this.primary);
    rmSync(data, { recursive: true, force: true });
    // Both calls need one connection: a backup ends with the connection that began it.
    const client = await primary.open();
    try {
      await client.query(`SELECT pg_backup_start('${name}', true)`);
      await copyLive(primary.data, data);
      const { rows } = await client.query('SELECT labelfile FROM pg_backup_stop(false)');
      writeFileSync(join(data, 'backup_label'), String(rows[0]?.labelfile));
      ownedAsServer(join(data, 'backup_label'));
    } finally {
      await client.end();
    }
    this.#makeStandby(name);
    await this.startAgain(name);
    await this.untilStreaming([name]);
  }

  /** Ends everything and removes it. */
  async remove(): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server.kill()));
    await this.#links.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #othersOf(name: string): string {
    const others = NAMES.filter((other) => other !== name).map((other) => `"${other}"`);
    return this.#synchronous ? `ANY 1 (${others.join(', ')})` : '';
  }

  #conninfo(name: string): string {
    const port = this.#portFrom(placeOf(name), this.primary);
    return `host=127.0.0.1 port=${port} user=${SUPERUSER} sslmode=disable application_name=${name}`;
  }

  /** Makes it a standby. The server must not be running. */
  #makeStandby(name: string): void {
    this.#configure(name, { primary_conninfo: this.#conninfo(name) });
    const signal = join(this.server(name).data, 'standby.signal');
    writeFileSync(signal, '');
    ownedAsServer(signal);
  }

  /** Writes what ALTER SYSTEM would write. */
  #configure(name: string, settings: Readonly<Record<string, string>>): void {
    const file = join(this.server(name).data, 'postgresql.auto.conf');
    const lines = Object.entries(settings).map(([key, value]) => `${key} = '${value}'\n`);
    writeFileSync(file, lines.join(''));
    ownedAsServer(file);
  }
}

/**
 * Copies a running server. Files come and go meanwhile; the log that the standby then receives
 * makes up for it.
 */
async function copyLive(from: string, to: string): Promise<void> {
  const left = ['pg_wal/*', 'postmaster.pid', 'postmaster.opts', 'standby.signal', 'pg_replslot/*', 'pgsql_tmp*'];
  const excluded = left.map((pattern) => `--exclude=./${pattern}`);
  mkdirSync(to, { mode: 0o700 });
  ownedAsServer(to);
  const read = ['--warning=no-file-changed', '--warning=no-file-removed', '--ignore-failed-read'];
  const script = 'from=$1; to=$2; shift 2; { tar -C "$from" -cf - "$@" . || [ $? = 1 ]; } | tar -C "$to" -xpf -';
  await run('sh', ['-c', script, 'copy', from, to, ...read, ...excluded]);
}

/** Writes the certificate and the access rules of a server into its folder. */
async function writeAccess(data: string): Promise<void> {
  const { server } = await testCertificates();
  const files = { 'server.crt': server.certificate, 'server.key': server.key, 'pg_hba.conf': `${ACCESS.join('\n')}\n` };
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(data, name), content, { mode: 0o600 });
    ownedAsServer(join(data, name));
  }
}
