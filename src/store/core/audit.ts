/**
 * The audit trail's port: prepares rows for the engine, and has noted rows written before any row
 * is read.
 */
import type { Log, RandomBytes } from '../../domain/effects.ts';
import { type MessageId, messageNumber } from '../../domain/ids.ts';
import { milliseconds } from '../../domain/units.ts';
import type { Clock, Timer } from '../../domain/effects.ts';
import { type AuditEvent, type AuditMark, type AuditReport, ERASED_AT_ONCE } from '../audit.ts';
import type { AuditTrail } from '../port/audit.ts';
import { beforeAllOf } from '../../crypto/trail/audit-chain.ts';
import type { RestoredRow } from '../../domain/restored-trail.ts';
import { headsHash } from '../../crypto/trail/audit-lanes.ts';
import type { ChainHead, LaneHead } from '../../domain/audit-row.ts';
import type { Subjects } from '../objects.ts';
import { after } from './calls.ts';
import type { Engine } from './engine.ts';
import type { AuditItem } from '../../domain/audit-row.ts';
import type { StoreTime } from './store-time.ts';

/** A note waits at most this long for a commit to join. */
const NOTE_DELAY = milliseconds(500);
/** Number of waiting notes at which they are written at once. */
const NOTES_AT_ONCE = 200;
/**
 * Most notes in memory that no commit has taken. Beyond this the disk is far behind; further notes
 * are counted and dropped.
 */
const MAX_NOTES = 20_000;
const VERIFY_ROWS = 500;
const LANES_AT_ONCE = 500;
const SALT_OCTETS = 16;

interface Walked {
  rows: number;
  erased: number;
  told: number;
  readonly restored: RestoredRow[];
}

export interface AuditParts {
  readonly engine: Pick<Engine, 'failure' | 'trail'>;
  readonly trail: Subjects['trail'];
  readonly clock: Clock;
  readonly time: StoreTime;
  readonly random: RandomBytes;
  readonly log: Log;
}

export class Audit implements Omit<AuditTrail, keyof Subjects['trail']> {
  readonly #p: AuditParts;
  #notes: AuditItem[] = [];
  #underway = 0;
  #timer: Timer | undefined;
  #flushed: Promise<void> = Promise.resolve();

  constructor(parts: AuditParts) {
    this.#p = parts;
  }

  item(event: AuditEvent, message?: MessageId): AuditItem {
    const id = event.message ?? message;
    const personal = event.personal === undefined ? null : JSON.stringify(event.personal);
    return {
      at: this.#p.time.now(),
      event: event.event,
      outcome: event.outcome,
      message: id === undefined ? null : messageNumber(id),
      account: event.account ?? null,
      facts: event.facts === undefined ? '{}' : JSON.stringify(event.facts),
      personal,
      salt: personal === null ? null : this.#p.random(SALT_OCTETS),
    };
  }

  items(events: readonly AuditEvent[]): AuditItem[] {
    return events.map((event) => this.item(event));
  }

  note(event: AuditEvent): void {
    if (this.#p.engine.failure !== undefined) return;
    if (this.#notes.length + this.#underway >= MAX_NOTES) {
      this.#p.log.error('store.note-dropped', { event: event.event });
      return;
    }
    this.#notes.push(this.item(event));
    if (this.#notes.length >= NOTES_AT_ONCE) this.#handOver();
    else this.#timer ??= this.#p.clock.after(NOTE_DELAY, () => this.#handOver());
  }

  #handOver(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#notes.length === 0) return;
    const audit = this.#notes;
    this.#notes = [];
    this.#underway += audit.length;
    const written = this.#p.engine.trail
      .append(audit)
      .then(
        () => undefined,
        (error: unknown) => this.#p.log.error('store.notes-lost', { notes: audit.length, why: String(error) }),
      )
      .then(() => {
        this.#underway -= audit.length;
      });
    this.#flushed = Promise.all([this.#flushed, written]).then(() => undefined);
  }

  /** Resolves when every note so far is durable, or its loss is in the log. */
  async flush(): Promise<void> {
    this.#handOver();
    await this.#flushed;
  }

  /** Reads of the trail, each after everything that was noted before it. */
  get reads(): Subjects['trail'] {
    return after(() => this.flush(), this.#p.trail);
  }

  async verify(): Promise<AuditReport> {
    await this.flush();
    const count: Walked = { rows: 0, erased: 0, told: 0, restored: [] };
    const heads: LaneHead[] = [];
    for (let after = -1; ;) {
      const lanes = await this.#p.trail.lanes({ after, limit: LANES_AT_ONCE });
      for (const lane of lanes) {
        const end = await this.#verifyLane(lane, count);
        if ('kind' in end) return end;
        heads.push({ ...lane, place: end.seq, hash: end.hash });
      }
      after = lanes.at(-1)?.lane ?? after;
      if (lanes.length < LANES_AT_ONCE) break;
    }
    const { rows, erased, told, restored } = count;
    const head = Buffer.from(headsHash(heads)).toString('hex');
    return {
      kind: 'intact',
      rows,
      head,
      ...(erased > told ? { vanished: erased - told } : {}),
      ...(restored.length > 0 ? { restored } : {}),
    };
  }

  /** Adds what it found to `count`. Resolves to the present end of the chain. */
  async #verifyLane({ name }: LaneHead, count: Walked): Promise<ChainHead | Extract<AuditReport, { kind: 'broken' }>> {
    for (let head = beforeAllOf(name); ;) {
      const step = await this.#p.trail.verifyRows(head, VERIFY_ROWS);
      if (step.kind === 'broken') return step;
      ({ head } = step);
      count.rows += step.rows;
      count.erased += step.erased;
      count.told += step.told;
      count.restored.push(...step.restored);
      if (step.end) return head;
    }
  }

  async erasePersonal(seqs: readonly number[], mark?: AuditMark): Promise<number> {
    if (seqs.length > ERASED_AT_ONCE) throw new Error(`at most ${ERASED_AT_ONCE} rows at once, not ${seqs.length}`);
    // The row about the erasure comes first: after a crash between the two the trail claims more
    // than was erased, and never less.
    await this.flush();
    return await this.#p.engine.trail.erasePersonal(seqs, mark ?? null);
  }
}
