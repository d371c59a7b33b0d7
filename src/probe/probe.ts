/**
 * Tries the front door of each site once a minute, one after the other, and has what it saw written
 * down. Nothing piles up: a visit has a deadline, the next round begins with its minute, and what
 * cannot be written waits as at most 200 spans.
 */
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { Counts } from '../domain/counts.ts';
import { MINUTE, type ProbeFault, type ProbeSpan, minuteOf } from '../domain/availability.ts';
import { type Instant, type Milliseconds, instant, milliseconds, seconds } from '../domain/units.ts';
import type { FrontDoor, Visited, Visitor } from './visit.ts';

/** Into the minute: other things begin with it. */
const OFFSET = seconds(5);
/** Time for one round over all sites. */
const ROUND = seconds(48);
const LONGEST = seconds(20);
/** A visit resolves soon after its signal; one that does not is left behind. */
const GRACE = seconds(1);
/** Longest time that a round waits for the store. */
const WRITING = seconds(5);
/** Most spans that wait: as many as the store takes in one call. */
const WAITING = 200;

export interface ProbeState {
  readonly site: string;
  readonly host: string;
  /** When this process last made a good visit. */
  readonly goodAt?: Instant;
  /** How long it took. */
  readonly took?: Milliseconds;
  /** Failures in a row. */
  readonly failures: number;
  readonly fault?: ProbeFault;
}

export interface ProbeParts {
  readonly doors: readonly FrontDoor[];
  readonly visit: (door: FrontDoor, visitor: Visitor, signal: AbortSignal) => Promise<Visited>;
  /** Who visits; or why nobody can. May reject, where the store cannot be asked. */
  readonly visitor: () => Promise<Visitor | ProbeFault>;
  /** Why a failure of a site's front door is planned now: one line; undefined: it is not. */
  readonly planned: (site: string) => string | undefined;
  /** False while another gateway measures. */
  readonly mine: () => boolean | Promise<boolean>;
  readonly note: (spans: readonly ProbeSpan[]) => Promise<void>;
  readonly stopping: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}

export class Probe {
  readonly #p: ProbeParts;
  readonly #states: Map<string, ProbeState>;
  readonly #waiting: ProbeSpan[] = [];
  readonly #stopped = new AbortController();
  /** Counts by site and result: `good`, or the cause. */
  readonly counts = new Counts(['site', 'outcome']);
  #timer: Timer | undefined;
  #round: Promise<void> = Promise.resolve();
  #running = false;
  #measures = true;
  #writing = false;
  #known: Visitor | undefined;
  readonly startedAt: Instant;

  constructor(parts: ProbeParts) {
    this.#p = parts;
    this.startedAt = parts.clock.now();
    this.#states = new Map(parts.doors.map((door) => [door.site, { ...door, failures: 0 }]));
    if (parts.doors.length > 0) this.#again();
  }

  get states(): readonly ProbeState[] {
    return [...this.#states.values()];
  }

  /** Resolves when the round under way has ended. */
  settled(): Promise<void> {
    return this.#round;
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#stopped.abort();
    await this.#round;
    // Where another gateway measures it goes on.
    if (this.#p.doors.length === 0 || !this.#measures) return;
    await this.#p.stopping().catch((error: unknown) => this.#p.log.warn('probe.not-written', { why: String(error) }));
  }

  #again(): void {
    const { clock } = this.#p;
    const now = clock.now();
    const next = minuteOf(instant(now - OFFSET)) + MINUTE + OFFSET;
    this.#timer = clock.after(milliseconds(Math.max(1, next - now)), () => {
      this.#again();
      if (this.#running) return;
      this.#running = true;
      this.#round = this.#look().finally(() => (this.#running = false));
    });
  }

