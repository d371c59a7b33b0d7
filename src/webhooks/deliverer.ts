/**
 * Tells webhooks of events: each of them in the order of the trail, one after the other, and none
 * again once it was taken. What cannot be delivered is tried again, at first soon and then after
 * hours, and what comes behind it waits; after ten failures in a row the webhook is paused and its
 * owner told.
 *
 * The position of a webhook is written down within a second after its receiver has taken an event,
 * so a crash repeats what was taken in that second, under the same ids, and loses nothing. Without
 * webhooks nothing runs and nothing is asked.
 */
import { grouped } from '../crypto/keys/base32.ts';
import type { WebhookSeals } from '../crypto/keys/webhook-secrets.ts';
import { Counts } from '../domain/counts.ts';
import type { Clock, Log, RandomBytes, Timer } from '../domain/effects.ts';
import { instant, seconds } from '../domain/units.ts';
import { EVENTS_KEPT, waitAfter } from '../domain/webhooks.ts';
import { FairSlots } from '../platform/fair-slots.ts';
import { THE_GATEWAY } from '../store/actor.ts';
import { RegistryError } from '../store/registry.ts';
import type { Webhooks } from '../store/port/webhooks.ts';
import type { WebhookEvent, WebhookRecord } from '../store/webhooks.ts';
import { EventLog } from './event-log.ts';
import { Subscriber } from './subscriber.ts';
import { UnsavedProgress } from './unsaved-progress.ts';
import type { Posted, WebhookLine } from './line.ts';
import { headersFor, payloadOf } from './event-payload.ts';

const TICK = seconds(1);
/**
 * How often the accounts that may get events are read again, besides when they are known to have
 * changed.
 */
const LOAD_EVERY = seconds(60);
/**
 * Connections at the same time; of those to receivers that failed last at most half, so that slow
 * and dead ones hold up none that works.
 */
export const LINES = { running: 32, each: 16, waiting: 2000 } as const;
/** Events of one webhook before others have their turn. */
const TURN = 100;
export interface DelivererParts {
  readonly webhooks: Webhooks;
  readonly seals: Pick<WebhookSeals, 'open'>;
  readonly line: (url: string) => Pick<WebhookLine, 'post' | 'close'>;
  /** Tells its owner that it was paused, or that its receiver has ended it. */
  readonly tell: (webhook: WebhookRecord, what: 'paused' | 'gone', why: string) => Promise<void>;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly log: Log;
  /** Whether it is this gateway's to do at present (`Jobs.runs`). Left out: always. */
  readonly mine?: () => boolean;
}

export class WebhookDeliverer {
  /** By outcome: the class of the status (`2xx`), or why there was no answer. */
  readonly posted = new Counts(['outcome'], 20);
  readonly #p: DelivererParts;
  readonly #log: EventLog;
  readonly #slots = new FairSlots(LINES);
  readonly #stopping = new AbortController();
  #subscribers = new Map<string, Subscriber>();
  /** Number of webhooks, and of those that are paused. */
  #known = 0;
  #paused = 0;
  readonly #progress: UnsavedProgress;
  readonly #running = new Set<Promise<void>>();
  #timer: Timer | undefined;
  #ticking: Promise<void> | undefined;
  #stale = true;
  #loadedAt = 0;

  constructor(parts: DelivererParts) {
    this.#p = parts;
    this.#log = new EventLog(parts.webhooks);
    this.#progress = new UnsavedProgress(parts.webhooks);
  }

  /** Starts. Rejects when the store has failed. */
  async start(): Promise<void> {
    await this.#load();
    this.#wait();
  }

