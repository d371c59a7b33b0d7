/**
 * Three places as an operator has them from Debian's packages: at each an etcd, and a PostgreSQL
 * under Patroni in quorum mode, with the files of docs/examples/two-sites. As an operator would, it
 * fits in the addresses and the name of each server.
 *
 * For its processes each place is a machine of its own (machine.ts), with the folders that the
 * files name.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { attempt } from '../peers/run.ts';
import { ExampleNet } from './example-net.ts';
import { Machine } from './machine.ts';
import { type PgClient, openAt } from './postgres-server.ts';
import type { Cleanup } from './store.ts';
import { until } from './until.ts';
import { serverUser } from './postgres-binaries.ts';
import { present, withoutProgram } from './require.ts';

export const PLACES = ['noord', 'zuid', 'derde'] as const;
export type PlaceName = (typeof PLACES)[number];
/** Users that Patroni and etcd distinguish from servers. */
const ROLES = ['postgres', 'replicator', 'rewind'] as const;

/** Why this machine cannot run it, or false. Throws if CI=true. */
export const withoutPatroni = (): string | false =>
  [
    withoutProgram('patroni', 'patroni'),
    // The package of Patroni is satisfied with a library for Consul, which does not serve here.
    present(
      'the library by which Patroni speaks to etcd',
      spawnSync('/usr/bin/python3', ['-c', 'import etcd']).status === 0,
      'install it with "apt-get install python3-etcd"',
    ),
    withoutProgram('etcd', 'etcd-server'),
    present(
      'PostgreSQL 17',
      existsSync('/usr/lib/postgresql/17/bin/postgres'),
      'install it with "apt-get install postgresql-17"',
    ),
    present('the right to make namespaces', process.getuid?.() === 0, 'run it as root'),
  ].find((reason) => reason !== false) ?? false;

/** What Patroni says of one server. */
interface Member {
  readonly name: string;
  readonly role: string;
  readonly state: string;
}

export async function startPatroni(t: Cleanup): Promise<Patroni> {
  const folder = mkdtempSync(join(tmpdir(), 'sluis-patroni-'));
  chmodSync(folder, 0o755);
  const net = await ExampleNet.take();
  const authority = new Authority(folder);
  const patroni = new Patroni(
    net,
    authority,
    PLACES.map((name, n) => new Place(name, n + 1, { net, authority, folder: join(folder, name) })),
  );
  t.after(async () => {
    await Promise.all(patroni.places.map((place) => place.kill()));
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  });
  for (const place of patroni.places) place.start();
  await patroni.untilWhole();
  return patroni;
}

export class Patroni {
  readonly net: ExampleNet;
  readonly places: readonly Place[];
  readonly #authority: Authority;

  constructor(net: ExampleNet, authority: Authority, places: readonly Place[]) {
    this.net = net;
    this.#authority = authority;
    this.places = places;
  }

  /** The authority of the servers' certificates, in PEM. */
  get ca(): string {
    return this.#authority.ca;
  }

  place(name: PlaceName): Place {
    return this.places[PLACES.indexOf(name)]!;
  }

  /** The place of the server that Patroni calls the leader. */
  async leader(): Promise<Place> {
    const name = (await this.members()).find(({ role }) => role === 'leader')?.name;
    const found = this.places.find(({ server }) => server === name);
    if (found === undefined) throw new Error('No place has the leader');
    return found;
  }

  /** Waits until there are a leader and two others that count for its commits. */
  async untilWhole(): Promise<void> {
    await until('a leader and two standbys of its quorum', () => this.#isWhole(), 150_000, 50).catch(
      (error: unknown) => {
        throw new Error(`${String(error)}\n${this.logs()}`, { cause: error });
      },
    );
  }