  async #look(): Promise<void> {
    const { clock, doors, mine } = this.#p;
    const minute = minuteOf(clock.now());
    // Whoever cannot be asked whose turn it is would be missed by nobody: it is measured here as
    // well.
    this.#measures = await Promise.resolve(mine()).catch(() => true);
    if (!this.#measures) return;
    for (const door of doors) {
      const began = clock.monotonic();
      const seen = await this.#visit(door);
      if (seen === 'stopped' || this.#stopped.signal.aborted) return;
      this.#saw(door, minute, seen, milliseconds(clock.monotonic() - began));
    }
    await this.#write();
  }

  async #visit(door: FrontDoor): Promise<Visited> {
    const { clock, doors, visit } = this.#p;
    const deadline = new AbortController();
    const most = milliseconds(Math.min(LONGEST, ROUND / doors.length));
    let late = (): void => undefined;
    const gone = new Promise<ProbeFault>((resolve) => {
      late = () => resolve({ cause: 'submit-lost', detail: 'the visit did not end in time' });
    });
    const timers = [
      clock.after(most, () => deadline.abort('too-long')),
      clock.after(milliseconds(most + GRACE), () => late()),
    ];
    try {
      const visitor = this.#known ?? (await Promise.race([this.#visitor(), gone]));
      if ('cause' in visitor) return visitor;
      const signal = AbortSignal.any([deadline.signal, this.#stopped.signal]);
      const seen = await Promise.race([visit(door, visitor, signal), gone]);
      // The password may have been changed: the next round reads it again.
      if (typeof seen === 'object') this.#known = undefined;
      return seen;
    } catch (error) {
      return { cause: 'account', detail: String(error) };
    } finally {
      for (const timer of timers) timer.cancel();
    }
  }

  async #visitor(): Promise<Visitor | ProbeFault> {
    const found = await this.#p.visitor();
    if (!('cause' in found)) this.#known = found;
    return found;
  }

  #saw(door: FrontDoor, since: Instant, met: ProbeFault | undefined, took: Milliseconds): void {
    const { clock, log } = this.#p;
    const { site, host } = door;
    const why = met === undefined ? undefined : this.#p.planned(site);
    const fault: ProbeFault | undefined = why === undefined ? met : { cause: 'stopped', detail: why };
    const before = this.#states.get(site);
    this.counts.add([site, fault?.cause ?? 'good']);
    this.#wait({ site, since, until: instant(since + MINUTE), ...(fault === undefined ? {} : { fault }) });
    if (fault === undefined) {
      if (before?.fault !== undefined) log.info('probe.recovered', { site, failures: before.failures });
      this.#states.set(site, { site, host, failures: 0, goodAt: clock.now(), took });
      return;
    }
    const failures = (before?.failures ?? 0) + 1;
    log.warn('probe.failed', { site, host, cause: fault.cause, why: fault.detail, failures });
    const { fault: _, ...kept } = before ?? { site, host };
    this.#states.set(site, { ...kept, failures, fault });
  }

  #wait(span: ProbeSpan): void {
    const at = this.#waiting.findLastIndex(({ site }) => site === span.site);
    const last = this.#waiting[at];
    if (last?.until === span.since && last.fault?.cause === span.fault?.cause)
      this.#waiting[at] = { ...last, until: span.until };
    else this.#waiting.push(span);
    // The oldest are then as if nobody had measured: not available.
    if (this.#waiting.length > WAITING) this.#waiting.shift();
  }

  async #write(): Promise<void> {
    const { note, log } = this.#p;
    if (this.#writing) return;
    this.#writing = true;
    const spans = [...this.#waiting];
    const done = note(spans).then(
      () => {
        for (const span of spans) this.#written(span);
      },
      (error: unknown) => log.warn('probe.not-written', { spans: spans.length, why: String(error) }),
    );
    // A store that does not answer must not keep the next round.
    void done.finally(() => (this.#writing = false));
    let timer: Timer | undefined;
    const late = new Promise<void>((resolve) => (timer = this.#p.clock.after(WRITING, resolve)));
    await Promise.race([done, late]);
    timer?.cancel();
  }

  /** Removes what was written from a span; what was added meanwhile stays. */
  #written(span: ProbeSpan): void {
    const at = this.#waiting.findIndex(({ site, since }) => site === span.site && since === span.since);
    const waits = this.#waiting[at];
    if (waits === undefined) return;
    if (waits.until <= span.until) this.#waiting.splice(at, 1);
    else this.#waiting[at] = { ...waits, since: span.until };
  }
}
