/** HAProxy with `docs/examples/two-sites/haproxy.cfg`, in front of gateways on loopback. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './until.ts';
import { freePort, greets } from './instance.ts';

const FILE = join(import.meta.dirname, '..', '..', 'docs', 'examples', 'two-sites', 'haproxy.cfg');
const SITES = ['noord', 'zuid'] as const;
export type Site = (typeof SITES)[number];

/**
 * Ports of a gateway: listeners that accept a PROXY header from 127.0.0.1, and the port that
 * HAProxy asks for its state.
 */
export interface Behind {
  readonly smtp: number;
  readonly pop3: number;
  readonly ready: number;
}

export const freeBehind = async (): Promise<Behind> => ({
  ...{ smtp: await freePort(), pop3: await freePort(), ready: await freePort() },
});

/** Lines for the configuration of that gateway. */
export function behindProxy({ smtp, pop3, ready }: Behind): string {
  const listener = (protocol: string, port: number): string =>
    `[[listener]]\nname = "front-${protocol}"\nprotocol = "${protocol}"\naddress = "127.0.0.1"\nport = ${port}\ntls = "starttls"\nproxy = ["127.0.0.1"]\n`;
  const http = `[http]\nport = 0\nenabled = "no"\nready-from = ["127.0.0.1"]\nready-address = "127.0.0.1"\nready-port = ${ready}\n`;
  return `${listener('smtp', smtp)}${listener('pop3', pop3)}${http}`;
}

type Ports = Pick<Haproxy, 'submission' | 'pop3' | 'health'>;

export class Haproxy {
  readonly submission: number;
  readonly pop3: number;
  readonly health: number;
  readonly #child: ChildProcess;
  readonly #folder: string;
  #said = '';

  private constructor(child: ChildProcess, folder: string, ports: Ports) {
    this.#child = child;
    this.#folder = folder;
    this.submission = ports.submission;
    this.pop3 = ports.pop3;
    this.health = ports.health;
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (piece: Buffer) => (this.#said = (this.#said + piece.toString()).slice(-8192)));
  }

  static async start(behind: Readonly<Record<Site, Behind>>): Promise<Haproxy> {
    const ports = { submission: await freePort(), pop3: await freePort(), health: await freePort() };
    const folder = mkdtempSync(join(tmpdir(), 'sluis-haproxy-'));
    const file = join(folder, 'haproxy.cfg');
    writeFileSync(file, await fitted(readFileSync(FILE, 'utf8'), ports, behind));
    const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const haproxy = new Haproxy(child, folder, ports);
    child.once('error', (error) => (haproxy.#said += error.message));
    await until('HAProxy takes connections', async () => {
      if (child.exitCode !== null) throw new Error(`HAProxy ended: ${haproxy.#said}`);
      return await greets(ports.submission);
    }).catch(async (error: unknown) => {
      await haproxy.stop();
      throw new Error(`${String(error)}: ${haproxy.#said}`, { cause: error });
    });
    return haproxy;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const over = new Promise((resolve) => this.#child.once('close', resolve));
      this.#child.kill('SIGKILL');
      await over;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/**
 * The shipped file with other addresses and ports, without the user that only root can become, and
 * with fewer descriptors, because some machines do not allow more.
 */
async function fitted(
  text: string,
  { submission, pop3, health }: Ports,
  behind: Readonly<Record<Site, Behind>>,
): Promise<string> {
  const replace = (from: RegExp, to: string): void => {
    if (!from.test(text)) throw new Error(`the file has no ${String(from)}`);
    text = text.replace(from, to);
  };
  replace(/^ +(user|group) haproxy\n/gm, '');
  replace(/maxconn \d+/g, 'maxconn 500');
  replace(/bind 127\.0\.0\.1:9589/, `bind 127.0.0.1:${health}`);
  for (const [standard, front, protocol] of [
    [587, submission, 'smtp'],
    [465, await freePort(), 'smtp'],
    [110, pop3, 'pop3'],
    [995, await freePort(), 'pop3'],
    [443, await freePort(), 'pop3'],
  ] as const) {
    replace(new RegExp(`bind :${standard}$`, 'm'), `bind 127.0.0.1:${front}`);
    for (const [n, site] of SITES.entries()) {
      const { [protocol]: port, ready } = behind[site];
      replace(
        new RegExp(`server ${site} 192\\.0\\.2\\.${n + 1}1:${standard}$`, 'm'),
        `server ${site} 127.0.0.1:${port} port ${ready}`,
      );
    }
  }
  return text;
}
