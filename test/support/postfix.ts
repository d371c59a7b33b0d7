/**
 * A Postfix of Debian with a folder of its own, on loopback. It reads and touches nothing of the
 * machine's own mail system.
 *
 * It needs root, as Postfix does. It accepts mail for one domain over STARTTLS, and files it in a
 * Maildir, discards it, or relays it.
 */
import { execFileSync, spawnSync } from 'node:child_process';
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
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface PostfixOptions {
  readonly port: number;
  /** The private key in PEM. */
  readonly key: string;
  readonly certificate: string;
  /** It accepts all mail for this domain. */
  readonly domain: string;
  /** Where the mail goes: a Maildir, nowhere, or `smtp:[HOST]:PORT` by Postfix's own client. */
  readonly transport: 'maildir' | 'discard' | `smtp:${string}`;
  /** More lines of main.cf. */
  readonly more?: readonly string[];
  /** It requires STARTTLS. Without it the connection is plain, to measure relaying alone. */
  readonly tls?: boolean;
}

const setting = (name: string): string => execFileSync('postconf', ['-dh', name], { encoding: 'utf8' }).trim();
const idOf = (user: string, flag: '-u' | '-g'): number =>
  Number(execFileSync('id', [flag, user], { encoding: 'utf8' }));

export class Postfix {
  readonly folder: string;
  readonly port: number;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  static async start(options: PostfixOptions): Promise<Postfix> {
    const folder = mkdtempSync(join(tmpdir(), 'sluis-postfix-'));
    const postfix = new Postfix(folder, options.port);
    try {
      postfix.#configure(options);
      const started = spawnSync('postfix', ['-c', join(folder, 'etc'), 'start'], { encoding: 'utf8' });
      if (started.status !== 0) throw new Error(`postfix did not start: ${started.stderr}${postfix.log}`);
      await postfix.#greets();
      return postfix;
    } catch (error) {
      await postfix.stop();
      throw error;
    }
  }

  /** The mail in the Maildir, as Postfix wrote it: with LF line ends and its own lines on top. */
  get delivered(): Buffer[] {
    const where = this.#newMail;
    if (!existsSync(where)) return [];
    return readdirSync(where).map((name) => readFileSync(join(where, name)));
  }

  get count(): number {
    return existsSync(this.#newMail) ? readdirSync(this.#newMail).length : 0;
  }

  get log(): string {
    const file = join(this.folder, 'maillog');
    return existsSync(file) ? readFileSync(file, 'utf8').slice(-8192) : '';
  }

  get #newMail(): string {
    return join(this.folder, 'mail', 'all', 'new');
  }

