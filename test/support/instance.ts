/**
 * A whole gateway as an operator has it: a folder with configuration, keys and data that `sluis
 * init` made, and the process `sluis serve`, which a test can start, kill and start again.
 */
import Database from 'better-sqlite3';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SecureContext } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { madeOnce } from './made-once.ts';
import { formsOf } from './no-secret.ts';
import type { Login } from './smtp-client.ts';
import { type WireTarget, trusting } from './wire.ts';

const MAIN = fileURLToPath(new URL('../../scripts/sluis.mjs', import.meta.url));
export const HOSTNAME = 'localhost';
/** Loaded into the gateway; see that file. */
const ENDS_WITH_TEST = fileURLToPath(new URL('./ends-with-test.ts', import.meta.url));
/**
 * Milliseconds. A start takes about two seconds; on a machine that is busy with other suites it
 * took half a minute.
 */
const START_PATIENCE = 60_000;
/**
 * Milliseconds for one command: an import of 20,000 accounts takes a minute. The event loop stands
 * still meanwhile, so nothing else can end the command.
 */
const COMMAND_PATIENCE = 300_000;

export interface Ports {
  readonly submission: number;
  readonly submissions: number;
  readonly pop3: number;
  readonly pop3s: number;
}

const NO_PORTS: Ports = { submission: 0, submissions: 0, pop3: 0, pop3s: 0 };

export interface InstanceOptions {
  /** Where the folder is made; without it, in the temporary folder. */
  readonly under?: string;
  /** The folder itself, which must not exist yet. */
  readonly folder?: string;
  readonly hostname?: string;
  readonly ports?: Ports;
  /** More words for `sluis init`. */
  readonly init?: readonly string[];
  /**
   * Makes new keys, certificates and a new store. Without it, they are a copy of those that other
   * instances of this run also have.
   */
  readonly own?: boolean;
  /** Sections that stay as `sluis init` wrote them. */
  readonly keep?: readonly string[];
  /** More lines of TOML: whole sections, such as `[store]`. They replace ours. */
  readonly configuration?: string;
}

export interface ServeOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node itself, such as `--import`. */
  readonly nodeOptions?: readonly string[];
  /** Texts, besides the passwords of `loginOf`, that must never stand in the log. */
  readonly secrets?: readonly string[];
  /** `main.ts` of another copy of the program. */
  readonly main?: string;
  /** A script of the test in place of `sluis serve`. It gets `--config FILE`. */
  readonly script?: string;
  /** Further arguments. */
  readonly arguments?: readonly string[];
  /** Called with every piece of the log. */
  readonly hear?: (text: string) => void;
}

export class Instance {
  readonly folder: string;
  readonly config: string;
  readonly data: string;
  readonly ports: Ports;
  #context: SecureContext | undefined;
  readonly #served = new Set<Served>();
  /** True if it has the organisation of `addAccounts`. */
  #organised = false;

  private constructor(folder: string, ports: Ports) {
    this.folder = folder;
    this.config = join(folder, 'sluis.toml');
    this.data = join(folder, 'data');
    this.ports = ports;
  }

  static async create(options: InstanceOptions = {}): Promise<Instance> {
    const { hostname = HOSTNAME, init = [], keep = [], own = init.length > 0 || keep.length > 0 } = options;
    // The real path, because the preloaded shims compare it with what /proc says.
    if (options.folder !== undefined) mkdirSync(options.folder, { mode: 0o700 });
    const folder = realpathSync(options.folder ?? mkdtempSync(join(options.under ?? tmpdir(), 'sluis-test-')));
    const instance = new Instance(folder, options.ports ?? (await freePorts()));
    if (own) instance.#init(hostname, init);
    else {
      cpSync(await Instance.initialised(hostname), folder, { recursive: true });
      // A store in a database has nothing of that folder's store.
      instance.#organised = options.configuration?.includes('engine = "postgres"') !== true;
    }
    const kept = sectionsOf(readFileSync(instance.config, 'utf8'), keep);
    instance.#configure(hostname, [...kept, options.configuration ?? ''].join('\n'));
    return instance;
  }

