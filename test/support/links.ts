/**
 * TCP links between places, each of which can be cut as a network is cut: nothing arrives any
 * longer, and nobody is told. Open connections stay open; new ones are accepted but never answered.
 * The links run in a thread of their own. A test may wait for a command with its event loop
 * stopped, and that command may wait for something that comes over a link.
 */
import { Worker } from 'node:worker_threads';

export interface LinkRequest {
  readonly id: number;
  readonly link: number;
  readonly to: { readonly open: number } | 'cut' | 'heal' | 'lose';
}
export interface LinkAnswer {
  readonly id: number;
  /** The port at which the link listens. */
  readonly port: number;
}

export class Links {
  readonly #worker = new Worker(new URL('./links-thread.ts', import.meta.url));
  readonly #waiting = new Map<number, (answer: LinkAnswer) => void>();
  #asked = 0;
  #links = 0;

  constructor() {
    this.#worker.unref();
    this.#worker.on('message', (answer: LinkAnswer) => {
      this.#waiting.get(answer.id)?.(answer);
      this.#waiting.delete(answer.id);
    });
  }

  /** Opens a link to a port of this machine. */
  async open(port: number): Promise<Link> {
    const link = this.#links++;
    const opened = await this.#ask(link, { open: port });
    return {
      port: opened.port,
      cut: () => this.#ask(link, 'cut').then(() => undefined),
      heal: () => this.#ask(link, 'heal').then(() => undefined),
      lose: () => this.#ask(link, 'lose').then(() => undefined),
    };
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #ask(link: number, to: LinkRequest['to']): Promise<LinkAnswer> {
    const id = this.#asked++;
    this.#worker.ref();
    const answered = new Promise<LinkAnswer>((resolve) => this.#waiting.set(id, resolve));
    this.#worker.postMessage({ id, link, to } satisfies LinkRequest);
    return answered.finally(() => this.#worker.unref());
  }
}

export interface Link {
  readonly port: number;
  /** Resolves when nothing passes any longer. */
  cut(): Promise<void>;
  heal(): Promise<void>;
  /** What the cut link holds back will never arrive, as if the machine that sent it had died. */
  lose(): Promise<void>;
}
