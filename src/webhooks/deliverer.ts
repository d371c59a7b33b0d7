/**
 * Tells webhooks of events: each of them in the order of the trail, one after the other, and none again once it was taken. What cannot be delivered is tried again, at first soon and
 * then after hours, and what comes behind it waits; after ten failures in a row the webhook is paused and its owner told.
 *
 * The position of a webhook is written down within a second after its receiver has taken an event, so a crash repeats what was taken in that second, under the same ids, and loses
 * nothing. Without webhooks nothing runs and nothing is asked.
 */
import { grouped } from '../crypto/keys/base32.ts';
import type { WebhookSeals, WebhookSecrets } from '../crypto/keys/webhook-secrets.ts';
import { Counts } from '../domain/counts.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log, RandomBytes, Timer } from '../domain/effects.ts';
import { type Instant, instant, seconds } from '../domain/units.ts';
import { EVENTS_KEPT, waitAfter } from '../domain/webhooks.ts';
import { FairSlots } from '../platform/fair-slots.ts';
import { THE_GATEWAY } from '../store/actor.ts';
import { RegistryError } from '../store/registry.ts';
import type { Webhooks } from '../store/port/webhooks.ts';
import type { ActiveWebhook, WebhookEvent, WebhookProgress, WebhookRecord } from '../store/webhooks.ts';
import { EventLog } from './event-log.ts';
import type { Posted, WebhookLine } from './line.ts';
import { headersFor, payloadOf } from './event-payload.ts';

const TICK = seconds(1);
/** Who may be told of what is asked again this often, besides when it is known to have changed. */
const LOAD_EVERY = seconds(60);
/** Connections at the same time; of those to receivers that failed last at most half, so that slow and dead ones hold up none that works. */
export const LINES = { running: 32, each: 16, waiting: 2000 } as const;
/** Events of one webhook before others have their turn. */
const TURN = 100;
/** Rows of the trail that were passed over without an event before that is written down: they are looked at again after a crash. */
const PASSED_OVER = 1000;

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

/** A webhook as it is told of events. */
class Subscriber {
  webhook: ActiveWebhook;
  secrets: WebhookSecrets | undefined;
  /** The last row of the trail that was looked at to its end for it. */
  position: number;
  /** The last event that it was told of, which may be one of several of a row behind that. */
  told = { seq: 0, part: 0 };
  /** As it is written down, or will be at the next tick. */
  saved: number;
  failures: number;
  dueAt: Instant | undefined;
  /** When what it has to be told of next happened; undefined: nothing waits. */
  waitsSince: Instant | undefined;
  running = false;

  constructor(webhook: ActiveWebhook) {
    this.webhook = webhook;
    this.position = this.saved = webhook.position;
    this.failures = webhook.failures;
    this.dueAt = webhook.dueAt;
  }
}

export class WebhookDeliverer {
  /** By outcome: the class of the status (`2xx`), or why there was no answer. */
  readonly posted = new Counts(['outcome'], 20);
  readonly #p: DelivererParts;
  readonly #log: EventLog;
  readonly #slots = new FairSlots(LINES);
  readonly #stopping = new AbortController();
  #subscribers = new Map<string, Subscriber>();
  /** All that there are, and those that are paused. */
  #known = 0;
  #paused = 0;
  #progress = new Map<string, WebhookProgress>();
  readonly #running = new Set<Promise<void>>();
  #timer: Timer | undefined;
  #ticking: Promise<void> | undefined;
  #stale = true;
  #loadedAt = 0;

  constructor(parts: DelivererParts) {
    this.#p = parts;
    this.#log = new EventLog(parts.webhooks);
  }

  /** Rejects when the store has failed. */
  async start(): Promise<void> {
    await this.#load();
    this.#wait();
  }

  /** Something of an account or an organisation is another now. Where there are no webhooks nobody looks. */
  ownersChanged(): void {
    if (this.#known > 0) this.#stale = true;
  }

  /** A webhook was added, changed or ended. */
  changed(): void {
    this.#stale = true;
    if (this.#timer === undefined && this.#ticking === undefined && !this.#stopping.signal.aborted) this.#tick();
  }

  /** How many are told of events, and how many are paused. */
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

  /** What is under way is cut off; what was taken is written down. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.settled();
    await this.#save();
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
    await this.#save();
    const now = this.#p.clock.now();
    for (const subscriber of this.#subscribers.values())
      if (!subscriber.running && (subscriber.dueAt === undefined || subscriber.dueAt <= now)) this.#begin(subscriber);
  }

  /** Another gateway tells of events, from where they stand in the store: what was taken here and not written down yet may be told again. */
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
      if (known !== undefined) this.#renew(known, webhook);
      this.#subscribers.set(webhook.id, subscriber);
      if (!subscriber.running && subscriber.position < tooOld) this.#passOver(subscriber, tooOld);
    }
  }