  async #isWhole(): Promise<boolean> {
    const members = await this.members();
    const well = (role: string, state: string): number =>
      members.filter((one) => one.role === role && one.state === state).length;
    return well('leader', 'running') === 1 && well('quorum_standby', 'streaming') === 2;
  }

  /** The members, according to the first place that answers. */
  async members(): Promise<readonly Member[]> {
    for (const place of this.places)
      try {
        return ((await place.ask('/cluster')) as { readonly members?: readonly Member[] }).members ?? [];
      } catch {
        // It is dead, hangs, or has not started yet.
      }
    return [];
  }

  /** Runs a person's command at a place, such as `patronictl switchover ...`. */
  async patronictl(at: Place, ...words: readonly string[]): Promise<string> {
    return await at.run('patronictl', ['-c', '/etc/patroni/patroni.yml', ...words]);
  }

  /** The end of what each place said, at most so many characters of each. */
  logs(most = 3000): string {
    return this.places.map(({ name, log }) => `--- ${name}\n${log.slice(-most)}`).join('\n');
  }
}

interface PlaceParts {
  readonly net: ExampleNet;
  readonly authority: Authority;
  readonly folder: string;
}

export class Place {
  readonly name: PlaceName;
  /** The name of its PostgreSQL server. */
  readonly server: string;
  readonly address: string;
  readonly #parts: PlaceParts;
  readonly #machine: Machine;
  readonly #mounts: Readonly<Record<string, string>>;

