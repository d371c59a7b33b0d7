/**
 * Senders and readers whose every step the test decides. Their history (history.ts) has the same
 * form as that of a crew.
 *
 *   const people = new ByHand('sender');
 *   const sent = people.message('anna');
 *   await sent.untilTaken(front);
 *   const session = await people.open(front, 'anna');
 *   await session.mark();
 *   await session.quit();
 *   assertNothing(t, people.historyOf('anna'));
 */
import { setTimeout as pause } from 'node:timers/promises';
import { type Growing, begin, fetchedAs, isExpected, quit } from './crew-readers.ts';
import type { Front } from './crew.ts';
import type { Attempt, History, Pickup, Submission } from './history.ts';
import { addressOf, loginOf } from './instance.ts';
import { Ledger, type LedgerMessage } from './ledger.ts';
import { Pop3Client } from './pop3-client.ts';
import { SmtpClient, UnexpectedReply } from './smtp-client.ts';
import { until } from './until.ts';

/** Milliseconds for one answer: longer than a gateway waits for a standby. */
const PATIENCE = 15_000;

export class ByHand {
  readonly ledger: Ledger;
  readonly #sender: string;
  readonly #submissions: Submission[] = [];
  readonly #pickups: Pickup[] = [];

  constructor(sender: string) {
    this.#sender = sender;
    this.ledger = new Ledger(addressOf(sender));
  }

  message(box: string): Sent {
    const sent = new Sent(this.#sender, box, this.ledger.compose(2000));
    this.#submissions.push(sent);
    return sent;
  }

  /** A connection of the sender, logged in. */
  async connect({ smtp }: Front): Promise<SmtpClient> {
    return await SmtpClient.open({ ...smtp, patience: PATIENCE }, loginOf(this.#sender));
  }

  async untilLetIn(front: Front): Promise<void> {
    const tries = async (): Promise<boolean> => {
      try {
        (await this.connect(front)).wire.destroy();
        return true;
      } catch (error) {
        if (!isTemporary(error)) throw error;
        return false;
      }
    };
    await until(`${front.name} lets in`, tries, 30_000, 50);
  }

  /** Opens a mailbox and fetches everything in it. */
  async open(front: Front, box: string): Promise<Opened> {
    const begun = performance.now();
    const client = await Pop3Client.open({ ...front.pop3, patience: PATIENCE }, loginOf(box));
    const pickup = begin(box, front, 'pop3', begun);
    this.#pickups.push(pickup);
    const uidl = await client.uidl();
    pickup.listed = [...uidl.values()];
    for (const [number, name] of uidl) pickup.fetched.push(fetchedAs(this, name, await client.fetch(number)));
    return new Opened(client, pickup);
  }

  /**
   * Reads what is in a mailbox, in a session that deletes nothing. It tries again until the gateway
   * lets it in.
   */
  async look(front: Front, box: string): Promise<Pickup> {
    for (const end = performance.now() + 60_000; ; await pause(100))
      try {
        const session = await this.open(front, box);
        await session.quit();
        return session.pickup;
      } catch (error) {
        if (!isExpected(error) || performance.now() > end) throw error;
      }
  }

  historyOf(box: string): History {
    return {
      submissions: this.#submissions.filter(({ to }) => to.includes(box)),
      pickups: this.#pickups.filter(({ mailbox }) => mailbox === box),
    };
  }
}

/** One message, which may be sent several times. */
export class Sent implements Submission {
  readonly to: readonly string[];
  readonly attempts: Attempt[] = [];
  readonly #sender: string;
  readonly #message: LedgerMessage;

  constructor(sender: string, box: string, message: LedgerMessage) {
    this.#sender = sender;
    this.to = [box];
    this.#message = message;
  }

  get key(): string {
    return this.#message.key;
  }

  get acknowledged(): boolean {
    return this.attempts.some(({ outcome }) => outcome === 'acknowledged');
  }

  /**
   * Sends it. Resolves to true if it was acknowledged; otherwise the connection is closed. If the
   * connection breaks before the content was sent, that is no attempt.
   */
  async over(client: SmtpClient, { name }: Pick<Front, 'name'>): Promise<boolean> {
    let begun = false;
    try {
      await client.begin(addressOf(this.#sender), this.to.map(addressOf), true);
      begun = true;
      client.wire.send(this.#message.wire);
      client.wire.send('.\r\n');
      await client.expect('250');
      this.attempts.push({ gateway: name, outcome: 'acknowledged' });
      return true;
    } catch (error) {
      client.wire.destroy();
      if (!isTemporary(error)) throw error;
      if (begun) this.attempts.push({ gateway: name, outcome: 'unknown' });
      return false;
    }
  }

  /** Sends it on a new connection. */
  async once(people: ByHand, front: Front): Promise<boolean> {
    try {
      const client = await people.connect(front);
      const taken = await this.over(client, front);
      client.wire.destroy();
      return taken;
    } catch (error) {
      // Nobody can log in while a gateway looks for its servers.
      if (!isTemporary(error)) throw error;
      return false;
    }
  }

  /** Sends it again and again, as a client would, until it is acknowledged. */
  async untilTaken(people: ByHand, front: Front): Promise<void> {
    await until(`${front.name} takes ${this.key}`, () => this.once(people, front), 60_000, 100);
  }
}

const isTemporary = (error: unknown): boolean =>
  isExpected(error) && !(error instanceof UnexpectedReply && !error.reply.startsWith('4'));

/** A POP3 session. */
export class Opened {
  readonly pickup: Growing;
  readonly #client: Pop3Client;

  constructor(client: Pop3Client, pickup: Growing) {
    this.#client = client;
    this.pickup = pickup;
  }

  /** Sends DELE for each message. */
  async mark(): Promise<void> {
    for (const [n, name] of (this.pickup.listed ?? []).entries()) {
      await this.#client.command(`DELE ${n + 1}`);
      this.pickup.removed.push(name);
    }
  }

  /** Sends QUIT. Resolves when there is an answer, whatever it is: see `pickup.ending`. */
  async quit(): Promise<void> {
    try {
      await quit(this.#client, this.pickup);
    } catch (error) {
      if (!isExpected(error)) throw error;
    } finally {
      this.#client.wire.destroy();
    }
  }
}
