/**
 * Pushes everything for one partner.
 *
 * At most one batch is claimed at a time, however much waits. As many deliveries of it are
 * attempted side by side as the partner may have connections, but never two with the same sender
 * and addressee: so these keep their order unless one fails. While the breaker is open, claimed
 * deliveries go back to their place, and only one delivery is claimed, to try whether the partner
 * is back.
 */
import type { Timer } from '../domain/effects.ts';
import type { DeliveryId, PartnerId } from '../domain/ids.ts';
import { addressKey } from '../domain/address.ts';
import { type Instant, type Milliseconds, milliseconds } from '../domain/units.ts';
import type { Claim } from '../store/deliveries.ts';
import { attempt } from './attempt.ts';
import { type Breaker, type PartnerSign, afterSign, atTime, closedBreaker } from './breaker.ts';
import { type Answer, type Destination, TOO_LONG } from './courier.ts';
import { endingOf } from './outcome.ts';
import { tellOverdue } from './overdue.ts';
import type { PartnerDestination, PushParts } from './parts.ts';
import type { Permits } from './permits.ts';
import { settle } from './settle.ts';

/** Most deliveries claimed at a time. */
export const BATCH = 50;

interface Claimed {
  claim: Claim;
  readonly key: string;
  /** When the claim was made, on the monotonic clock. */
  readonly since: Milliseconds;
}

export interface PushState {
  readonly partner: PartnerId;
  /** Name of the partner; empty until it was first looked up. */
  readonly name: string;
  readonly breaker: Breaker['state'];
  /** Why the last attempt failed, while the breaker is not closed, or why the partner is paused. */
  readonly why?: string;
  /** How many attempts run. */
  readonly active: number;
}

const orderKey = ({ message, recipient }: Claim): string =>
  `${message.sender === '' ? '' : addressKey(message.sender)} ${addressKey(recipient)}`;

export class PartnerPush {
  readonly #parts: PushParts;
  readonly #partner: PartnerId;
  readonly #permits: Permits;
  readonly #signal: AbortSignal;
  #name = '';
  #destination: Destination | undefined;
  #breaker = closedBreaker;
  /** Why nothing is pushed, in words. */
  #why = '';
  #paused = false;
  #waiting: Claimed[] = [];
  readonly #active = new Map<DeliveryId, Claimed>();
  readonly #busyKeys = new Set<string>();
  #settling = 0;
  /** More deliveries may be due than were claimed. */
  #due = false;
  #pumping: Promise<void> | undefined;
  #ended = false;
  #timer: Timer | undefined;
  #overdueAt = Number.NEGATIVE_INFINITY;
  readonly #tell = (): void => this.#start();

  /** `signal`: cuts the attempts that run. */
  constructor(parts: PushParts, partner: PartnerId, permits: Permits, signal: AbortSignal) {
    this.#parts = parts;
    this.#partner = partner;
    this.#permits = permits;
    this.#signal = signal;
  }

