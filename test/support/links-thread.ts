/** The thread of links.ts. It passes octets on between sockets, or holds them back. */
import { type Server, type Socket, connect, createServer } from 'node:net';
import { parentPort } from 'node:worker_threads';
import { freePort } from './instance.ts';
import type { LinkAnswer, LinkRequest } from './links.ts';

/** Two sockets; each gets what comes from the other. */
interface Pair {
  readonly sockets: readonly [Socket, Socket];
  /** True if one of them is gone. The other is told only when the link is whole. */
  broken: boolean;
}

class Link {
  readonly #to: number;
  readonly #pairs = new Set<Pair>();
  /** Connections that were accepted while the link was cut. */
  readonly #unanswered = new Set<Socket>();
  #cut = false;

  constructor(to: number) {
    this.#to = to;
  }

  listen(port: number): Promise<Server> {
    return new Promise((resolve, reject) => {
      const server = createServer((from) => this.#take(from));
      server.once('error', reject).listen(port, '127.0.0.1', () => resolve(server));
    });
  }

  cut(): void {
    this.#cut = true;
    for (const { sockets } of this.#pairs) for (const socket of sockets) socket.pause();
  }

  heal(): void {
    this.#cut = false;
    for (const socket of this.#unanswered) socket.destroy();
    for (const pair of this.#pairs)
      if (pair.broken) this.#end(pair);
      else for (const socket of pair.sockets) socket.resume();
  }

  lose(): void {
    if (this.#cut) for (const pair of this.#pairs) pair.broken = true;
  }

  #take(from: Socket): void {
    from.on('error', () => undefined);
    if (this.#cut) {
      this.#unanswered.add(from);
      from.once('close', () => this.#unanswered.delete(from));
      return;
    }
    const pair: Pair = { sockets: [from, connect(this.#to, '127.0.0.1')], broken: false };
    this.#pairs.add(pair);
    this.#forward(pair, 0, 1);
    this.#forward(pair, 1, 0);
  }

  #forward(pair: Pair, a: 0 | 1, b: 0 | 1): void {
    const [from, to] = [pair.sockets[a], pair.sockets[b]];
    from.setNoDelay(true);
    from.on('data', (octets) => {
      if (!to.write(octets)) from.pause();
    });
    to.on('drain', () => {
      if (!this.#cut) from.resume();
    });
    from.on('error', () => undefined);
    from.on('close', () => {
      pair.broken = true;
      if (!this.#cut) this.#end(pair);
    });
  }

  /** Ends a pair. Octets that are on their way to either socket still arrive. */
  #end(pair: Pair): void {
    this.#pairs.delete(pair);
    for (const socket of pair.sockets) socket.destroySoon();
  }
}

const links = new Map<number, Link>();

async function answer({ id, link, to }: LinkRequest): Promise<LinkAnswer> {
  if (to === 'cut') links.get(link)?.cut();
  else if (to === 'heal') links.get(link)?.heal();
  else if (to === 'lose') links.get(link)?.lose();
  else {
    const made = new Link(to.open);
    links.set(link, made);
    const port = await freePort();
    await made.listen(port);
    return { id, port };
  }
  return { id, port: 0 };
}

parentPort?.on('message', (request: LinkRequest) => {
  void answer(request).then((answered) => parentPort?.postMessage(answered));
});
