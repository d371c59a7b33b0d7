/**
 * A small load of mail during all steps. What a bulk change costs other people is the time that
 * they wait.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Instance, addressOf } from '../../test/support/instance.ts';
import { Pop3Client } from '../../test/support/pop3-client.ts';
import { SmtpClient } from '../../test/support/smtp-client.ts';
import { PASSWORD } from '../load.ts';
import { type Percentiles, Samples } from '../stats.ts';

const SENDERS = 3;
const POLLERS = 3;
const EVERY = 60;
const SIZE = 10_000;

export interface Waited {
  /** Milliseconds from the final dot to the `250`. */
  readonly submission: Percentiles;
  /**
   * Milliseconds of a whole POP3 session: one login, STAT, and fetching and deleting what is there.
   */
  readonly pickup: Percentiles;
  readonly messages: number;
  readonly sessions: number;
}

export class MailFlow {
  readonly #instance: Instance;
  readonly #names: readonly string[];
  #ended = false;
  #work: Promise<unknown> = Promise.resolve();
  #submission = new Samples();
  #pickup = new Samples();
  #sent = 0;
  #fetched = 0;

  /** `names`: SENDERS + POLLERS accounts that nobody else uses. */
  constructor(instance: Instance, names: readonly string[]) {
    this.#instance = instance;
    this.#names = names;
  }

  start(): void {
    const names = [...this.#names];
    const senders = names.splice(0, SENDERS);
    const pollers = names.splice(0, POLLERS);
    this.#work = Promise.all([
      ...senders.map((from, i) => this.#send(from, pollers[i] ?? from)),
      ...pollers.map((name) => this.#poll(name)),
    ]);
    this.#work.catch(() => undefined);
  }

  /** The waiting times since the previous call. */
  take(): Waited {
    const waited = {
      submission: this.#submission.summary(),
      pickup: this.#pickup.summary(),
      messages: this.#submission.count,
      sessions: this.#pickup.count,
    };
    this.#submission = new Samples();
    this.#pickup = new Samples();
    return waited;
  }

  /** Stops, and fetches what is left: whatever was acknowledged must be there. */
  async stop(): Promise<void> {
    this.#ended = true;
    await this.#work;
    for (const name of this.#names.slice(SENDERS, SENDERS + POLLERS)) await this.#fetch(name);
    if (this.#fetched !== this.#sent)
      throw new Error(`${this.#sent} messages were acknowledged and ${this.#fetched} fetched`);
  }

  async #send(from: string, to: string): Promise<void> {
    const client = await SmtpClient.open(this.#instance.target('submission'), { login: from, password: PASSWORD });
    const line = `${'measured '.repeat(7)}\r\n`;
    for (let n = 0; !this.#ended; n += 1) {
      await client.begin(addressOf(from), [addressOf(to)], false);
      client.wire.send(
        `From: <${addressOf(from)}>\r\nDate: Wed, 25 Nov 2026 01:00:00 +0000\r\nMessage-ID: <${from}.${n}@client.test>\r\n\r\n` +
          `${line.repeat(SIZE / line.length)}.\r\n`,
      );
      const sent = performance.now();
      await client.expect('250');
      this.#submission.add(performance.now() - sent);
      this.#sent += 1;
      await pause(EVERY * (0.5 + Math.random()));
    }
    await client.quit();
  }

  async #poll(name: string): Promise<void> {
    while (!this.#ended) {
      const began = performance.now();
      await this.#fetch(name);
      this.#pickup.add(performance.now() - began);
      await pause(EVERY * (0.5 + Math.random()));
    }
  }

  async #fetch(name: string): Promise<void> {
    const client = await Pop3Client.open(this.#instance.target('pop3'), { login: name, password: PASSWORD });
    const { messages } = await client.stat();
    for (let n = 1; n <= messages; n += 1) {
      await client.retrieve(n);
      await client.command(`DELE ${n}`);
    }
    await client.quit();
    this.#fetched += messages;
  }
}