  /** Takes over a webhook as it is registered now: it may have been resumed, or have another secret. */
  #renew(known: Subscriber, webhook: ActiveWebhook): void {
    if (!Buffer.from(known.webhook.sealed).equals(webhook.sealed)) known.secrets = undefined;
    if (webhook.failures === 0 && known.failures > 0 && !known.running) {
      known.failures = 0;
      known.dueAt = undefined;
    }
    known.webhook = webhook;
  }

  /** What happened a week ago is told to nobody any more. */
  #passOver(subscriber: Subscriber, to: number): void {
    const { id } = subscriber.webhook;
    subscriber.position = subscriber.saved = to;
    const missedUntil = instant(this.#p.clock.now() - EVENTS_KEPT);
    this.#note({ id, position: to, missedUntil });
    this.#p.log.warn('webhook.passed-over', { webhook: grouped(id) });
  }

  // --- what is told

  /** One turn: as long as there is something to tell, and others need not wait. */
  async #run(subscriber: Subscriber): Promise<void> {
    let told = 0;
    for (;;) {
      const { events, next } = await this.#log.behind(subscriber.position);
      if (next === subscriber.position) return;
      const its = events.filter((event) => isFor(subscriber.webhook, event) && isBehind(event, subscriber.told));
      if (its.length > 0 && !(await this.#tellAll(subscriber, its))) return;
      this.#passed(subscriber, next, its.length > 0);
      told += its.length;
      if (told >= TURN || this.#stopping.signal.aborted) return;
    }
  }

  /** False: it goes on later, behind `subscriber.told`. */
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
        this.#taken(subscriber, event, its[i + 1]);
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
    if (subscriber.secrets === undefined) {
      const opened = await this.#p.seals.open(webhook.id, webhook.sealed);
      if (!opened.ok) return { kind: 'sealed' };
      subscriber.secrets = opened.value;
    }
    const told = payloadOf(webhook, event);
    const now = this.#p.clock.now();
    const posted = await line.post(
      headersFor(told, subscriber.secrets, { oldUntil: webhook.oldUntil, now }),
      told.body,
    );
    this.posted.add([posted.kind === 'answered' ? `${Math.floor(posted.status / 100)}xx` : posted.why]);
    return posted;
  }

  /** Written down at the next tick: up to the row before that of the next event, so that a row of which a part was told is told again after a crash. */
  #taken(subscriber: Subscriber, { seq, part }: WebhookEvent, following: WebhookEvent | undefined): void {
    subscriber.told = { seq, part };
    subscriber.failures = 0;
    subscriber.dueAt = undefined;
    subscriber.waitsSince = undefined;
    subscriber.saved = Math.max(subscriber.saved, following === undefined ? seq : following.seq - 1);
    this.#note({ id: subscriber.webhook.id, position: subscriber.saved, succeededAt: this.#p.clock.now() });
  }

  #passed(subscriber: Subscriber, next: number, told: boolean): void {
    subscriber.position = next;
    if (!told && next - subscriber.saved < PASSED_OVER) return;
    subscriber.saved = next;
    this.#note({ id: subscriber.webhook.id, position: next });
  }

  #note(progress: WebhookProgress): void {
    this.#progress.set(progress.id, { ...defined(this.#progress.get(progress.id) ?? {}), ...progress });
  }

  async #save(): Promise<void> {
    if (this.#progress.size === 0) return;
    const rows = [...this.#progress.values()];
    this.#progress = new Map();
    await this.#p.webhooks.advance(rows);
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
    await this.#save();
    // RFC 9110 section 15.5.11: there is nobody any more, and there will not be.
    if (posted.kind === 'answered' && posted.status === 410) return await this.#end(subscriber, 'gone', why);
    const asked = posted.kind === 'answered' ? posted.retryAfter : undefined;
    const wait = waitAfter({ failures, asked, chance: (random(1)[0] ?? 0) / 255 });
    if (wait === undefined) return await this.#end(subscriber, 'paused', why);
    subscriber.dueAt = instant(clock.now() + wait);
    await webhooks.failed(webhook.id, failures, subscriber.dueAt, why);
  }

  /** The letter first: a crash between the two leads to one more try, and the letter is written once all the same. */
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

const isBehind = ({ seq, part }: WebhookEvent, told: Subscriber['told']): boolean =>
  seq > told.seq || (seq === told.seq && part > told.part);

/** Whoever owns it may see it, and asked for it. */
const isFor = ({ id, account, organisation, events }: ActiveWebhook, event: WebhookEvent): boolean =>
  events.includes(event.type) &&
  (account === undefined || event.webhooks.includes(id)) &&
  (organisation === undefined || organisation === event.organisation);
