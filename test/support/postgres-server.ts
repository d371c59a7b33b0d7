/**
 * One PostgreSQL as a process of this test: it can be started, stopped, killed with all its
 * children, made to hang, and asked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { postgresBinaries, serverUser } from './postgres-binaries.ts';
import { hasProgram } from './require.ts';
import { until } from './until.ts';

/** The parts of a `pg` client that are used; its type declarations are not among the packages. */
export interface PgClient {
  connect(): Promise<void>;
  end(): Promise<void>;
  query(text: string, values?: readonly unknown[]): Promise<PgResult>;
  on(event: 'error', listener: (error: Error) => void): void;
  on(event: 'notice', listener: (notice: { readonly code?: string }) => void): void;
}
interface PgResult {
  readonly rows: readonly Readonly<Record<string, unknown>>[];
  readonly rowCount: number | null;
  readonly command: string;
}
const { Client } = createRequire(import.meta.url)('pg') as { Client: new (options: object) => PgClient };

const ENVIRONMENT = { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
/**
 * The name of the database and of its superuser, both made by `initdb`. Every local connection may
 * log in as that user.
 */
export const SUPERUSER = 'postgres';
const START_PATIENCE = 30_000;
/** Milliseconds between two looks. Each is a query, on cores that the servers need. */
const PACE = 10;

/** Opens a connection. `more`: further options of `pg`. */
export async function openAt(port: number, more: object = {}): Promise<PgClient> {
  const client = new Client({
    ...{ host: '127.0.0.1', port, user: SUPERUSER, database: SUPERUSER, connectionTimeoutMillis: 5000, ...more },
  });
  // A server that is killed must not end the test's process.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/**
 * Behind a change of `synchronous_standby_names`, which every connection may show before commits
 * wait by it: that is the checkpointer's to say, and it reads its settings before the checkpoint
 * that somebody asks for.
 */
export const HEARD = 'CHECKPOINT';

export class PostgresServer {
  readonly name: string;
  readonly port: number;
  readonly data: string;
  readonly #settings: Readonly<Record<string, string>>;
  #child: ChildProcess | undefined;
  #exited: Promise<unknown> = Promise.resolve();
  #admin: Promise<PgClient> | undefined;

  /**
   * `settings` are given on the command line, so that neither ALTER SYSTEM nor a copied folder
   * changes them.
   */
  constructor(name: string, port: number, data: string, settings: Readonly<Record<string, string>>) {
    this.name = name;
    this.port = port;
    this.data = data;
    this.#settings = {
      ...{ port: String(port), listen_addresses: '127.0.0.1', unix_socket_directories: '', cluster_name: name },
      // Shared memory in the data folder, which goes with the test. What a killed server has in
      // /dev/shm would stay there.
      dynamic_shared_memory_type: 'mmap',
      ...settings,
    };
  }

  get runs(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number {
    if (this.#child?.pid === undefined) throw new Error(`${this.name} does not run`);
    return this.#child.pid;
  }

  get log(): string {
    return readFileSync(`${this.data}.log`, 'utf8');
  }

  /** Resolves when it accepts connections. */
  async start(): Promise<void> {
    const settings = Object.entries(this.#settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const command = [join(postgresBinaries(), 'postgres'), '-D', this.data, ...settings];
    // It ends when this process does, however that ends.
    const tied = hasProgram('setpriv') ? ['setpriv', '--pdeathsig', 'KILL', ...command] : command;
    const log = openSync(`${this.data}.log`, 'a');
    const child = spawn(tied[0]!, tied.slice(1), {
      ...{ ...serverUser(), cwd: '/', env: ENVIRONMENT, stdio: ['ignore', log, log] },
    });
    closeSync(log);
    this.#child = child;
    this.#exited = new Promise((resolve) => child.once('error', resolve).once('exit', resolve));
    await until(`${this.name} starts`, () => !this.runs || this.#takesConnections(), START_PATIENCE, PACE);
    if (!this.runs) throw new Error(`${this.name} ended at its start: ${this.log.slice(-2000)}`);
  }

  /**
   * Looks at what the server writes into its own file. A server that was killed has left an old
   * file, with another process id.
   */
  #takesConnections(): boolean {
    try {
      const lines = readFileSync(join(this.data, 'postmaster.pid'), 'utf8').split('\n');
      return Number(lines[0]) === this.#child?.pid && /^(ready|standby)/.test(lines[7] ?? '');
    } catch {
      return false;
    }
  }

  /** A fast shutdown: a primary waits until its standbys have its whole log. */
  async stop(): Promise<void> {
    await this.#forget();
    if (this.runs) this.#child?.kill('SIGINT');
    await this.#exited;
  }

  /** Ends it at once and loses what it holds: for a server that nobody looks at again. */
  async end(): Promise<void> {
    await this.#forget();
    if (this.runs) this.#child?.kill('SIGQUIT');
    await this.#exited;
  }

  /** Kills the server and its children at once, as if the machine died. */
  async kill(): Promise<void> {
    if (this.runs) {
      process.kill(this.pid, 'SIGSTOP');
      for (const pid of [...this.#children(), this.pid]) signal(pid, 'SIGKILL');
    }
    await this.#exited;
    await this.#forget();
  }

  /** Stops all its processes where they are. Connections stay open, and nobody answers. */
  hang(): void {
    for (const pid of [this.pid, ...this.#children()]) signal(pid, 'SIGSTOP');
  }

  resume(): void {
    for (const pid of [...this.#children(), this.pid]) signal(pid, 'SIGCONT');
  }

  #children(): readonly number[] {
    const listed = readFileSync(`/proc/${this.pid}/task/${this.pid}/children`, 'utf8');
    return listed.split(' ').filter(Boolean).map(Number);
  }

  /** A new connection, which the caller must end. */
  open(options = ''): Promise<PgClient> {
    return openAt(this.port, { options });
  }

  /** Asks, or changes a setting. What it writes does not wait for a standby. */
  async ask(text: string, values: readonly unknown[] = []): Promise<readonly Readonly<Record<string, unknown>>[]> {
    this.#admin ??= this.open('-c synchronous_commit=local').then((client) => {
      client.on('error', () => (this.#admin = undefined));
      return client;
    });
    try {
      return (await (await this.#admin).query(text, values)).rows;
    } catch (error) {
      await this.#forget();
      throw error;
    }
  }

  /** Does ALTER SYSTEM, and waits until the setting holds. */
  async set(settings: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, value] of Object.entries(settings))
      await this.ask(`ALTER SYSTEM SET ${name} = '${value.replaceAll("'", "''")}'`);
    await this.ask('SELECT pg_reload_conf()');
    for (const [name, value] of Object.entries(settings))
      await until(`${this.name} has ${name}`, () => this.#has(name, value), START_PATIENCE, PACE);
    if ('synchronous_standby_names' in settings) await this.ask(HEARD);
  }

  async #has(name: string, value: string): Promise<boolean> {
    const [row] = await this.ask(`SELECT current_setting($1) AS value`, [name]);
    return row?.value === value;
  }

  async #forget(): Promise<void> {
    const admin = this.#admin;
    this.#admin = undefined;
    await admin?.then((client) => client.end()).catch(() => undefined);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
