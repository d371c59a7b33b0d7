/**
 * A Dovecot of Debian (2.4) with a folder of its own, on loopback. It reads and touches nothing
 * else on the machine, and none of its processes has special rights. If the test runs as root,
 * Dovecot runs as nobody.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';

export interface DovecotOptions {
  readonly pop3: number;
  readonly pop3s: number;
  /** PEM files. */
  readonly key: string;
  readonly certificate: string;
  /**
   * The password of every user; all of them have the same mailbox. Without it, the users are those
   * of `setUsers`, each with a mailbox of its own.
   */
  readonly password?: string;
}

const idOf = (flag: string, user: string): string => execFileSync('id', [flag, user], { encoding: 'utf8' }).trim();

export class Dovecot {
  readonly folder: string;
  readonly #options: DovecotOptions;
  readonly #user: string;
  #child: ChildProcess | undefined;

  constructor(options: DovecotOptions) {
    this.#options = options;
    this.folder = mkdtempSync(join(tmpdir(), 'sluis-dovecot-'));
    this.#user = process.getuid?.() === 0 ? 'nobody' : userInfo().username;
    for (const part of ['cur', 'new', 'tmp']) mkdirSync(join(this.maildir, part), { recursive: true });
    mkdirSync(join(this.folder, 'run'));
  }

  get maildir(): string {
    return join(this.folder, 'mail');
  }

  /** Maildir of a user of `setUsers`. */
  maildirOf(user: string): string {
    return join(this.folder, 'mail', user);
  }

  get logFile(): string {
    return join(this.folder, 'log');
  }

  /** Writes the lines of a passwd file. Dovecot reads it again at the next login. */
  setUsers(lines: readonly string[]): void {
    const file = join(this.folder, 'users');
    writeFileSync(`${file}.new`, `${lines.join('\n')}\n`);
    renameSync(`${file}.new`, file);
  }

  get log(): string {
    const file = join(this.folder, 'log');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-4096) : '';
  }

  async start(): Promise<void> {
    const { pop3 } = this.#options;
    this.#configure();
    this.#own(this.folder);
    const uid = Number(idOf('-u', this.#user));
    const as = process.getuid?.() === 0 ? { uid, gid: Number(idOf('-g', this.#user)) } : {};
    const child = spawn('dovecot', ['-F', '-c', join(this.folder, 'dovecot.conf')], { ...as, stdio: 'ignore' });
    this.#child = child;
    for (let tries = 0; !(await answers(pop3)); tries += 1) {
      if (child.exitCode !== null || tries === 200) throw new Error(`dovecot does not answer: ${this.log}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #configure(): void {
    const { pop3, pop3s, key, certificate, password } = this.#options;
    const [user, group] = [this.#user, idOf('-gn', this.#user)];
    copyFileSync(key, join(this.folder, 'key.pem'));
    copyFileSync(certificate, join(this.folder, 'cert.pem'));
    const service = (name: string, ...more: string[]): string[] => [`service ${name} {`, '  chroot =', ...more, '}'];
    const port = (name: string, number: number, ssl: string): string[] => [
      ...[`  inet_listener ${name} {`, `    port = ${number}`, `    ssl = ${ssl}`, '  }'],
    ];
    const lines = [
      'dovecot_config_version = 2.4.0',
      'dovecot_storage_version = 2.4.0',
      `base_dir = ${this.folder}/run`,
      `state_dir = ${this.folder}/run`,
      `log_path = ${this.folder}/log`,
      'protocols = pop3',
      'listen = 127.0.0.1',
      `default_internal_user = ${user}`,
      `default_login_user = ${user}`,
      `default_internal_group = ${group}`,
      'first_valid_uid = 1',
      'ssl = required',
      `ssl_server_cert_file = ${this.folder}/cert.pem`,
      `ssl_server_key_file = ${this.folder}/key.pem`,
      'mail_driver = maildir',
      `mail_path = ${password === undefined ? this.maildirOf('%{user}') : this.maildir}`,
      ...service('anvil'),
      ...service('stats'),
      ...service('pop3-login', ...port('pop3', pop3, 'no'), ...port('pop3s', pop3s, 'yes')),
      ...(password === undefined
        ? ['passdb passwd-file {', `  passwd_file_path = ${this.folder}/users`, '}']
        : ['passdb static {', `  password = ${password}`, '}']),
      ...[
        'userdb static {',
        '  fields {',
        `    uid = ${user}`,
        `    gid = ${group}`,
        `    home = ${this.folder}`,
        '  }',
        '}',
      ],
    ];
    writeFileSync(join(this.folder, 'dovecot.conf'), `${lines.join('\n')}\n`);
  }

  #own(path: string): void {
    if (process.getuid?.() === 0) chownSync(path, Number(idOf('-u', this.#user)), Number(idOf('-g', this.#user)));
    if (!statSync(path).isDirectory()) return;
    chmodSync(path, 0o755);
    const [uid, gid] = [Number(idOf('-u', this.#user)), Number(idOf('-g', this.#user))];
    for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' }))
      if (process.getuid?.() === 0) chownSync(join(path, name), uid, gid);
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.exitCode !== null) return;
    await new Promise((resolve) => {
      child.once('exit', resolve);
      child.kill('SIGTERM');
    });
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket
      .once('data', () => resolve(true))
      .once('error', () => resolve(false))
      .once('close', () => resolve(false));
    socket.setTimeout(2000, () => socket.destroy());
    void new Promise((done) => socket.once('data', done)).then(() => socket.destroy());
  });
