/**
 * Mail programs of other people that go on while sites are lost: one sends with msmtp, one fetches
 * with fetchmail and one with mpop, both of which leave the mail on the server and keep their own
 * lists of what they have.
 *
 * Each does as its user has set it up: after a failure it tries again some time later. Two failures
 * in a row are what nobody should see.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { attempt } from '../peers/run.ts';
import { secretFile } from '../peers/senders.ts';
import { addressOf, passwordOf } from '../support/instance.ts';

/** What the programs share. */
export interface Service {
  readonly name: string;
  /** As /etc/hosts: addresses of the service name. */
  readonly hosts: string;
  readonly ca: string;
  /** An empty folder. */
  readonly home: string;
}

interface Turn {
  readonly at: number;
  readonly ok: boolean;
  readonly said: string;
}

/** Milliseconds between two turns of a program that has no trouble. */
const REST = 500;
/** A program that hangs is set to give up after so many seconds. */
const TIMEOUT = 8;

abstract class Program {
  protected readonly service: Service;
  protected readonly home: string;
  readonly account: string;
  /** Milliseconds from a failure to the next try. */
  retry = 30_000;
  readonly turns: Turn[] = [];
  readonly #stop = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(service: Service, account: string) {
    this.service = service;
    this.account = account;
    this.home = join(service.home, account);
    mkdirSync(this.home);
  }

  abstract readonly program: string;

  start(): void {
    this.#running = this.#run();
    this.#running.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  get failures(): readonly Turn[] {
    return this.turns.filter(({ ok }) => !ok);
  }

  /** Failures that came right after another one. */
  get repeated(): readonly string[] {
    return this.turns.flatMap(({ ok, said }, n) =>
      !ok && this.turns[n - 1]?.ok === false ? [`${this.program}: ${said}`] : [],
    );
  }

  /** Whether its work was done; what it said otherwise. */
  protected abstract turn(): Promise<string | undefined>;

  /** Runs where the service name has the addresses that the file says now. */
  protected async run(words: readonly string[], alsoFine: readonly number[], input = ''): Promise<string | undefined> {
    const script = `mount --bind '${this.service.hosts}' /etc/hosts; exec "$@"`;
    const { status, err, out } = await attempt('unshare', ['--mount', 'sh', '-c', script, 'at', ...words], {
      ...{ home: this.home, input: Buffer.from(input), patience: 60_000 },
    });
    return status === 0 || alsoFine.includes(status ?? -1) ? undefined : `${status}: ${err}${out.toString()}`.trim();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const at = performance.now();
      const said = await this.turn();
      this.turns.push({ at, ok: said === undefined, said: said ?? '' });
      await pause(said === undefined ? REST : this.retry, undefined, { signal }).catch(() => undefined);
    }
  }
}

/** Sends one message after the other, each until it was taken. */
export class Msmtp extends Program {
  readonly program = 'msmtp';
  readonly #rc: string;
  readonly #to: readonly string[];
  /**
   * Subjects of messages that were taken, in order, and of those that were tried more than once.
   */
  readonly acknowledged: string[] = [];
  readonly triedAgain = new Set<string>();
  #next = 0;

