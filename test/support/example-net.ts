/**
 * The network of the files in docs/examples/two-sites, 192.0.2.0/24, as a piece of loopback that
 * nobody else uses: names and ports stay as they are in the files, and only their addresses change.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', '..', '..', 'docs', 'examples', 'two-sites');
/**
 * Those that the files name. A listener of somebody else's on all addresses would have them here
 * too.
 */
const PORTS = [110, 443, 465, 587, 995, 2379, 2380, 5432, 8008, 9588, 9589];

export class ExampleNet {
  readonly #prefix: string;

  private constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Needs the right to listen on ports below 1024. */
  static async take(): Promise<ExampleNet> {
    let busy = '';
    for (let turn = 0; turn < 20; turn += 1) {
      const net = new ExampleNet(`127.${randomInt(1, 255)}.${randomInt(1, 255)}.`);
      const taken = await Promise.all(PORTS.map((port) => isTaken(net.address(1), port)));
      if (!taken.includes(true)) return net;
      busy = PORTS.filter((_, n) => taken[n]).join(', ');
    }
    throw new Error(`Somebody listens on all addresses on port ${busy}; stop that, or use another machine`);
  }

  /** 192.0.2.N here. */
  address(n: number): string {
    return `${this.#prefix}${n}`;
  }

  /**
   * A file of the examples, or part of one. What comes over loopback comes from 127.0.0.1, whatever
   * address it goes to.
   */
  fit(text: string): string {
    return text.replaceAll('192.0.2.0/24', '127.0.0.0/8').replaceAll('192.0.2.', this.#prefix);
  }

  file(name: string): string {
    return this.fit(readFileSync(join(FOLDER, name), 'utf8'));
  }
}

function isTaken(host: string, port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) =>
    server.once('error', () => resolve(true)).listen(port, host, () => server.close(() => resolve(false))),
  );
}
