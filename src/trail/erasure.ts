/**
 * Erases who and where from rows of the trail, a few at a time: the writer is held for a few
 * milliseconds a step, mail goes between two. What is left of a row keeps its place in the chain,
 * which still holds (decision 1206).
 */
import { setImmediate } from 'node:timers/promises';
import { type AuditLogKind, meaningOf } from '../domain/audit-events.ts';
import type { Instant } from '../domain/units.ts';
import type { AuditMark, AuditRow } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';

/** Rows of one step: read, judged and erased before the next. */
export const STEP = 250;

export type ByKind = Record<AuditLogKind, number>;
export const nothingByKind = (): ByKind => ({ access: 0, change: 0, chain: 0, technical: 0 });

export interface Erasure {
  readonly fromSeq: number;
  /** Ends at the first row of this moment or later. */
  readonly before: Instant;
  readonly chosen: (row: AuditRow, kind: AuditLogKind) => boolean;
  /** Counts, and changes nothing. */
  readonly dryRun?: boolean;
  /** Remembers how far it got, under this name. */
  readonly mark?: string;
  readonly progress?: (seq: number) => void;
  readonly stopped?: () => boolean;
}

export async function erase(audit: AuditTrail, erasure: Erasure): Promise<ByKind> {
  const { before, chosen, dryRun = false, mark, progress, stopped = () => false } = erasure;
  const erased = nothingByKind();
  for (let from = erasure.fromSeq; !stopped();) {
    const rows = await audit.read({ fromSeq: from, limit: STEP });
    const old = rows.slice(0, endOf(rows, before));
    const last = old.at(-1);
    if (last === undefined) return erased;
    const found = old.filter((row) => row.personal !== undefined && chosen(row, meaningOf(row.event).kind));
    for (const { event } of found) erased[meaningOf(event).kind] += 1;
    const reached: AuditMark | undefined = mark === undefined ? undefined : { name: mark, seq: last.seq };
    if (!dryRun && (found.length > 0 || reached !== undefined))
      await audit.erasePersonal(
        found.map(({ seq }) => seq),
        reached,
      );
    progress?.(last.seq);
    if (old.length < rows.length || rows.length < STEP) return erased;
    from = last.seq + 1;
    await setImmediate();
  }
  return erased;
}

function endOf(rows: readonly AuditRow[], before: Instant): number {
  const end = rows.findIndex(({ at }) => at >= before);
  return end < 0 ? rows.length : end;
}
