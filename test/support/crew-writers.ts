/**
 * The writers of a crew (crew.ts): they send one message after another, each until its end is
 * known.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { between, chance } from './chance.ts';
import type { Front, CrewState } from './crew.ts';
import type { Attempt, Submission } from './history.ts';
import { HttpWire } from './http-wire.ts';
import { addressOf, loginOf } from './instance.ts';
import type { LedgerMessage } from './ledger.ts';
import { SmtpClient, UnexpectedReply } from './smtp-client.ts';
import { WireEnded } from './wire.ts';

export interface WriterParts {
  readonly crew: CrewState;
  readonly mailboxes: readonly string[];
  /** True if another message is wanted. */
  wanted(): boolean;
  record(submission: Submission): void;
  acknowledged(): void;
}

type Outcome = Attempt['outcome'];

/** Milliseconds for one message. If it has no answer by then, its end stays unknown. */
const PATIENCE = 120_000;

abstract class Writer {
  readonly #parts: WriterParts;
  protected readonly name: string;

  constructor(parts: WriterParts, name: string) {
    this.#parts = parts;
    this.name = name;
  }

  async run(): Promise<void> {
    const { crew, mailboxes } = this.#parts;
    while (this.#parts.wanted()) {
      const message = crew.ledger.compose(between(600, chance.below(10) === 0 ? 90_000 : 8000), {
        from: addressOf(this.name),
      });
      const first = chance.pick(mailboxes);
      const to = [...new Set([first, chance.below(4) === 0 ? chance.pick(mailboxes) : first])];
      const attempts: Attempt[] = [];
      this.#parts.record({ key: message.key, to, attempts });
      await this.#untilKnown(message, to, attempts);
      await pause(between(1, 2 * crew.rest));
    }
    this.leave();
  }

  async #untilKnown(message: LedgerMessage, to: readonly string[], attempts: Attempt[]): Promise<void> {
    const key = randomUUID();
    for (const end = performance.now() + PATIENCE; performance.now() < end;) {
      const front = this.#parts.crew.anyFront();
      const outcome = await this.attempt(front, message, to.map(addressOf), key);
      if (outcome !== undefined) attempts.push({ gateway: front.name, outcome });
      if (outcome === 'acknowledged') this.#parts.acknowledged();
      if (outcome === 'acknowledged' || outcome === 'refused') return;
      await pause(between(50, 250));
    }
  }

  /** One attempt. Undefined if it was broken off or put off before the content was sent. */
  protected abstract attempt(
    front: Front,
    message: LedgerMessage,
    to: readonly string[],
    key: string,
  ): Promise<Outcome | undefined>;

  protected abstract leave(): void;
}

export class SmtpWriter extends Writer {
  /** Kept for a few messages. After a failure, another gateway may be tried. */
  #client: SmtpClient | undefined;
  #left = 0;

  protected async attempt(front: Front, message: LedgerMessage, to: readonly string[]): Promise<Outcome | undefined> {
    let sent = false;
    try {
      if (this.#left-- <= 0) this.leave();
      if (this.#client === undefined) {
        this.#client = await SmtpClient.open(front.smtp, loginOf(this.name));
        this.#left = between(1, 8);
      }
      await this.#client.begin(addressOf(this.name), to, true);
      sent = true;
      this.#client.wire.send(message.wire);
      this.#client.wire.send('.\r\n');
      await this.#client.expect('250');
      return 'acknowledged';
    } catch (error) {
      this.leave();
      if (error instanceof UnexpectedReply && error.reply.startsWith('5')) return 'refused';
      if (!(error instanceof UnexpectedReply || error instanceof WireEnded)) throw error;
      return sent ? 'unknown' : undefined;
    }
  }

  protected leave(): void {
    this.#client?.wire.destroy();
    this.#client = undefined;
  }
}

export class ApiWriter extends Writer {
  #client: HttpWire | undefined;

  protected async attempt(
    front: Front,
    message: LedgerMessage,
    to: readonly string[],
    key: string,
  ): Promise<Outcome | undefined> {
    let sent = false;
    try {
      if (chance.below(8) === 0) this.leave();
      this.#client ??= await HttpWire.open(front.api, loginOf(this.name));
      const octets = Buffer.from(message.wire.toString('latin1').replaceAll('\r\n..', '\r\n.'), 'latin1');
      const headers = ['Content-Type: message/rfc822', `Sluis-Recipients: ${to.join(', ')}`];
      sent = true;
      this.#client.begin('/messages', octets.length, key, headers);
      this.#client.wire.send(octets);
      const { status } = await this.#client.answer();
      if (status === 201) return 'acknowledged';
      this.leave();
      // A temporary refusal (docs/api.md): the same request is sent again with the same key.
      return status >= 500 || status === 429 || status === 409 ? 'unknown' : 'refused';
    } catch (error) {
      this.leave();
      if (!(error instanceof WireEnded)) throw error;
      return sent ? 'unknown' : undefined;
    }
  }

  protected leave(): void {
    this.#client?.wire.destroy();
    this.#client = undefined;
  }
}