  /**
   * The folder from which instances with this host name are copied. It already has the organisation
   * of `addAccounts`, since each command takes a second of processor time. Only the paths in its
   * configuration belong to the one folder, and those are written anew.
   */
  private static initialised(hostname: string): Promise<string> {
    return madeOnce(`instance-${hostname}`, (folder) => {
      const instance = new Instance(folder, NO_PORTS);
      instance.#init(hostname, []);
      instance.sluis(...ORGANISATION);
      // The reserve is 64 MiB, which every copy would have. A gateway makes its own, as large as
      // its configuration says.
      rmSync(join(instance.data, 'reserve'), { force: true });
    });
  }

  #init(hostname: string, more: readonly string[]): void {
    this.sluis('init', '--hostname', hostname, '--data', this.data, '--dev-certificates', ...more);
  }

  /** An instance that `create` made earlier, in another process. */
  static at(folder: string, ports: Ports): Instance {
    return new Instance(realpathSync(folder), ports);
  }

  /**
   * Asks the database directly, beside the gateway that serves it: a number, such as `SELECT
   * count(*) ...`.
   */
  count(sql: string): number {
    const db = new Database(join(this.data, 'sluis.db'), { readonly: true });
    try {
      return Number(db.prepare(sql).pluck().get());
    } finally {
      db.close();
    }
  }

  /**
   * Writes our listeners on free ports, and no limits for each network: every client of a test
   * comes from one address.
   */
  #configure(hostname: string, more: string): void {
    const listener = (name: string, protocol: string, port: number, tls: string): string =>
      `[[listener]]\nname = "${name}"\nprotocol = "${protocol}"\naddress = "127.0.0.1"\nport = ${port}\ntls = "${tls}"\n`;
    const ours = [
      `hostname = "${hostname}"\n`,
      `[data]\nfolder = "data"\n`,
      `[keys]\nfolder = "keys"\nmaster-key-file = "master.key"\n`,
      `[tls]\nkey = "certs-dev/server-key.pem"\ncertificate = "certs-dev/server.pem"\n`,
      listener('submission', 'smtp', this.ports.submission, 'starttls'),
      listener('submissions', 'smtp', this.ports.submissions, 'implicit'),
      listener('pop3', 'pop3', this.ports.pop3, 'starttls'),
      listener('pop3s', 'pop3', this.ports.pop3s, 'implicit'),
      `[connections]\nexempt-networks = ["127.0.0.0/8"]\ndrain = "2s"\n`,
      `[auth]\nexempt-networks = ["127.0.0.0/8"]\n`,
      `[http]\nenabled = "no"\n`,
      `[store]\nreserve = "1MiB"\n`,
    ];
    const replaced = (section: string): boolean => {
      const [header] = /^\[[a-z]+\]/.exec(section) ?? [];
      return header !== undefined && more.includes(header);
    };
    writeFileSync(this.config, [...ours.filter((section) => !replaced(section)), more].join('\n'));
  }

  /** Its configuration, with these sections replaced. */
  configured(more: string): string {
    const names = [...more.matchAll(/^\[([a-z]+)\]/gm)].map(([, name]) => name ?? '');
    const text = readFileSync(this.config, 'utf8');
    return `${sectionsOf(text, names).reduce((left, section) => left.replace(section, ''), text)}\n${more}\n`;
  }

  /**
   * Runs a command of the command line on this instance. Throws, with the command's output, if it
   * fails.
   */
  sluis(...args: readonly string[]): string {
    const done = spawnSync(process.execPath, [MAIN, ...args, '--config', this.config], {
      ...{ encoding: 'utf8', timeout: COMMAND_PATIENCE, killSignal: 'SIGKILL' },
    });
    if (done.status !== 0)
      throw new Error(`sluis ${args.join(' ')} ended with ${done.status ?? done.signal}: ${done.stderr}`);
    return done.stdout;
  }

  /**
   * Tries again if the gateway cannot answer for a moment, as happens on a busy machine, and prints
   * a line each time. If it happens often, it is a fault.
   */
  #patiently(...args: readonly string[]): void {
    for (let turn = 1; ; turn += 1)
      try {
        this.sluis(...args);
        return;
      } catch (error) {
        if (turn === 10 || !/StoreUnavailable|ended with 7/.test(String(error))) throw error;
        console.error(`Try ${turn} of 10: ${String(error)}`);
      }
  }

  /**
   * Registers an organisation and accounts `NAME@ledger.test` in one import. `hash`: a ready hash
   * for all of them, which saves the hashing.
   */
  addAccounts(names: readonly string[], { hash }: { readonly hash?: string } = {}): void {
    if (!this.#organised) this.#patiently(...ORGANISATION);
    this.#organised = true;
    const csv = join(this.folder, 'accounts.csv');
    const column = hash === undefined ? 'password' : 'password_hash';
    const lines = names.map((name) => `${name},${addressOf(name)},ledger,"${hash ?? passwordOf(name)}"`);
    writeFileSync(csv, `login,address,organisation,${column}\n${lines.join('\n')}\n`, { mode: 0o600 });
    this.#patiently('account', 'import', csv);
    rmSync(csv);
  }

  /**
   * Registers a partner `name` on loopback with the whole domain `NAME.test`. Call it after
   * `addAccounts`. `authorities`: PEM.
   */
  addPartner(name: string, port: number, authorities: string, ...more: readonly string[]): void {
    const ca = join(this.folder, `${name}-ca.pem`);
    writeFileSync(ca, authorities);
    this.sluis('organisation', 'add', name, '--title', name, '--contact', addressOf('sender'));
    const server = ['--host', '127.0.0.1', '--port', String(port), '--ca', ca];
    this.sluis('partner', 'add', name, '--organisation', name, ...server, ...more);
    this.sluis('partner', 'domain', 'add', name, `${name}.test`);
  }

  get ca(): string {
    return join(this.folder, 'certs-dev', 'ca.pem');
  }

  target(port: keyof Ports): WireTarget {
    this.#context ??= trusting(readFileSync(this.ca, 'utf8'));
    const tls = port === 'submissions' || port === 'pop3s' ? 'implicit' : 'starttls';
    return { port: this.ports[port], tls, servername: HOSTNAME, context: this.#context };
  }

  /** Starts the gateway, and resolves when it greets. */
  async serve(options: ServeOptions = {}): Promise<Served> {
    const command =
      options.script === undefined
        ? [options.main ?? MAIN, 'serve', '--config', this.config]
        : [options.script, '--config', this.config, ...(options.arguments ?? [])];
    const child = spawn(
      process.execPath,
      ['--max-semi-space-size=8', '--import', ENDS_WITH_TEST, ...(options.nodeOptions ?? []), ...command],
      {
        stdio: ['pipe', 'ignore', 'pipe'],
        env: { ...process.env, ...options.env },
      },
    );
    const served = new Served(child, ['Secret-', ...(options.secrets ?? [])]);
    this.#served.add(served);
    if (options.hear !== undefined) child.stderr.on('data', options.hear);
    await served.greeting([this.ports.submission, this.ports.pop3]);
    return served;
  }

  /**
   * Removes the folder. It also kills what still runs: after a failed assertion nobody else does,
   * and a running gateway would keep the test from ending.
   */
  remove(): void {
    for (const served of this.#served) if (!served.over) served.signal('SIGKILL');
    // A killed process may still write for a moment.
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
  }
}

/** These sections of a configuration, as they stand in it. */
const sectionsOf = (text: string, names: readonly string[]): readonly string[] =>
  names.map((name) => new RegExp(`^\\[${name}\\]\\n(?:(?!\\[).*\\n)*`, 'm').exec(text)?.[0] ?? '');

/** One process of the gateway. */
export class Served {
  readonly #child: ChildProcess;
  /** The end of its log, for the text of a failure. */
  #log = '';
  /** Exit code, or the signal that ended it. */
  readonly exit: Promise<number | NodeJS.Signals>;
  #over = false;
  /** How it ended, for the text of a failure. */
  ended = '';

  /** Forms of secrets. The whole log is searched for them, although only its end is kept. */
  readonly #forms: readonly string[];
  #leaked: string | undefined;

  constructor(child: ChildProcess, secrets: readonly string[]) {
    this.#child = child;
    this.#forms = secrets.flatMap(formsOf);
    const longest = Math.max(...this.#forms.map((form) => form.length));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      // A secret may arrive in two pieces.
      const looked = this.#log.slice(-longest) + text;
      this.#leaked ??= this.#forms.find((form) => looked.includes(form));
      this.#log = (this.#log + text).slice(-65_536);
    });
    this.exit = new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        this.#over = true;
        this.ended = `it has ended with ${code ?? signal ?? 'nothing'}: ${this.#log.slice(-1500)}`;
        resolve(code ?? signal ?? 'SIGKILL');
      });
    });
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the gateway did not start');
    return this.#child.pid;
  }

  get log(): string {
    return this.#log;
  }

  get over(): boolean {
    return this.#over;
  }

  async greeting(ports: readonly number[]): Promise<void> {
    const until = performance.now() + START_PATIENCE;
    for (const port of ports)
      while (!(await greets(port))) {
        if (this.#over) throw new Error(`the gateway ended at its start: ${this.#log}`);
        if (performance.now() > until) {
          this.#child.kill('SIGKILL');
          throw new Error(`the gateway did not greet on port ${port} in time: ${this.#log}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills it: the power fails, as far as a process can notice. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exit;
    this.assertNoSecret();
  }

  /**
   * Throws if a secret is in the log. Every test of a login must check that, so both ways of ending
   * the process do it.
   */
  assertNoSecret(): void {
    if (this.#leaked !== undefined) throw new Error(`a secret is in the log, as "${this.#leaked}"`);
  }

  /** Stops it in order. Resolves to the exit code. */
  async stop(): Promise<number | NodeJS.Signals> {
    this.#child.kill('SIGTERM');
    const code = await this.exit;
    this.assertNoSecret();
    return code;
  }

  /** Resident memory in KiB: `now`, and the peak since `resetPeak`. */
  memory(): { readonly now: number; readonly peak: number } {
    const status = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    return { now: field('VmRSS'), peak: field('VmHWM') };
  }

  resetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }
}

const ORGANISATION = ['organisation', 'add', 'ledger', '--title', 'Ledger', '--contact', 'ledger@ledger.test'] as const;
export const addressOf = (name: string): string => `${name}@ledger.test`;
export const passwordOf = (name: string): string => `Secret-${name}-pw`;
export const loginOf = (name: string): Login => ({ login: name, password: passwordOf(name) });

export function greets(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (greeted: boolean): void => {
      socket.destroy();
      resolve(greeted);
    };
    socket.setTimeout(2000, () => end(false));
    socket
      .once('data', () => end(true))
      .once('error', () => end(false))
      .once('close', () => end(false));
  });
}

/** For the configuration: a listener of the API without a limit on requests. */
export const apiListener = (port: number): string =>
  `[[listener]]\nname = "api"\nprotocol = "https"\naddress = "127.0.0.1"\nport = ${port}\ntls = "implicit"\n[api]\nrequests = 10000000\n`;

/** Four different free ports. */
export async function freePorts(): Promise<Ports> {
  const ports = new Set<number>();
  while (ports.size < 4) ports.add(await freePort());
  const [submission = 0, submissions = 0, pop3 = 0, pop3s = 0] = ports;
  return { submission, submissions, pop3, pop3s };
}

const given = new Set<number>();

/**
 * True if nobody was given this port before, in this file or another file of the run. The owner may
 * not listen yet (seen: a gateway whose port was taken in between).
 */
function isNew(port: number): boolean {
  if (given.has(port)) return false;
  given.add(port);
  const shared = process.env.SLUIS_TEST_SHARED;
  if (shared === undefined) return true;
  try {
    mkdirSync(join(shared, 'ports'), { recursive: true });
    writeFileSync(join(shared, 'ports', String(port)), '', { flag: 'wx' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EEXIST';
  }
}

/**
 * A port on which nobody listens now. It is below the ports that the system gives to outgoing
 * connections (Linux: from 32768 on). So a gateway that is killed and started again finds its port
 * free, whatever connected meanwhile.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 100; tries += 1) {
    const port = randomInt(10_000, 32_768);
    if (!isNew(port)) continue;
    const server = createServer();
    const free = await new Promise<boolean>((resolve) =>
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)),
    );
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
  throw new Error('no free port in a hundred tries between 10000 and 32767');
}
