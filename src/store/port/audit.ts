/** The port of the audit trail, for those who write and read it. */
import type { AuditEvent, AuditMark, AuditReport } from '../audit.ts';
import type { TrailReads } from '../reads/trail.ts';
import type { Remote } from '../sql/remote.ts';

export interface AuditTrail extends Omit<Remote<TrailReads>, 'verifyRows'> {
  /**
   * Joins the next group commit; does not wait for it. For events that stand alone, such as logins.
   */
  note(event: AuditEvent): void;
  /** Walks the chain in bounded steps and recomputes each hash. */
  verify(): Promise<AuditReport>;
  /**
   * Erases the personal fields of these rows, at most `ERASED_AT_ONCE`; resolves to how many had
   * some. `mark` is kept in the same transaction and never goes back.
   */
  erasePersonal(seqs: readonly number[], mark?: AuditMark): Promise<number>;
}