  get #pid(): number | undefined {
    const file = join(this.folder, 'queue', 'pid', 'master.pid');
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').trim()) : NaN;
    return Number.isInteger(pid) && pid > 1 ? pid : undefined;
  }

  async stop(): Promise<void> {
    const pid = this.#pid;
    // Only the master process that was started from this folder.
    const ours =
      pid !== undefined &&
      existsSync(`/proc/${pid}`) &&
      readFileSync(`/proc/${pid}/environ`, 'latin1').includes(this.folder);
    if (ours) {
      process.kill(pid, 'SIGTERM');
      for (let i = 0; i < 300 && existsSync(`/proc/${pid}`); i++) await new Promise((r) => setTimeout(r, 20));
    }
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  #configure({ port, key, certificate, domain, transport, more = [], tls = true }: PostfixOptions): void {
    const [etc, queue, data, mail] = ['etc', 'queue', 'data', 'mail'].map((name) => join(this.folder, name)) as [
      string,
      string,
      string,
      string,
    ];
    for (const each of [etc, queue, data, mail]) mkdirSync(each);
    chmodSync(this.folder, 0o755);
    const [uid, gid] = [idOf('nobody', '-u'), idOf('nobody', '-g')];
    chownSync(data, idOf('postfix', '-u'), idOf('postfix', '-g'));
    chownSync(mail, uid, gid);
    const chain = join(etc, 'chain.pem');
    writeFileSync(chain, `${key}${certificate}`, { mode: 0o600 });
    const maildir = transport === 'maildir';
    const lines = [
      'compatibility_level = 3.6',
      `queue_directory = ${queue}`,
      `data_directory = ${data}`,
      `command_directory = ${setting('command_directory')}`,
      `daemon_directory = ${setting('daemon_directory')}`,
      'mail_owner = postfix',
      'setgid_group = postdrop',
      'syslog_name = sluis-test-postfix',
      `maillog_file_prefixes = ${this.folder}`,
      `maillog_file = ${join(this.folder, 'maillog')}`,
      'myhostname = mail.test',
      'mydestination =',
      'mynetworks = 127.0.0.0/8',
      'inet_interfaces = 127.0.0.1',
      'inet_protocols = ipv4',
      'alias_maps =',
      'local_recipient_maps =',
      ...(maildir
        ? [
            `virtual_mailbox_domains = ${domain}`,
            `virtual_mailbox_base = ${mail}`,
            'virtual_mailbox_maps = static:all/',
            `virtual_uid_maps = static:${uid}`,
            `virtual_gid_maps = static:${gid}`,
            'virtual_mailbox_limit = 0',
          ]
        : [
            `relay_domains = ${domain}`,
            'relay_recipient_maps =',
            `relay_transport = ${transport}:`.replace(/^(.*smtp:.*):$/, '$1'),
          ]),
      'message_size_limit = 104857600',
      'mailbox_size_limit = 0',
      'default_process_limit = 100',
      'smtpd_client_connection_count_limit = 0',
      'smtpd_client_connection_rate_limit = 0',
      'in_flow_delay = 0',
      `smtpd_tls_security_level = ${tls ? 'encrypt' : 'none'}`,
      `smtpd_tls_chain_files = ${chain}`,
      'smtpd_tls_session_cache_database =',
      'smtpd_peername_lookup = no',
      'smtputf8_enable = yes',
      ...more,
    ];
    writeFileSync(join(etc, 'main.cf'), `${lines.join('\n')}\n`);
    const services = [
      `127.0.0.1:${port} inet n - n - - smtpd`,
      'pickup unix n - n 60 1 pickup',
      'cleanup unix n - n - 0 cleanup',
      'qmgr unix n - n 300 1 qmgr',
      'tlsmgr unix - - n 1000? 1 tlsmgr',
      'tlsproxy unix - - n - 0 tlsproxy',
      'rewrite unix - - n - - trivial-rewrite',
      'bounce unix - - n - 0 bounce',
      'defer unix - - n - 0 bounce',
      'trace unix - - n - 0 bounce',
      'verify unix - - n - 1 verify',
      'proxymap unix - - n - - proxymap',
      'smtp unix - - n - - smtp',
      'relay unix - - n - - smtp',
      'virtual unix - n n - - virtual',
      'showq unix n - n - - showq',
      'error unix - - n - - error',
      'retry unix - - n - - error',
      'discard unix - - n - - discard',
      'anvil unix - - n - 1 anvil',
      'scache unix - - n - 1 scache',
      'postlog unix-dgram n - n - 1 postlogd',
    ];
    writeFileSync(join(etc, 'master.cf'), `${services.join('\n')}\n`);
  }

  async #greets(): Promise<void> {
    for (let i = 0; i < 500; i++) {
      const greeted = await new Promise<boolean>((resolve) => {
        const socket = connect(this.port, '127.0.0.1');
        socket.once('data', () => resolve(true)).once('error', () => resolve(false));
        socket.once('data', () => socket.destroy());
      });
      if (greeted) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`postfix does not greet on port ${this.port}: ${this.log}`);
  }
}

/** True if a Postfix can be started here. */
export const mayRunPostfix = (): boolean => process.getuid?.() === 0;
