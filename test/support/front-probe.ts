/**
 * A client that sends one message after another to a service name, by any of its addresses that
 * answers. It notes when each was accepted. So it measures how long a service was away as its
 * clients see it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Front } from './crew.ts';
import { addressOf, loginOf } from './instance.ts';
import { SmtpClient, UnexpectedReply } from './smtp-client.ts';
import { until } from './until.ts';
import { WireEnded } from './wire.ts';

/** Milliseconds that an answer may take. After that, an address that hangs is left. */
const PATIENCE = 3000;
const REST = 10;
const AGAIN = 20;

export class FrontProbe {
  readonly #fronts: readonly Front[];
  readonly #account: string;
  /** The moments at which each `250` was read. */
  readonly taken: number[] = [];
  #stopping = false;
  #running: Promise<void> = Promise.resolve();

  constructor(fronts: readonly Front[], account: string) {
    this.#fronts = fronts;
    this.#account = account;
  }

  start(): void {
    this.#running = this.#run();
    this.#running.catch(() => undefined);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
  }

  /** The time of the first message that was accepted after that moment. */
  async firstAfter(time: number): Promise<number> {
    const found = (): number | undefined => this.taken.findLast((at) => at > time);
    await until('a message is taken', () => found() !== undefined, 90_000);
    return this.taken.find((at) => at > time)!;
  }

  /** The longest time between two accepted messages since that moment. */
  longestSince(time: number): number {
    const [from, ...rest] = this.taken.filter((at) => at >= time);
    let before = from ?? time;
    let longest = 0;
    for (const at of rest) {
      longest = Math.max(longest, at - before);
      before = at;
    }
    return longest;
  }

  async #run(): Promise<void> {
    let client: SmtpClient | undefined;
    const address = addressOf(this.#account);
    const content = Buffer.from(`From: <${address}>\r\n\r\nProbe.\r\n`);
    for (let turn = 0; !this.#stopping;)
      try {
        const { smtp } = this.#fronts[turn % this.#fronts.length]!;
        client ??= await SmtpClient.open({ ...smtp, patience: PATIENCE }, loginOf(this.#account));
        await client.submit(address, [address], content);
        this.taken.push(performance.now());
        await pause(REST);
      } catch (error) {
        if (!(error instanceof WireEnded || error instanceof UnexpectedReply)) throw error;
        client?.wire.destroy();
        client = undefined;
        turn += 1;
        await pause(AGAIN);
      }
    client?.wire.destroy();
  }
}

/** Sums up the milliseconds of several rounds, also as text for people. */
export function summary(times: readonly number[]): {
  readonly median: number;
  readonly worst: number;
  readonly text: string;
} {
  const sorted = times.toSorted((a, b) => a - b);
  const [median, worst] = [sorted[Math.floor(sorted.length / 2)] ?? Infinity, sorted.at(-1) ?? Infinity];
  const seconds = (of: number): string => (of / 1000).toFixed(2);
  return { median, worst, text: `median ${seconds(median)} s, worst ${seconds(worst)} s of ${times.length}` };
}
