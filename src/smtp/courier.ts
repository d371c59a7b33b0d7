/**
 * The courier: nodemailer's connections to partners, kept open between messages.
 *
 * A connection is used again for at most a minute of idleness and five minutes in all: then
 * certificate, pin and address are looked at again (Postfix's `smtp_connection_reuse_time_limit` is
 * the same 300 s). nodemailer's own pool is not used: it knows no pins, verifies no reply before
 * the final dot, and gives a connection up after each refusal.
 *
 * A partner may end an idle connection at any time. Where that meets the next message before its
 * content was sent, the message goes out on a new connection: nothing of it has arrived.
 */
import type { Answer, Courier, Destination, Parcel } from '../push/courier.ts';
import type { Timer } from '../domain/effects.ts';
import { minutes, seconds } from '../domain/units.ts';
import { type ConnectionEffects, PartnerConnection } from './partner-connection.ts';

const LOOK = seconds(1);
const MAX_IDLE = minutes(1);
const MAX_AGE = minutes(5);

export const createCourier = (effects: ConnectionEffects): Courier => new PooledCourier(effects);

class PooledCourier implements Courier {
  readonly #effects: ConnectionEffects;
  /**
   * Idle connections by partner. The one used last is used again first, so that the others reach
   * their idle limit and end.
   */
  readonly #idle = new Map<number, PartnerConnection[]>();
  readonly #busy = new Set<PartnerConnection>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(effects: ConnectionEffects) {
    this.#effects = effects;
  }

  async deliver(destination: Destination, parcel: Parcel, signal: AbortSignal): Promise<Answer> {
    const kept = this.#take(destination);
    if (kept !== undefined) {
      const answer = await this.#use(kept, parcel, signal);
      if (!(kept.closed && kept.contentKept && endedIdle(answer)) || signal.aborted) return answer;
    }
    const fresh = new PartnerConnection(destination, this.#effects);
    this.#busy.add(fresh);
    this.#look();
    const failed = await fresh.open(signal).catch((error: unknown) => {
      this.#busy.delete(fresh);
      throw error;
    });
    if (failed === undefined) return await this.#use(fresh, parcel, signal);
    fresh.destroy();
    this.#busy.delete(fresh);
    return failed;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    for (const list of this.#idle.values()) for (const connection of list) connection.quit();
    for (const connection of this.#busy) connection.destroy();
    this.#idle.clear();
    this.#busy.clear();
    return Promise.resolve();
  }

  async #use(connection: PartnerConnection, parcel: Parcel, signal: AbortSignal): Promise<Answer> {
    this.#busy.add(connection);
    try {
      return await connection.deliver(parcel, signal);
    } finally {
      this.#busy.delete(connection);
      this.#keep(connection);
    }
  }

  #take(destination: Destination): PartnerConnection | undefined {
    const list = this.#idle.get(destination.partner);
    for (;;) {
      const connection = list?.pop();
      if (connection === undefined) return undefined;
      if (!connection.closed && sameDestination(connection.destination, destination)) return connection;
      connection.quit();
    }
  }

  #keep(connection: PartnerConnection): void {
    if (connection.closed) return;
    if (this.#closed || this.#effects.clock.monotonic() - connection.openedAt > MAX_AGE) {
      connection.quit();
      return;
    }
    const list = this.#idle.get(connection.destination.partner) ?? [];
    this.#idle.set(connection.destination.partner, list);
    list.push(connection);
    connection.onClosed = () => {
      const at = list.indexOf(connection);
      if (at >= 0) list.splice(at, 1);
    };
  }

  /** Once a second while anything is open: deadlines of the busy, age of the idle. */
  #look(): void {
    this.#timer ??= this.#effects.clock.after(LOOK, () => {
      this.#timer = undefined;
      const now = this.#effects.clock.monotonic();
      for (const connection of this.#busy) connection.checkTime(now);
      for (const [partner, list] of this.#idle) {
        const old = list.filter((c) => now - c.idleSince > MAX_IDLE || now - c.openedAt > MAX_AGE);
        const left = list.filter((c) => !old.includes(c));
        list.splice(0, list.length, ...left);
        for (const connection of old) connection.quit();
        if (list.length === 0) this.#idle.delete(partner);
      }
      if (!this.#closed && (this.#busy.size > 0 || this.#idle.size > 0)) this.#look();
    });
  }
}

/**
 * The answer of a server that had already ended the session before it read the message's envelope.
 */
const endedIdle = (answer: Answer): boolean =>
  (answer.kind === 'lost' && answer.why === 'closed') || (answer.kind === 'refused' && answer.code === 421);

/** Partner records are read again for each batch, so an equal destination may be another object. */
const sameDestination = (a: Destination, b: Destination): boolean => a === b || JSON.stringify(a) === JSON.stringify(b);