  constructor(service: Service, account: string, to: readonly string[]) {
    super(service, account);
    this.#to = to;
    this.#rc = secretFile(this.home, 'msmtprc', [
      `account gateway\nhost ${service.name}\nport 587\nfrom ${addressOf(account)}\ntimeout ${TIMEOUT}`,
      `auth plain\nuser ${account}\npassword ${passwordOf(account)}`,
      `tls on\ntls_starttls on\ntls_trust_file ${service.ca}`,
      'account default : gateway',
    ]);
  }

  protected async turn(): Promise<string | undefined> {
    const key = `msmtp-${this.#next}`;
    const to = this.#to.map(addressOf);
    // The same in every octet when it is sent again, as from a queue on disk.
    const date = new Date(1_800_000_000_000 + this.#next * 1000).toUTCString().replace('GMT', '+0000');
    const head = [
      `From: <${addressOf(this.account)}>`,
      ...to.map((one) => `To: <${one}>`).slice(0, 1),
      `Date: ${date}`,
    ];
    const text = [...head, `Message-ID: <${key}@client.test>`, `Subject: ${key}`, '', `Body of ${key}.`, ''].join('\n');
    const said = await this.run(['msmtp', '-C', this.#rc, '--', ...to], [], text);
    if (said === undefined) {
      this.acknowledged.push(key);
      this.#next += 1;
    } else if (said.includes('server message: 5')) throw new Error(`msmtp was refused for good: ${said}`);
    else this.triedAgain.add(key);
    return said;
  }
}

export interface Got {
  readonly subject: string;
  /** Of the stored message. */
  readonly id: string;
}

/** One that leaves mail on the server. */
export abstract class Keeper extends Program {
  protected abstract readonly box: string;
  protected abstract readonly list: string;

  /** All that it ever fetched, a message twice where it did so twice. */
  get fetched(): readonly Got[] {
    return readdirSync(this.box).map((name) => {
      const text = readFileSync(join(this.box, name), 'latin1');
      return {
        subject: /^Subject: (.*?)\r?$/m.exec(text)?.[1] ?? '',
        id: /\r?\n\tid ([0-9a-z]{13})\b/.exec(text)?.[1] ?? '',
      };
    });
  }

  /** UIDLs that it has noted, in the order of their names. */
  get noted(): readonly string[] {
    if (!existsSync(this.list)) return [];
    return readFileSync(this.list, 'latin1')
      .split('\n')
      .flatMap((line) => this.uidlIn(line) ?? [])
      .toSorted();
  }

  protected abstract uidlIn(line: string): string | undefined;
}

export class Fetchmail extends Keeper {
  readonly program = 'fetchmail';
  protected readonly box: string;
  protected readonly list: string;
  readonly #rc: string;

  constructor(service: Service, account: string) {
    super(service, account);
    this.box = join(this.home, 'box');
    this.list = join(this.home, 'fetchids');
    mkdirSync(this.box);
    this.#rc = secretFile(this.home, 'fetchmailrc', [
      `set idfile "${this.list}"`,
      `poll ${service.name} protocol pop3 port 995 timeout ${TIMEOUT} uidl`,
      `  user "${account}" password "${passwordOf(account)}"`,
      `  ssl sslproto "TLS1.2+" sslcertck sslcertfile "${service.ca}"`,
      `  no rewrite keep mda "sh -c 'cat > ${this.box}/$$-$(date +%s%N)'"`,
    ]);
  }

  protected async turn(): Promise<string | undefined> {
    const words = ['--silent', '--fetchmailrc', this.#rc, '--pidfile', join(this.home, 'pid')];
    // 1: there was no new mail.
    return await this.run(['fetchmail', ...words], [1]);
  }

  protected uidlIn(line: string): string | undefined {
    return /^\S+@\S+ (\S+)$/.exec(line)?.[1];
  }
}

export class Mpop extends Keeper {
  readonly program = 'mpop';
  protected readonly box: string;
  protected readonly list: string;
  readonly #rc: string;

  constructor(service: Service, account: string) {
    super(service, account);
    const folder = join(this.home, 'maildir');
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(folder, part), { recursive: true });
    this.box = join(folder, 'new');
    this.list = join(this.home, 'uidls');
    this.#rc = secretFile(this.home, 'mpoprc', [
      `account gateway\nhost ${service.name}\nport 110\nauth user\ntimeout ${TIMEOUT}`,
      `user ${account}\npassword ${passwordOf(account)}`,
      `tls on\ntls_starttls on\ntls_trust_file ${service.ca}`,
      `delivery maildir ${folder}\nkeep on\nreceived_header off\nuidls_file ${this.list}`,
      'account default : gateway',
    ]);
  }

  protected async turn(): Promise<string | undefined> {
    return await this.run(['mpop', '-C', this.#rc, '--quiet'], []);
  }

  protected uidlIn(line: string): string | undefined {
    return /^[\x21-\x7e]{10,70}$/.exec(line)?.[0];
  }
}

/**
 * The load generator `mailload`, where SLUIS_MAILLOAD names it: it writes down each message before
 * it is sent and again when it was acknowledged. It takes one address of the name and keeps to it,
 * in runs of five seconds.
 */
export class Mailload {
  readonly #service: Service;
  readonly #program: string;
  readonly #senders: number;
  readonly #box: string;
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  /** Sends as load0 and so on. */
  constructor(service: Service, program: string, { senders, box }: { readonly senders: number; readonly box: string }) {
    this.#service = service;
    this.#program = program;
    this.#senders = senders;
    this.#box = box;
    mkdirSync(join(service.home, 'mailload'));
  }

  start(): void {
    this.#running = this.#run();
    this.#running.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** What stands in the messages that were acknowledged. */
  get acknowledged(): readonly string[] {
    return this.#ids('ledger');
  }

  get attempted(): readonly string[] {
    return this.#ids('attempts');
  }

  #ids(file: string): readonly string[] {
    const lines = readFileSync(join(this.#service.home, 'mailload', file), 'latin1').split('\n');
    return lines.flatMap((line) => (line === '' ? [] : [line.split('\t')[0]!]));
  }

  async #run(): Promise<void> {
    const { name, ca, hosts } = this.#service;
    const home = join(this.#service.home, 'mailload');
    const script = `mount --bind '${hosts}' /etc/hosts; exec "$@"`;
    const words = [
      ...[
        this.#program,
        'smtp',
        '--host',
        name,
        '--port',
        '465',
        '--tls',
        'implicit',
        '--ca',
        ca,
        '--servername',
        name,
      ],
      ...[
        '--user',
        'load%d',
        '--pass',
        passwordOf('load%d'),
        '--from',
        addressOf('load%d'),
        '--rcpt',
        addressOf(this.#box),
      ],
      ...['--users', String(this.#senders), '--conns', String(this.#senders), '--per-conn', '20', '--size', '6000'],
      ...[
        '--count',
        '1000000',
        '--seconds',
        '5',
        '--timeout',
        String(TIMEOUT),
        '--rate',
        '20',
        '--tolerate',
        '--append',
      ],
      ...['--ledger', 'ledger', '--attempts', 'attempts'],
    ];
    while (!this.#stopping) {
      // 1: it met errors, which it tells and which do not end it.
      const { status, err } = await attempt('unshare', ['--mount', 'sh', '-c', script, 'at', ...words], { home });
      if (status !== 0 && status !== 1) throw new Error(`mailload ended with ${status}: ${err}`);
    }
  }
}
