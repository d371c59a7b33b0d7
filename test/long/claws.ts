/**
 * Claws Mail as a practice has it: one account, on a screen that nobody sees, with the keys that a
 * person presses.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { attempt, run } from '../peers/run.ts';
import type { MailAccount } from './thunderbird.ts';

const FOLDERS = ['inbox', 'sent', 'draft', 'queue', 'trash'] as const;

export class Claws {
  readonly #home: string;
  readonly #display: string;
  readonly #children: readonly ChildProcess[];

  private constructor(home: string, display: string, children: readonly ChildProcess[]) {
    this.#home = home;
    this.#display = display;
    this.#children = children;
  }

  static async start(home: string, account: MailAccount): Promise<Claws> {
    configure(home, account);
    const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1024x768x24', '-nolisten', 'tcp'], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    });
    const number = await new Promise<string>((resolve, reject) => {
      screen.stdio[3]?.once('data', (piece: Buffer) => resolve(piece.toString().trim()));
      screen.once('exit', () => reject(new Error('Xvfb has ended')));
    });
    const display = `:${number}`;
    const program = spawn('dbus-run-session', ['--', 'claws-mail', '--online'], {
      stdio: 'ignore',
      detached: true,
      cwd: home,
      env: environment(home, display),
    });
    const claws = new Claws(home, display, [program, screen]);
    await until('its window', async () => (await claws.#windows('Claws Mail'))[0]);
    return claws;
  }

  async stop(): Promise<void> {
    for (const child of this.#children) {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      if (child.spawnargs[0] === 'Xvfb') child.kill('SIGKILL');
      else if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      await ended;
    }
  }

  /** Get mail. Resolves to the inbox when it has so many messages. */
  async fetch(messages: number): Promise<readonly string[]> {
    await this.#command('--receive-all');
    return await until('the messages are in the inbox', () => {
      const names = this.#in('inbox');
      return names.length >= messages ? names.map((name) => this.#text('inbox', name)) : undefined;
    });
  }

  /**
   * Writes a message in the compose window and presses Ctrl+Return. `sent`: it is in the folder of
   * sent messages; else what the window says.
   */
  async send(file: string): Promise<'sent' | readonly string[]> {
    const before = this.#in('sent').length;
    // The window of a message that was sent a moment ago may still be there.
    const old = new Set(await this.#windows('Compose message'));
    await this.#command('--compose-from-file', file);
    const window = await until('a compose window', async () =>
      (await this.#windows('Compose message')).find((id) => !old.has(id)),
    );
    // A window that is drawn does not take keys yet for a moment.
    let pressed = -Infinity;
    return await until('the message is sent or refused', async () => {
      if (this.#in('sent').length > before) return 'sent';
      const boxes = (await this.#titles()).filter((title) => /error/i.test(title));
      if (boxes.length > 0) return boxes;
      if (Date.now() - pressed > 3000) {
        await this.#press(window, 'ctrl+Return').catch(() => undefined);
        pressed = Date.now();
      }
      return undefined;
    });
  }

  /** Lines of its own log of what servers said. */
  log(): string {
    const path = join(this.#home, '.claws-mail', 'claws.log');
    return existsSync(path) ? readFileSync(path, 'latin1') : '';
  }

  #in(folder: (typeof FOLDERS)[number]): readonly string[] {
    return readdirSync(join(this.#home, 'Mail', folder)).filter((name) => /^\d+$/.test(name));
  }

  #text(folder: string, name: string): string {
    return readFileSync(join(this.#home, 'Mail', folder, name), 'latin1');
  }

  async #command(...args: readonly string[]): Promise<void> {
    await run('claws-mail', args, { home: this.#home, env: environment(this.#home, this.#display) });
  }

  async #windows(title: string): Promise<readonly string[]> {
    const found = await this.#xdotool('search', '--onlyvisible', '--name', title);
    return found.split('\n').filter((id) => id !== '');
  }

  async #titles(): Promise<readonly string[]> {
    const windows = await this.#windows('.');
    return await Promise.all(windows.map(async (id) => (await this.#xdotool('getwindowname', id)).trim()));
  }

  async #press(window: string, keys: string): Promise<void> {
    await this.#xdotool('windowfocus', '--sync', window);
    await this.#xdotool('key', '--window', window, keys);
  }

  async #xdotool(...args: readonly string[]): Promise<string> {
    const ran = await attempt('xdotool', args, { home: this.#home, env: { DISPLAY: this.#display } });
    return ran.out.toString();
  }
}

const environment = (home: string, display: string): Record<string, string> => ({
  PATH: process.env.PATH ?? '',
  HOME: home,
  DISPLAY: display,
  LANG: 'C.UTF-8',
  TZ: 'UTC',
  GDK_BACKEND: 'x11',
  NO_AT_BRIDGE: '1',
  SSL_CERT_FILE: join(home, 'ca.pem'),
});

/**
 * What its wizard would write: POP3 over TLS, SMTP with STARTTLS and a login, deleted on the server
 * once fetched.
 */
function configure(home: string, account: MailAccount): void {
  const own = join(home, '.claws-mail');
  mkdirSync(own, { recursive: true, mode: 0o700 });
  for (const folder of FOLDERS) mkdirSync(join(home, 'Mail', folder), { recursive: true });
  writeFileSync(join(home, 'ca.pem'), account.ca);
  const items = FOLDERS.map((name) => {
    const type = name === 'sent' ? 'outbox' : name;
    return `<folderitem type="${type}" name="${name}" path="${name}" />`;
  });
  writeFileSync(
    join(own, 'folderlist.xml'),
    `<?xml version="1.0"?>\n<folderlist><folder type="mh" name="Mailbox" path="Mail">${items.join('')}</folder></folderlist>\n`,
  );
  const lines = {
    ...{ account_name: 'practice', is_default: 1, name: account.name, address: account.address, protocol: 0 },
    ...{ receive_server: account.host, user_id: account.login, password: account.password },
    ...{ smtp_server: account.host, use_smtp_auth: 1, smtp_auth_method: 16 },
    ...{ smtp_user_id: account.login, smtp_password: account.password },
    ...{ ssl_pop: 1, ssl_smtp: 2, set_popport: 1, pop_port: account.pop3s },
    ...{ set_smtpport: 1, smtp_port: account.submission, remove_mail: 1, message_leave_time: 0 },
    ...{ receive_at_get_all: 1, inbox: 'inbox' },
  };
  const text = Object.entries(lines).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(own, 'accountrc'), `[Account: 1]\n${text.join('')}`, { mode: 0o600 });
  writeFileSync(
    join(own, 'clawsrc'),
    '[Common]\nsend_dialog_mode=1\nreceive_dialog_mode=1\nno_receive_error_panel=1\nenable_aspell=0\n',
  );
}

async function until<T>(what: string, look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (Date.now() > end) throw new Error(`it did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
