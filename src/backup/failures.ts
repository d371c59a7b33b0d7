/**
 * What failed of backups, told wherever somebody looks: in the log, in the trail, at /metrics, and
 * by mail where nobody watched.
 */
import { Counts } from '../domain/counts.ts';
import type { Log } from '../domain/effects.ts';
import { type Actor, THE_GATEWAY } from '../store/actor.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import { BackupRefused } from './refused.ts';

export type BackupStep = 'backup' | 'offsite' | 'drill' | 'keys' | 'log';

export interface BackupFailure {
  readonly step: BackupStep;
  readonly why: string;
}

export interface FailureParts {
  readonly log: Log;
  readonly audit: Pick<AuditTrail, 'note'>;
  /** Tells the operator, by mail, of something that failed without anybody watching. */
  readonly tell: (failure: BackupFailure) => Promise<void>;
}

export class BackupFailures {
  readonly counts = new Counts(['step']);
  readonly #p: FailureParts;

  constructor(parts: FailureParts) {
    this.#p = parts;
  }

  /** Notes a failure. Mistakes of a caller are told to that caller alone. */
  note(step: BackupStep, error: unknown, actor: Actor): void {
    if (error instanceof BackupRefused && error.kind === 'invalid' && actor !== THE_GATEWAY) return;
    const why = error instanceof Error ? error.message : String(error);
    this.counts.add([step]);
    this.#p.log.error('backup.failed', { step, why });
    const personal = { actor: actor.name, why };
    this.#p.audit.note({ event: 'backup.failed', outcome: 'failure', facts: { step }, personal });
    if (actor === THE_GATEWAY) this.tell(step, why);
  }

  /** A drill that was made, and showed that the backup cannot be restored. */
  noteDrill(backup: string, why: string): void {
    this.counts.add(['drill']);
    this.#p.log.error('backup.drill-failed', { backup, why });
  }

  /** Tells the operator by mail. */
  tell(step: BackupStep, why: string): void {
    this.#p.tell({ step, why }).catch((untold: unknown) => {
      this.#p.log.error('backup.untold', { step, why: String(untold) });
    });
  }
}
