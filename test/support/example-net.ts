/**
 * Stands in for 192.0.2.0/24, the network in the files of docs/examples/two-sites. It is a part of
 * loopback that nobody else uses. Names and ports stay as in the files; only the addresses change.
 */
import { randomInt } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '..', '..', 'docs', 'examples', 'two-sites');
/**
 * The ports in the files. They must be free: somebody else's listener on all addresses would also
 * be here.
 */
const PORTS = [110, 443, 465, 587, 995, 2379, 2380, 5432, 8008, 9588, 9589];

export class ExampleNet {
  readonly #prefix: string;

  private constructor(prefix: string) {
    this.#prefix = prefix;
  }

  /** Finds free addresses. It needs the right to listen on ports below 1024. */
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

  /** The address here that stands in for 192.0.2.N. */
  address(n: number): string {
    return `${this.#prefix}${n}`;
  }

  /**
   * Changes the addresses in a file of the examples, or in a part of one. A peer on loopback always
   * comes from 127.0.0.1, whatever address it connects to.
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