  /** `number`: the tens of its addresses in the examples. */
  constructor(name: PlaceName, number: number, parts: PlaceParts) {
    const { net, authority, folder } = parts;
    this.name = name;
    this.server = `${name}-1`;
    this.address = net.address(number * 10 + 2);
    this.#parts = parts;
    const own = ['etc', 'postgresql', 'etcd', 'run'].map((part) => join(folder, part));
    for (const made of own) mkdirSync(made, { recursive: true });
    const [etc, postgresql, etcd, run] = own as [string, string, string, string];
    this.#mounts = {
      ...{ '/etc/patroni': etc, '/var/lib/postgresql': postgresql, '/var/lib/etcd': etcd, '/run/postgresql': run },
    };
    const hosts = [2, 3].map((n) => net.address(number * 10 + n));
    // QUIRK: etcd looks in a peer's certificate for the address that the peer comes from. Over
    // loopback that is this one.
    authority.issue(etc, 'server', this.server, [...hosts, '127.0.0.1']);
    for (const role of ROLES) authority.issue(etc, role, role);
    writeFileSync(join(etc, 'ca.pem'), authority.ca);
    // In the files of noord-1, its own addresses stand once for each program that listens. The list
    // of all places is the same everywhere.
    const patroni = net.file('patroni.yml').replaceAll('name: noord-1', `name: ${this.server}`);
    writeFileSync(join(etc, 'patroni.yml'), patroni.replaceAll(`${net.address(12)}:`, `${this.address}:`));
    const lists = /^ETCD_(LISTEN|ADVERTISE|INITIAL_ADVERTISE)_.*$/gm;
    const etcdEnv = net.file('etcd.env').replace('ETCD_NAME=noord-1', `ETCD_NAME=${this.server}`);
    writeFileSync(
      join(etc, 'etcd.env'),
      etcdEnv.replace(lists, (line) => line.replace(net.address(13), hosts[1]!)),
    );
    giveTo(folder);
    const as = asUser();
    this.#machine = new Machine({
      log: join(folder, 'log'),
      mounts: this.#mounts,
      script: `(set -a; . /etc/patroni/etcd.env; exec ${as} etcd) &\n${as} patroni /etc/patroni/patroni.yml &\nwait\n`,
    });
  }

  get log(): string {
    return this.#machine.log;
  }

  start(): void {
    // A machine that starts again finds neither the old process number nor what was in /run, so
    // both are removed. If by chance another process had that number, PostgreSQL would take it for
    // its former self and would not start.
    rmSync(join(this.#parts.folder, 'postgresql', '17', 'sluis', 'postmaster.pid'), { force: true });
    const run = join(this.#parts.folder, 'run');
    for (const name of readdirSync(run)) rmSync(join(run, name), { recursive: true, force: true });
    this.#machine.start();
  }

  async kill(): Promise<void> {
    await this.#machine.kill();
  }

  hang(): void {
    this.#machine.hang();
  }

  resume(): void {
    this.#machine.resume();
  }

  /** Runs one program there as the user of the database. Resolves to its output. */
  async run(program: string, words: readonly string[], input = ''): Promise<string> {
    const mounted = Object.entries(this.#mounts).map(([target, source]) => `mount --bind '${source}' '${target}'; `);
    const script = `set -e; ${mounted.join('')}exec ${asUser()} "$@"`;
    const done = await attempt('unshare', ['--mount', 'sh', '-c', script, 'at', program, ...words], {
      ...{ home: '/', input: Buffer.from(input) },
    });
    if (done.status !== 0) throw new Error(`${program} ${words.join(' ')} ended with ${done.status}: ${done.err}`);
    return done.out.toString();
  }

  /** Patroni's own answer. Its port accepts nobody without a certificate. */
  async ask(path: string): Promise<unknown> {
    const { key, cert } = this.#credentials('server');
    return await new Promise((resolve, reject) => {
      const asked = request(
        { host: this.address, port: 8008, path, key, cert, ca: this.#parts.authority.ca, timeout: 1000 },
        (answer) => {
          const pieces: Buffer[] = [];
          answer.on('data', (piece: Buffer) => pieces.push(piece)).once('error', reject);
          answer.once('end', () => resolve(JSON.parse(Buffer.concat(pieces).toString())));
        },
      );
      asked.once('timeout', () => asked.destroy(new Error('no answer in time'))).once('error', reject);
      asked.end();
    });
  }

  /** A connection as the superuser. Whoever opens it must end it. */
  async open(more: object = {}): Promise<PgClient> {
    const ssl = { ...this.#credentials('postgres'), ca: this.#parts.authority.ca };
    return await openAt(5432, { host: this.address, ssl, ...more });
  }

  #credentials(name: string): { readonly key: string; readonly cert: string } {
    const read = (file: string): string => readFileSync(join(this.#parts.folder, 'etc', file), 'utf8');
    return { key: read(`${name}-key.pem`), cert: read(`${name}.pem`) };
  }
}

function asUser(): string {
  const { uid, gid } = serverUser();
  return `setpriv --reuid ${uid} --regid ${gid} --clear-groups`;
}

/** The authority of the certificates between servers, made with openssl as an operator makes it. */
class Authority {
  readonly #folder: string;
  readonly ca: string;

  constructor(folder: string) {
    this.#folder = join(folder, 'authority');
    mkdirSync(this.#folder, { mode: 0o700 });
    const made = ['-x509', '-subj', '/CN=servers', '-keyout', this.#own('ca-key.pem'), '-out', this.#own('ca.pem')];
    // Patroni's Python accepts only an authority that states its key usage.
    openssl(['req', ...NEW_KEY, ...made, '-addext', 'keyUsage=critical,keyCertSign,cRLSign']);
    this.ca = readFileSync(this.#own('ca.pem'), 'utf8');
  }

  /** Makes NAME.pem and NAME-key.pem, for either end of a connection. */
  issue(into: string, name: string, subject: string, addresses: readonly string[] = []): void {
    const names =
      addresses.length === 0 ? [] : ['-addext', `subjectAltName=${addresses.map((ip) => `IP:${ip}`).join()}`];
    openssl([
      ...['req', ...NEW_KEY, '-x509', '-CA', this.#own('ca.pem'), '-CAkey', this.#own('ca-key.pem')],
      ...['-subj', `/CN=${subject}`, '-addext', 'basicConstraints=critical,CA:FALSE', ...names],
      ...['-addext', 'extendedKeyUsage=serverAuth,clientAuth'],
      ...['-keyout', join(into, `${name}-key.pem`), '-out', join(into, `${name}.pem`)],
    ]);
    chmodSync(join(into, `${name}-key.pem`), 0o600);
  }

  #own(file: string): string {
    return join(this.#folder, file);
  }
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc', '-days', '30'];

function openssl(words: readonly string[]): void {
  const done = spawnSync('openssl', words, { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`openssl ${words.join(' ')} ended with ${done.status}: ${done.stderr}`);
}

/** Gives a folder with all that is in it to the user of the database. */
function giveTo(folder: string): void {
  const { uid, gid } = serverUser();
  if (uid === undefined || gid === undefined) return;
  chownSync(folder, uid, gid);
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }))
    chownSync(join(folder, name), uid, gid);
  chmodSync(join(folder, 'postgresql'), 0o700);
}
