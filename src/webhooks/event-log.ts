/**
 * The events behind a position. Webhooks that are up to date all ask for the same few rows, so the
 * last answers are kept: rows of the trail never change.
 */
import type { Webhooks } from '../store/port/webhooks.ts';
import type { WebhookEvents } from '../store/webhooks.ts';

/** Answers that are kept: a step each, of at most some thousand events. */
const KEPT = 4;

export class EventLog {
  readonly #webhooks: Pick<Webhooks, 'events'>;
  readonly #kept = new Map<number, Promise<WebhookEvents>>();

  constructor(webhooks: Pick<Webhooks, 'events'>) {
    this.#webhooks = webhooks;
  }

  /** Events after a position. Rejects when the store has failed. */
  async behind(position: number): Promise<WebhookEvents> {
    const known = this.#kept.get(position);
    if (known !== undefined) return await known;
    const asked = this.#webhooks.events(position);
    this.#kept.set(position, asked);
    const [oldest] = this.#kept.size > KEPT ? this.#kept.keys() : [];
    if (oldest !== undefined) this.#kept.delete(oldest);
    try {
      const found = await asked;
      // There was nothing new, so the next call looks again.
      if (found.next === position) this.#kept.delete(position);
      return found;
    } catch (error) {
      this.#kept.delete(position);
      throw error;
    }
  }
}