  get state(): PushState {
    return {
      partner: this.#partner,
      name: this.#name,
      breaker: this.#breaker.state,
      active: this.#active.size,
      ...(this.#why === '' ? {} : { why: this.#why }),
    };
  }

  /** True if nothing is under way and nothing has to be remembered. */
  get idle(): boolean {
    return this.#claimed === 0 && !this.#due && this.#pumping === undefined && this.#breaker === closedBreaker;
  }

  /** Called when something may be due. */
  wake(): void {
    this.#due = true;
    this.#pump();
  }

  /**
   * Called at each scan of the queue. `oldest`: when the oldest message that waits was accepted.
   * Senders of deliveries that cannot be tried get their notices of delay and of failure all the
   * same.
   */
  see(oldest: Instant | undefined): void {
    const { clock, limits } = this.#parts;
    const now = clock.monotonic();
    if (oldest === undefined || !(this.#paused || this.#breaker.state === 'open')) return;
    if (clock.now() < oldest + Math.min(limits.delayNotice, limits.expire) || now < this.#overdueAt) return;
    this.#overdueAt = now + OVERDUE_EVERY;
    this.#settling++;
    const skip = (id: DeliveryId): boolean =>
      this.#active.has(id) || this.#waiting.some(({ claim }) => claim.id === id);
    void tellOverdue(this.#parts, { partner: this.#partner, name: this.#name, why: this.#why, skip }, this.#signal)
      .catch((error: unknown) =>
        this.#parts.log.error('delivery.queue-failed', { partner: this.#name, why: String(error) }),
      )
      .finally(() => this.#settlingEnded());
  }

  /** Claims nothing more and gives back what was not begun. Resolves when no attempt runs. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#timer?.cancel();
    await this.#pumping;
    this.#giveBack(this.#waiting, { kind: 'lost', why: 'stopped', text: 'the gateway is stopping', at: 'session' });
    while (this.#claimed > 0) await new Promise<void>((resolve) => (this.#settled = resolve));
  }
  #settled: () => void = () => undefined;

  get #claimed(): number {
    return this.#waiting.length + this.#active.size + this.#settling;
  }

  #pump(): void {
    this.#pumping ??= this.#claimAll()
      .catch((error: unknown) => {
        // The next scan wakes this partner again.
        this.#due = false;
        this.#parts.log.error('delivery.queue-failed', { partner: this.#name, why: String(error) });
      })
      .finally(() => (this.#pumping = undefined));
  }

  async #claimAll(): Promise<void> {
    while (this.#due && !this.#ended) {
      const place = await this.#parts.findDestination(this.#partner);
      this.#take(place);
      if (place.kind === 'paused') {
        this.#due = false;
        return;
      }
      const max = this.#room(place.destination);
      if (max === 0) return;
      this.#due = false;
      const claims = await this.#parts.deliveries.claim(this.#partner, max, this.#parts.limits.lease);
      if (claims.length === max) this.#due = true;
      const since = this.#parts.clock.monotonic();
      for (const claim of claims) this.#adopt(claim, since);
      this.#start();
    }
  }

  #take(place: PartnerDestination): void {
    this.#name = place.name;
    if (place.kind === 'paused') this.#why = place.why;
    else {
      if (this.#paused) this.#why = '';
      this.#destination = place.destination;
    }
    this.#paused = place.kind === 'paused';
  }

  /** How many may be claimed now. An open breaker wakes us when its pause is over. */
  #room({ connections }: Destination): number {
    const now = this.#parts.clock.monotonic();
    this.#breaker = atTime(this.#breaker, now);
    switch (this.#breaker.state) {
      case 'open':
        this.#timer?.cancel();
        this.#timer = this.#parts.clock.after(milliseconds(Math.max(this.#breaker.until - now, 1)), () => this.wake());
        return 0;
      case 'half-open':
        return this.#claimed === 0 ? 1 : 0;
      case 'closed':
        // Large batches cost the store less; the connections are busy while the next one is read.
        return this.#waiting.length > connections ? 0 : BATCH - this.#claimed;
    }
  }

  /**
   * Takes over a claim. If its delivery is already in work here, the claim renews it: the lease has
   * ended early because a clock was set.
   */
  #adopt(claim: Claim, since: Milliseconds): void {
    const mine = this.#active.get(claim.id) ?? this.#waiting.find((c) => c.claim.id === claim.id);
    if (mine !== undefined) mine.claim = claim;
    else this.#waiting.push({ claim, key: orderKey(claim), since });
  }

  #start(): void {
    const destination = this.#destination;
    if (destination === undefined || this.#ended) return;
    const half = this.#parts.limits.lease / 2;
    while (this.#active.size < destination.connections) {
      const next = this.#waiting.find(({ key }) => !this.#busyKeys.has(key));
      if (next === undefined || !this.#permits.take(this.#tell)) return;
      this.#waiting = this.#waiting.filter((claimed) => claimed !== next);
      if (this.#parts.clock.monotonic() - next.since > half) {
        this.#permits.give();
        this.#giveBack([next], { kind: 'lost', why: 'stopped', text: 'its turn did not come in time', at: 'session' });
        continue;
      }
      this.#active.set(next.claim.id, next);
      this.#busyKeys.add(next.key);
      void this.#run(next, destination);
    }
  }

  async #run(claimed: Claimed, destination: Destination): Promise<void> {
    const { clock, limits } = this.#parts;
    const began = clock.monotonic();
    const cut = new AbortController();
    const stop = (): void => cut.abort();
    this.#signal.addEventListener('abort', stop, { once: true });
    const timer = clock.after(milliseconds(limits.lease / 2), () => cut.abort(TOO_LONG));
    const { answer, ours } = await attempt(this.#parts, destination, claimed.claim, cut.signal);
    timer.cancel();
    this.#signal.removeEventListener('abort', stop);
    this.#active.delete(claimed.claim.id);
    this.#busyKeys.delete(claimed.key);
    this.#settling++;
    this.#permits.give();
    const ending = endingOf(claimed.claim, answer, limits, clock.now(), this.#parts.random);
    if (ending.sign !== undefined && !ours) this.#hear(ending.sign, answer);
    this.#start();
    const took = milliseconds(clock.monotonic() - began);
    const settling = { claim: claimed.claim, ending, partner: this.#name, remote: destination.host, answer, took };
    await settle(this.#parts, settling, this.#signal);
    this.#settlingEnded();
  }

  #settlingEnded(): void {
    this.#settling--;
    this.#settled();
    this.#pump();
  }

  #hear(sign: PartnerSign, answer: Answer): void {
    const before = this.#breaker;
    this.#breaker = afterSign(before, sign, this.#parts.clock.monotonic(), this.#parts.random);
    const { state } = this.#breaker;
    const text = answer.kind === 'lost' || answer.kind === 'unable' ? answer.text : answer.reply;
    const fields = { partner: this.#name, host: this.#destination?.host, why: text };
    if (state === 'open' && before.state !== 'open') {
      this.#why = text;
      // Another server may stand where the partner should be, or the partner forgot to renew its
      // certificate: a person has to look at once.
      if (answer.kind === 'lost' && answer.why === 'certificate') this.#parts.log.error('partner.untrusted', fields);
      else if (before.state === 'closed') this.#parts.log.warn('partner.down', fields);
      else this.#parts.log.info('partner.still-down', { ...fields, failures: this.#breaker.failures });
      this.#giveBack(this.#waiting, { kind: 'lost', why: 'unreachable', text, at: 'session' });
    }
    if (state === 'closed' && before.state !== 'closed') {
      this.#why = '';
      this.#parts.log.info('partner.back', { partner: this.#name, host: this.#destination?.host });
    }
    // Deliveries that were given back, and those behind them, are still due.
    if (state !== before.state) this.#due = true;
  }

  #giveBack(claimed: readonly Claimed[], answer: Answer): void {
    this.#waiting = this.#waiting.filter((c) => !claimed.includes(c));
    const { clock, limits, random } = this.#parts;
    for (const { claim } of claimed) {
      this.#settling++;
      const ending = endingOf(claim, answer, limits, clock.now(), random);
      void settle(this.#parts, { claim, ending, partner: this.#name }, this.#signal).then(() => this.#settlingEnded());
    }
  }
}

const OVERDUE_EVERY = 5 * 60_000;
