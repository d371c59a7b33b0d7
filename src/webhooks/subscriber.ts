/**
 * A webhook as it is told of events: how far it has come, and what is to be written down of that.
 */
import type { WebhookSeals, WebhookSecrets } from '../crypto/keys/webhook-secrets.ts';
import type { Instant } from '../domain/units.ts';
import type { ActiveWebhook, WebhookEvent, WebhookProgress } from '../store/webhooks.ts';

/**
 * Rows of the trail that were passed over without an event before that is written down: they are
 * looked at again after a crash.
 */
const PASSED_OVER = 1000;

export class Subscriber {
  webhook: ActiveWebhook;
  /** The last row of the trail that was looked at to its end for it. */
  position: number;
  failures: number;
  dueAt: Instant | undefined;
  /** When what it has to be told of next happened; undefined: nothing waits. */
  waitsSince: Instant | undefined;
  running = false;
  /** As it is written down, or will be at the next tick. */
  #saved: number;
  /** The last event that it was told of, which may be one of several of a row behind that. */
  #told = { seq: 0, part: 0 };
  #secrets: WebhookSecrets | undefined;

  constructor(webhook: ActiveWebhook) {
    this.webhook = webhook;
    this.position = this.#saved = webhook.position;
    this.failures = webhook.failures;
    this.dueAt = webhook.dueAt;
  }

  /**
   * Takes over a webhook as it is registered now: it may have been resumed, or have another secret.
   */
  renew(webhook: ActiveWebhook): void {
    if (!Buffer.from(this.webhook.sealed).equals(webhook.sealed)) this.#secrets = undefined;
    if (webhook.failures === 0 && this.failures > 0 && !this.running) {
      this.failures = 0;
      this.dueAt = undefined;
    }
    this.webhook = webhook;
  }

  /** What its events are signed with; undefined where that cannot be opened. */
  async secrets(seals: Pick<WebhookSeals, 'open'>): Promise<WebhookSecrets | undefined> {
    if (this.#secrets === undefined) {
      const opened = await seals.open(this.webhook.id, this.webhook.sealed);
      if (!opened.ok) return undefined;
      this.#secrets = opened.value;
    }
    return this.#secrets;
  }

  /**
   * True: it is for this webhook, which was not told of it yet. Whoever owns what the event is
   * about may see it, and asked for it.
   */
  wants({ seq, part, type, webhooks, organisation: of }: WebhookEvent): boolean {
    const { id, account, organisation, events } = this.webhook;
    return (
      events.includes(type) &&
      (account === undefined || webhooks.includes(id)) &&
      (organisation === undefined || organisation === of) &&
      (seq > this.#told.seq || (seq === this.#told.seq && part > this.#told.part))
    );
  }

  /**
   * Written down at the next tick: up to the row before that of the next event, so that a row of
   * which a part was told is told again after a crash.
   */
  taken({ seq, part }: WebhookEvent, following: WebhookEvent | undefined, at: Instant): WebhookProgress {
    this.#told = { seq, part };
    this.failures = 0;
    this.dueAt = undefined;
    this.waitsSince = undefined;
    this.#saved = Math.max(this.#saved, following === undefined ? seq : following.seq - 1);
    return { id: this.webhook.id, position: this.#saved, succeededAt: at };
  }

  /** All rows before `next` were looked at. Undefined: there is nothing to write down yet. */
  passed(next: number, told: boolean): WebhookProgress | undefined {
    this.position = next;
    if (!told && next - this.#saved < PASSED_OVER) return undefined;
    this.#saved = next;
    return { id: this.webhook.id, position: next };
  }

  /** It is never told of what stands in rows up to this one. */
  passOver(to: number): WebhookProgress {
    this.position = this.#saved = to;
    return { id: this.webhook.id, position: to };
  }
}
