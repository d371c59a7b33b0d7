/**
 * Sends the rows of the trail to a collector of logs (SIEM), in their order and each at least once.
 *
 * How far it came is a mark in the store. Syslog has no answer, so a row counts as arrived when the
 * connection still stands some seconds after it was sent; where it ends before, or the gateway
 * does, rows of these seconds are sent again under their numbers. It is read in steps, and the next
 * step waits until the system has taken the one before: a collector that is slow, away or lying
 * costs a step of memory and no mail. While it is away the trail waits for it, in the store.
 */
import type { ChainRow } from '../domain/audit-row.ts';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Milliseconds, milliseconds, minutes, seconds } from '../domain/units.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { ForwardLine } from './forward-line.ts';

const TICK = seconds(1);
/** Rows of one step. */
export const STEP = 200;
/** Steps before others have their turn, where the trail is far ahead. */
const STEPS = 50;
/** On a connection that still stands, rows that were sent this long ago have arrived. */
export const ARRIVED_AFTER = seconds(5);
/** Between two tries, doubled up to the longest. */
const FIRST_WAIT = seconds(1);
const LONGEST_WAIT = minutes(1);
export const FORWARD_MARK = 'audit.forwarded';

export interface ForwardingParts {
  readonly audit: Pick<AuditTrail, 'follow' | 'marks' | 'head' | 'erasePersonal'>;
  readonly open: () => Promise<Pick<ForwardLine, 'send' | 'open' | 'close'>>;
  /** The one text for all of them. */
  readonly write: (rows: readonly ChainRow[]) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether it is this gateway's to do at present (`Jobs.runs`). Left out: always. */
  readonly mine?: () => boolean;
}

export interface ForwardCounts {
  /** Rows that were sent since the start, those twice that were sent again. */
  rows: number;
  /** Connections that could not be made, or ended. */
  failures: number;
  /** Milliseconds since 1970 since when nothing gets through; 0: it does. */
  failingSince: number;
}

export class Forwarding {
  readonly counts: ForwardCounts = { rows: 0, failures: 0, failingSince: 0 };
  readonly #p: ForwardingParts;
  #line: Pick<ForwardLine, 'send' | 'open' | 'close'> | undefined;
  /** The last row that was sent; undefined: the mark has to be read. */
  #position: number | undefined;
  /** The position as the mark has it. */
  #marked = 0;
  /** What was sent and has not arrived for certain, the oldest first: at most one for each tick. */
  #sent: { readonly at: number; seq: number }[] = [];
  #wait: Milliseconds = FIRST_WAIT;
  #notBefore = 0;
  #timer: Timer | undefined;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(parts: ForwardingParts) {
    this.#p = parts;
  }

  start(): void {
    this.#round = this.#tick().finally(() => {
      if (!this.#stopped) this.#timer = this.#p.clock.after(TICK, () => this.start());
    });
  }

  /** Ends what is under way; the rest is sent at the next start. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#line?.close();
    await this.#round;
  }

  /** Resolves when the look that is under way has ended. */
  async settled(): Promise<void> {
    await this.#round;
  }

  async #tick(): Promise<void> {
    const { clock, mine = () => true } = this.#p;
    if (!mine()) {
      this.#leave();
      return;
    }
    if (clock.monotonic() < this.#notBefore) return;
    try {
      await this.#send();
      await this.#arrived();
    } catch (error) {
      if (!this.#stopped) this.#fail(error instanceof Error ? error.message : String(error));
    }
  }

  async #send(): Promise<void> {
    const { audit, open, write, clock } = this.#p;
    this.#position ??= this.#marked = await this.#begin();
    if (this.#line?.open === false) throw new Error('the collector closed the connection');
    for (let step = 0; step < STEPS && !this.#stopped; step += 1) {
      const { rows, next } = await audit.follow({ behind: this.#position, limit: STEP });
      if (rows.length > 0) {
        this.#line ??= await open();
        await this.#line.send(await write(rows));
        this.counts.rows += rows.length;
        this.#well();
      }
      if (next === this.#position) return;
      this.#position = next;
      const last = this.#sent.at(-1);
      const at = clock.monotonic();
      if (last !== undefined && at - last.at < TICK) last.seq = next;
      else this.#sent.push({ at, seq: next });
    }
  }

  /** Where it was switched on, of the first time: what was before is exported, not sent. */
  async #begin(): Promise<number> {
    const { audit } = this.#p;
    const { [FORWARD_MARK]: mark } = await audit.marks();
    if (mark !== undefined) return mark;
    const { seq } = await audit.head();
    await audit.erasePersonal([], { name: FORWARD_MARK, seq });
    return seq;
  }

  async #arrived(): Promise<void> {
    const before = this.#p.clock.monotonic() - ARRIVED_AFTER;
    const still = this.#sent.findIndex(({ at }) => at > before);
    const arrived = this.#sent.splice(0, still < 0 ? this.#sent.length : still).at(-1);
    if (arrived === undefined || arrived.seq <= this.#marked) return;
    await this.#p.audit.erasePersonal([], { name: FORWARD_MARK, seq: arrived.seq });
    this.#marked = arrived.seq;
  }

  #well(): void {
    this.#wait = FIRST_WAIT;
    if (this.counts.failingSince === 0) return;
    this.counts.failingSince = 0;
    this.#p.log.info('audit.forwarded-again', {});
  }

  #fail(why: string): void {
    const { clock, log } = this.#p;
    this.counts.failures += 1;
    if (this.counts.failingSince === 0) {
      this.counts.failingSince = clock.now();
      log.warn('audit.forward-failed', {
        why,
        remedy:
          'see whether the collector of audit.forward-to runs, and whose certificate it shows; rows wait in the trail, and mail does not',
      });
    }
    this.#leave();
    this.#notBefore = clock.monotonic() + this.#wait;
    this.#wait = milliseconds(Math.min(this.#wait * 2, LONGEST_WAIT));
  }

  /**
   * What had not arrived for certain is sent again: here, or by the gateway that has it to do now.
   */
  #leave(): void {
    this.#line?.close();
    this.#line = undefined;
    this.#position = undefined;
    this.#sent = [];
  }
}