  /** Accounts or organisations have changed. Without webhooks nothing is read. */
  ownersChanged(): void {
    if (this.#known > 0) this.#stale = true;
  }

  /** A webhook was added, changed or ended. */
  changed(): void {
    this.#stale = true;
    if (this.#timer === undefined && this.#ticking === undefined && !this.#stopping.signal.aborted) this.#tick();
  }

  /** Number of webhooks that get events, and of those that are paused. */
  get states(): { readonly active: number; readonly paused: number } {
    return { active: this.#subscribers.size, paused: this.#paused };
  }

  /** How long the oldest event waits that could not be delivered yet; 0: none. */
  get lag(): number {
    const since = [...this.#subscribers.values()].flatMap(({ waitsSince }) => waitsSince ?? []);
    return since.length === 0 ? 0 : Math.max(0, this.#p.clock.now() - Math.min(...since));
  }

  /** Resolves when what runs now has ended: for tests. */
  async settled(): Promise<void> {
    while (this.#ticking !== undefined || this.#running.size > 0) await Promise.all([this.#ticking, ...this.#running]);
  }

  /** Cuts off what is under way; what receivers took is written down. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.settled();
    await this.#progress.save();
  }

  #wait(): void {
    if (this.#stopping.signal.aborted || (this.#known === 0 && !this.#stale)) return;
    this.#timer = this.#p.clock.after(TICK, () => this.#tick());
  }

  #tick(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#ticking = this.#work()
      .catch((error: unknown) => this.#p.log.error('webhook.not-run', { why: String(error) }))
      .finally(() => {
        this.#ticking = undefined;
        this.#wait();
      });
  }

  async #work(): Promise<void> {
    if (this.#p.mine?.() === false) return this.#leave();
    if (this.#stale || this.#p.clock.monotonic() - this.#loadedAt >= LOAD_EVERY) await this.#load();
    await this.#progress.save();
    const now = this.#p.clock.now();
    for (const subscriber of this.#subscribers.values())
      if (!subscriber.running && (subscriber.dueAt === undefined || subscriber.dueAt <= now)) this.#begin(subscriber);
  }

  /**
   * Another gateway sends events now, from the positions in the store: what receivers took here and
   * is not written down yet may be sent again.
   */
  #leave(): void {
    this.#progress.clear();
    this.#subscribers.clear();
    this.#stale = true;
  }

  #begin(subscriber: Subscriber): void {
    subscriber.running = true;
    const run = this.#run(subscriber)
      .catch((error: unknown) =>
        this.#p.log.error('webhook.not-run', { webhook: grouped(subscriber.webhook.id), why: String(error) }),
      )
      .finally(() => {
        subscriber.running = false;
        this.#running.delete(run);
      });
    this.#running.add(run);
  }

  // --- who is told

  async #load(): Promise<void> {
    this.#stale = false;
    this.#loadedAt = this.#p.clock.monotonic();
    const { webhooks, clock } = this.#p;
    const all = await webhooks.list();
    this.#known = all.length;
    this.#paused = all.filter(({ state }) => state === 'paused').length;
    const before = this.#subscribers;
    this.#subscribers = new Map();
    if (all.length === 0) return;
    const tooOld = await webhooks.rowBefore(instant(clock.now() - EVENTS_KEPT));
    for (const webhook of await webhooks.active()) {
      const known = before.get(webhook.id);
      const subscriber = known ?? new Subscriber(webhook);
      known?.renew(webhook);
      this.#subscribers.set(webhook.id, subscriber);
      if (!subscriber.running && subscriber.position < tooOld) this.#passOver(subscriber, tooOld);
    }
  }

  /** What happened a week ago is told to nobody any more. */
  #passOver(subscriber: Subscriber, to: number): void {
    const { id } = subscriber.webhook;
    const missedUntil = instant(this.#p.clock.now() - EVENTS_KEPT);
    this.#progress.note({ ...subscriber.passOver(to), missedUntil });
    this.#p.log.warn('webhook.passed-over', { webhook: grouped(id) });
  }

  // --- what is told

  /** One turn: sends as long as there are events, and others need not wait. */
  async #run(subscriber: Subscriber): Promise<void> {
    let told = 0;
    for (;;) {
      const { events, next } = await this.#log.behind(subscriber.position);
      if (next === subscriber.position) return;
      const its = events.filter((event) => subscriber.wants(event));
      if (its.length > 0 && !(await this.#tellAll(subscriber, its))) return;
      this.#progress.note(subscriber.passed(next, its.length > 0));
      told += its.length;
      if (told >= TURN || this.#stopping.signal.aborted) return;
    }
  }

  /** Sends events; false: the rest comes later, after `subscriber.told`. */
  async #tellAll(subscriber: Subscriber, its: readonly WebhookEvent[]): Promise<boolean> {
    subscriber.waitsSince = its[0]?.at;
    const slot = await this.#slots.take(subscriber.failures > 0 ? 'failing' : 'well', this.#stopping.signal);
    if (slot === 'busy' || slot === 'gone') return false;
    const line = this.#p.line(subscriber.webhook.url);
    const cut = (): void => line.close();
    this.#stopping.signal.addEventListener('abort', cut, { once: true });
    try {
      for (const [i, event] of its.entries()) {
        if (!this.#isWanted(subscriber)) return false;
        subscriber.waitsSince = event.at;
        const posted = await this.#post(subscriber, line, event);
        if (!isTaken(posted)) {
          if (!this.#stopping.signal.aborted) await this.#failed(subscriber, posted);
          return false;
        }
        this.#progress.note(subscriber.taken(event, its[i + 1], this.#p.clock.now()));
      }
      return true;
    } finally {
      this.#stopping.signal.removeEventListener('abort', cut);
      line.close();
      slot.free();
    }
  }

  /** True: the webhook was neither ended nor paused meanwhile. */
  #isWanted({ webhook }: Subscriber): boolean {
    return this.#subscribers.has(webhook.id) && !this.#stopping.signal.aborted;
  }

  async #post(
    subscriber: Subscriber,
    line: Pick<WebhookLine, 'post'>,
    event: WebhookEvent,
  ): Promise<Posted | { readonly kind: 'sealed' }> {
    const { webhook } = subscriber;
    const secrets = await subscriber.secrets(this.#p.seals);
    if (secrets === undefined) return { kind: 'sealed' };
    const told = payloadOf(webhook, event);
    const now = this.#p.clock.now();
    const posted = await line.post(headersFor(told, secrets, { oldUntil: webhook.oldUntil, now }), told.body);
    this.posted.add([posted.kind === 'answered' ? `${Math.floor(posted.status / 100)}xx` : posted.why]);
    return posted;
  }

  // --- what fails

  async #failed(subscriber: Subscriber, posted: Posted | { readonly kind: 'sealed' }): Promise<void> {
    const { webhooks, clock, log, random } = this.#p;
    const { webhook } = subscriber;
    const why =
      posted.kind === 'answered' ? `status-${posted.status}` : posted.kind === 'sealed' ? 'secret' : posted.why;
    subscriber.failures += 1;
    const { failures } = subscriber;
    log.warn('webhook.failed', { webhook: grouped(webhook.id), why, failures });
    await this.#progress.save();
    // RFC 9110 section 15.5.11: there is nobody any more, and there will not be.
    if (posted.kind === 'answered' && posted.status === 410) return await this.#end(subscriber, 'gone', why);
    const asked = posted.kind === 'answered' ? posted.retryAfter : undefined;
    const wait = waitAfter({ failures, asked, chance: (random(1)[0] ?? 0) / 255 });
    if (wait === undefined) return await this.#end(subscriber, 'paused', why);
    subscriber.dueAt = instant(clock.now() + wait);
    await webhooks.failed(webhook.id, failures, subscriber.dueAt, why);
  }

  /**
   * The letter first: a crash between the two leads to one more try, and the letter is written once
   * all the same.
   */
  async #end({ webhook }: Subscriber, what: 'paused' | 'gone', why: string): Promise<void> {
    const { webhooks, tell, log } = this.#p;
    const about = { webhook: grouped(webhook.id), why };
    if (what === 'gone') log.warn('webhook.gone', about);
    else log.warn('webhook.paused', about);
    await tell(webhook, what, why).catch((error: unknown) =>
      log.error('webhook.untold', { webhook: grouped(webhook.id), why: String(error) }),
    );
    this.#subscribers.delete(webhook.id);
    this.#stale = true;
    try {
      if (what === 'gone') await webhooks.end(webhook.id, 'gone', THE_GATEWAY);
      else await webhooks.pause(webhook.id, why, THE_GATEWAY);
    } catch (error) {
      // Somebody ended it meanwhile.
      if (!(error instanceof RegistryError)) throw error;
    }
  }
}

const isTaken = (posted: Posted | { readonly kind: 'sealed' }): boolean =>
  posted.kind === 'answered' && posted.status >= 200 && posted.status < 300;
