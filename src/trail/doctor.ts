/**
 * Runs doctor's checks in the running gateway, again and again, and tells what is new: a log line
 * when a finding comes and when it has gone, a row in the trail for each run, and the state for
 * metrics.
 */
import type { DoctorFinding, DoctorState } from '../domain/doctor.ts';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Instant, type Milliseconds, milliseconds, minutes } from '../domain/units.ts';
import type { AuditTrail } from '../store/port/audit.ts';

/** After a start everybody reconnects; and certificates, lists and backups have come by then. */
const AFTER_START = minutes(10);
/** The wall clock may be set meanwhile, and timers of many days are none. */
const LOOK_EVERY = minutes(10);
/** Findings that are remembered. */
export const MOST_FINDINGS = 200;

export interface DoctorParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: AuditTrail;
  /** 0: never. */
  readonly every: Milliseconds;
  readonly examine: () => Promise<readonly DoctorFinding[]>;
}

export class Doctor {
  readonly #p: DoctorParts;
  #state: DoctorState = { findings: [] };
  #running: Promise<void> = Promise.resolve();
  #timer: Timer | undefined;
  #next: Instant | undefined;
  #stopped = false;

  constructor(parts: DoctorParts) {
    this.#p = parts;
  }

  get state(): DoctorState {
    return this.#state;
  }

  start(): void {
    if (this.#p.every > 0) this.#wait(AFTER_START);
  }

  #wait(delay: Milliseconds): void {
    this.#timer = this.#p.clock.after(delay, () => {
      const now = this.#p.clock.now();
      if (this.#next === undefined || now >= this.#next) void this.run();
      this.#wait(milliseconds(Math.min(LOOK_EVERY, this.#p.every)));
    });
  }

  /** Runs doctor now. Never rejects; resolves when it has ended. */
  run(): Promise<void> {
    const { clock, every, log } = this.#p;
    this.#next = (clock.now() + every) as Instant;
    return (this.#running = this.#running
      .then(() => this.#run())
      .catch((error: unknown) => {
        if (!this.#stopped) log.error('doctor.failed', { why: String(error) });
      }));
  }

  async #run(): Promise<void> {
    const { examine, clock, log, audit } = this.#p;
    const findings = (await examine()).slice(0, MOST_FINDINGS);
    if (this.#stopped) return;
    const before = new Map(this.#state.findings.map((finding) => [finding.id, finding]));
    for (const { id, severity, what } of findings) {
      const known = before.get(id);
      before.delete(id);
      if (known?.severity === severity) continue;
      if (severity === 'failure') log.error('doctor.found', { finding: id, severity, what });
      else log.warn('doctor.found', { finding: id, severity, what });
    }
    for (const id of before.keys()) log.info('doctor.cleared', { finding: id });
    this.#state = { ranAt: clock.now(), findings };
    const count = (of: string): number => findings.filter(({ severity }) => severity === of).length;
    audit.note({
      event: 'doctor.ran',
      outcome: count('failure') === 0 ? 'success' : 'failure',
      facts: {
        failures: count('failure'),
        warnings: count('warning'),
        findings: findings.map(({ id }) => id).join(' '),
      },
    });
  }

  /**
   * What runs is left to end by itself, and tells nothing more: a stop does not wait for
   * handshakes.
   */
  stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
  }
}
