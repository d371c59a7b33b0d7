/**
 * Keeps until when one site alone may acknowledge for this gateway, as an operator said
 * (`sluis site alone`). It is kept in a file of the gateway's data folder, not in the store: when
 * it is needed, the database may be unable to confirm anything. So the operator must say it to each
 * gateway. The row of the trail follows as soon as it can be written.
 */
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { LONGEST_ALONE, type Sites } from '../cluster/sites.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Instant, hours, instant, iso, milliseconds } from '../domain/units.ts';
import { replaceFile, syncFolder } from '../platform/lasting-files.ts';
import type { AuditEvent } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';

/** How often the log repeats that the store is alone, while it is. */
const SAID_EVERY = hours(1);
const TRY_TRAIL_AGAIN = milliseconds(10_000);

interface Said {
  /** Milliseconds since 1970; null if an operator, or the time, has ended it. */
  readonly until: number | null;
  readonly at: number;
  readonly by: string;
  readonly reason?: string;
  /** True if the row of the trail is written. */
  readonly told: boolean;
}

export interface AloneParts {
  /** Folder of the gateway's data. */
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Pick<Log, 'warn' | 'error'>;
}

export class Alone {
  readonly #p: AloneParts;
  readonly #file: string;
  #said: Said | undefined;
  #timer: Timer | undefined;
  #trying: Timer | undefined;
  #audit: Pick<AuditTrail, 'note' | 'read'> | undefined;
  #stopped = false;

  /** Reads what an operator said before. A file that cannot be read allows nothing. */
  constructor(parts: AloneParts) {
    this.#p = parts;
    this.#file = join(parts.folder, 'site-alone.json');
    try {
      this.#said = readSaid(readFileSync(this.#file, 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
        parts.log.error('site.alone-unreadable', { file: this.#file, why: String(error) });
    }
  }

  get until(): Instant | undefined {
    const { until = null, at = 0 } = this.#said ?? {};
    // Undefined, too, if somebody wrote a later time into the file.
    return until !== null && this.#p.clock.now() < until && until - at <= LONGEST_ALONE ? instant(until) : undefined;
  }

  /**
   * Keeps what an operator says; it is on the disk when the call returns. The caller writes the row
   * of the trail; if that is lost, the next start writes it.
   */
  set(until: Instant | undefined, actor: Parameters<Sites['alone']>[1]): void {
    const { log, clock } = this.#p;
    this.#keep({
      until: until ?? null,
      at: clock.now(),
      by: actor.name,
      told: false,
      ...defined({ reason: actor.reason }),
    });
    if (until === undefined) log.warn('site.alone-ended', { by: 'operator' });
    else log.warn('site.alone', { until: iso(until) });
    this.#wait();
    if (this.#audit !== undefined) void this.#confirm();
  }

  /** Writes to log and trail from now on. */
  begin(audit: Pick<AuditTrail, 'note' | 'read'>): void {
    this.#audit = audit;
    const said = this.#said;
    if (said === undefined) return;
    if (this.until !== undefined) this.#p.log.warn('site.alone', { until: iso(this.until) });
    if (!said.told) audit.note(rowOf(said));
    // The time has passed while no gateway ran.
    if (said.until !== null && this.until === undefined) this.#over();
    else if (!said.told) void this.#confirm();
    this.#wait();
  }

  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#trying?.cancel();
  }

  #keep(said: Said): void {
    replaceFile(this.#file, `${JSON.stringify(said)}\n`, 0o600);
    this.#said = said;
  }

  /** Logs each hour that the site is alone, and when that time is over. */
  #wait(): void {
    this.#timer?.cancel();
    const until = this.until;
    if (until === undefined || this.#stopped) return;
    const left = until - this.#p.clock.now();
    this.#timer = this.#p.clock.after(milliseconds(Math.min(SAID_EVERY, left)), () => {
      if (this.until === undefined) this.#over();
      else this.#p.log.warn('site.alone-holds', { until: iso(until) });
      this.#wait();
    });
  }

  #over(): void {
    this.#p.log.warn('site.alone-ended', { by: 'time' });
    this.#audit?.note({ event: 'site.alone-ended', outcome: 'success', facts: { by: 'time' } });
    this.#said = { until: null, at: this.#p.clock.now(), by: '', told: false };
    void this.#confirm();
  }

  /**
   * Notes that the row of the trail is written: a read of the trail waits for all earlier rows.
   * While the database is away, it is tried again.
   */
  async #confirm(): Promise<void> {
    const said = this.#said;
    this.#trying?.cancel();
    try {
      await this.#audit?.read({ limit: 1 });
      if (said === undefined || said !== this.#said) return;
      if (said.until === null) {
        rmSync(this.#file, { force: true });
        syncFolder(this.#p.folder);
        this.#said = undefined;
      } else this.#keep({ ...said, told: true });
    } catch {
      if (!this.#stopped) this.#trying = this.#p.clock.after(TRY_TRAIL_AGAIN, () => void this.#confirm());
    }
  }
}

/** The audit row of what an operator said. */
const rowOf = ({ until, by, reason }: Pick<Said, 'until' | 'by' | 'reason'>): AuditEvent => ({
  event: until === null ? 'site.alone-ended' : 'site.alone',
  outcome: 'success',
  ...(until === null ? {} : { facts: { until: iso(until) } }),
  personal: { actor: by, ...defined({ reason }) },
});

function readSaid(text: string): Said {
  const { until, at, by, reason, told } = JSON.parse(text) as Partial<Said>;
  if ((until !== null && typeof until !== 'number') || typeof at !== 'number' || typeof by !== 'string')
    throw new Error('it does not hold what "sluis site alone" writes; give the command again');
  return { until, at, by, told: told === true, ...(typeof reason === 'string' ? { reason } : {}) };
}
