/**
 * A server of its own over a data folder that is nobody's store yet: it brings the log to its end,
 * or to a moment, and can be reached over a socket in a folder that nobody else may enter. Nothing
 * of the settings that came with the folder lets it replicate, archive, or listen.
 */
import type { ChildProcess } from 'node:child_process';
import { chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Instant, hours, seconds } from '../../domain/units.ts';
import { CopyFailed } from '../copies.ts';
import type { Access, Server } from './access.ts';
import { Session } from './session.ts';
import { environment, serverUser, start } from './programs.ts';

export interface PrivateServerOptions {
  /** Path of the program `postgres`. */
  readonly path: string;
  /** Absolute path of the data folder. */
  readonly data: string;
  /** The last moment of the log that counts. */
  readonly until?: Instant;
  /** The settings in the folder say where the log comes from. */
  readonly ownRecovery?: boolean;
  /** True: what the server writes need not be durable. */
  readonly scratch?: boolean;
}

const PORT = 5432;
const LOOK_EVERY = 50;
/** Longest start: the log of some weeks takes hours. */
const PATIENCE = 12 * 3600 * 1000;
/** An orderly end writes what is in memory. */
const STOP_WITHIN = 10 * 60 * 1000;
/** Most characters of the server's output that are read. */
const SAID = 64 * 1024;

export class PrivateServer {
  readonly #folder: string;
  readonly #child: ChildProcess;
  readonly #closed: Promise<void>;
  #over = false;

  private constructor(folder: string, child: ChildProcess) {
    this.#folder = folder;
    this.#child = child;
    this.#closed = new Promise((resolve) => {
      const over = (): void => {
        this.#over = true;
        resolve();
      };
      child.once('error', over).once('close', over);
    });
  }

  /**
   * Resolves when the log was brought in and it takes connections. Rejects with CopyFailed, which
   * has its last words.
   */
  static async start(options: PrivateServerOptions): Promise<PrivateServer> {
    const folder = mkdtempSync(join(tmpdir(), 'sluis-pg-'));
    let server: PrivateServer | undefined;
    try {
      const user = serverUser();
      give(folder, user);
      for (const [name, content] of [
        ['postgresql.conf', ''],
        ['pg_ident.conf', ''],
        ['pg_hba.conf', 'local all all trust\n'],
      ] as const) {
        writeFileSync(join(folder, name), content, { mode: 0o600 });
        give(join(folder, name), user);
      }
      const log = openSync(join(folder, 'log'), 'a', 0o600);
      const args = ['-D', options.data, ...settingsOf(folder, options)];
      const child = start(options.path, args, { ...user, cwd: '/', env: environment(), stdio: ['ignore', log, log] });
      closeSync(log);
      server = new PrivateServer(folder, child);
      await server.#ready(options.data);
      return server;
    } catch (error) {
      await server?.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async #ready(data: string): Promise<void> {
    for (const until = performance.now() + PATIENCE; ;) {
      if (this.#over) throw new CopyFailed(`the server over "${data}" ended: ${lastWords(this.said)}`);
      if (isReady(data, this.#child.pid)) return;
      if (performance.now() > until) throw new CopyFailed(`the server over "${data}" did not bring in its log in time`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
    }
  }

  /** The end of the server's output. */
  get said(): string {
    return readFileSync(join(this.#folder, 'log'), 'utf8').slice(-SAID);
  }

  /** Rejects with StoreUnavailable. */
  async open({ database, user }: Pick<Access, 'database' | 'user'>): Promise<Session> {
    const server: Server = { host: this.#folder, port: PORT };
    return await Session.open(
      server,
      { database, user },
      { name: 'sluis restore', connectWithin: seconds(10), answerWithin: hours(1) },
    );
  }

  /** Stops the server in order, so that the folder is whole without its log. Never rejects. */
  async stop(): Promise<void> {
    if (!this.#over) this.#child.kill('SIGINT');
    const timer = setTimeout(() => this.#child.kill('SIGQUIT'), STOP_WITHIN);
    await this.#closed;
    clearTimeout(timer);
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Settings on the command line, where nothing that came with the folder overrides them. */
function settingsOf(
  folder: string,
  { until, ownRecovery = false, scratch = false }: PrivateServerOptions,
): readonly string[] {
  const settings: Readonly<Record<string, string>> = {
    config_file: join(folder, 'postgresql.conf'),
    hba_file: join(folder, 'pg_hba.conf'),
    ident_file: join(folder, 'pg_ident.conf'),
    listen_addresses: '',
    unix_socket_directories: folder,
    unix_socket_permissions: '0700',
    port: String(PORT),
    ssl: 'off',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_min_messages: 'log',
    archive_mode: 'off',
    synchronous_standby_names: '',
    primary_conninfo: '',
    primary_slot_name: '',
    shared_preload_libraries: '',
    // During recovery nobody is served, so no setting of the original server is needed.
    hot_standby: 'off',
    max_connections: '20',
    shared_buffers: '64MB',
    autovacuum: 'off',
    // Small pieces of the log wait in the folder itself; what a program of the operator's has comes
    // by its own command.
    ...(ownRecovery ? {} : { restore_command: 'false', recovery_target_timeline: 'latest' }),
    ...(until === undefined || ownRecovery ? {} : { recovery_target_time: timeText(until) }),
    recovery_target_action: 'promote',
    ...(scratch ? { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off' } : {}),
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** `2026-11-28 12:00:00.123+00` */
export const timeText = (at: Instant): string => new Date(at).toISOString().replace('T', ' ').replace('Z', '+00');

/** True if the server is ready, according to its own file. */
function isReady(data: string, pid: number | undefined): boolean {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.startsWith('ready') === true;
  } catch {
    return false;
  }
}

function lastWords(said: string): string {
  const errors = said.split('\n').filter((line) => /FATAL|PANIC|ERROR|HINT/.test(line));
  return (errors.slice(-2).join('; ') || said.trimEnd().split('\n').at(-1)) ?? 'it said nothing';
}

export function give(path: string, { uid, gid }: ReturnType<typeof serverUser>): void {
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
}
