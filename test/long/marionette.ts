/**
 * Drives a Mozilla program over Marionette: one JSON array a message, its length in front
 * (`17:[0,1,"name",{}]`).
 */
import { type Socket, connect } from 'node:net';

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

export class Marionette {
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  #octets = Buffer.alloc(0);
  #next = 1;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (piece: Buffer) => this.#hear(piece));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the program has closed the connection'));
      this.#waiting.clear();
    });
  }

  /**
   * Waits until the program listens, at most a minute, and begins a session: with the rights of the
   * program itself (`chrome`), or of a page.
   */
  static async open(port: number, context: 'chrome' | 'content' = 'chrome'): Promise<Marionette> {
    const until = Date.now() + 60_000;
    for (;;) {
      const socket = await new Promise<Socket | undefined>((resolve) => {
        const trying = connect(port, '127.0.0.1');
        trying.once('connect', () => resolve(trying)).once('error', () => resolve(undefined));
      });
      if (socket !== undefined) {
        const marionette = new Marionette(socket);
        await marionette.command('WebDriver:NewSession', {});
        await marionette.command('Marionette:SetContext', { value: context });
        return marionette;
      }
      if (Date.now() > until) throw new Error(`nothing listens on port ${port}`);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  /**
   * Runs the body of an asynchronous function inside the program; `args` are its parameters, in
   * order.
   */
  async run<T>(body: string, ...args: readonly unknown[]): Promise<T> {
    const script = `const done = arguments[arguments.length - 1];
      (async (...args) => { ${body} })(...[...arguments].slice(0, -1)).then(
        (value) => done({ value: value ?? null }), (error) => done({ error: String(error) + " " + (error.stack ?? "") }));`;
    const answer = (await this.command('WebDriver:ExecuteAsyncScript', { script, args, newSandbox: false })) as {
      readonly value: { readonly value: T; readonly error?: string };
    };
    if (answer.value.error !== undefined) throw new Error(answer.value.error);
    return answer.value.value;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** A command of the protocol, by its name there. */
  command(name: string, parameters: unknown): Promise<unknown> {
    const id = this.#next++;
    const text = JSON.stringify([0, id, name, parameters]);
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#socket.write(`${Buffer.byteLength(text)}:${text}`);
    });
  }

  #hear(piece: Buffer): void {
    this.#octets = Buffer.concat([this.#octets, piece]);
    for (;;) {
      const colon = this.#octets.indexOf(':');
      const end = colon + 1 + Number(this.#octets.toString('latin1', 0, Math.max(0, colon)));
      if (colon < 0 || this.#octets.length < end) return;
      const message = JSON.parse(this.#octets.toString('utf8', colon + 1, end)) as unknown;
      this.#octets = this.#octets.subarray(end);
      if (!Array.isArray(message)) continue; // The greeting.
      const [, id, error, result] = message as [number, number, { message?: string } | null, unknown];
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === null) waiting?.resolve(result);
      else waiting?.reject(new Error(error.message ?? JSON.stringify(error)));
    }
  }
}
