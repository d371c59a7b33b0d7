/**
 * What a restore shows step by step, and what came of it: for people who watch, for programs, and
 * for the report of a drill.
 */
import { agree, many } from '../domain/counted.ts';
import type { Proof, SettledCopy } from '../store/copies.ts';

export interface RestoreStep {
  readonly step: 'manifest' | 'checksums' | 'log' | Proof['steps'][number]['step'] | 'place' | 'key-copy';
  readonly passed: boolean;
  readonly found: string;
}

export interface Restored {
  readonly backup: string;
  readonly begun: string;
  readonly steps: readonly RestoreStep[];
  readonly passed: boolean;
  readonly proof?: Proof;
  readonly settled?: SettledCopy;
  /** Newest signed row of the audit trail behind the end of the backup. */
  readonly later?: number;
  /** ISO 8601: of the last commit in it, where a log brought it on. */
  readonly moment?: string;
  /** Put in place although no key at hand signed its manifest. */
  readonly unsigned?: true;
}

export interface Watched {
  readonly step: (step: RestoreStep) => void;
  /** Octets of the copy. */
  readonly octets: (done: number, of: number) => void;
}

export function placedText({ held, waiting, erasedDays, erasedMessages }: SettledCopy): string {
  const parts = [`the database is in place`];
  if (held > 0) parts.push(`${held} deliveries to partners are held`);
  if (waiting > 0) parts.push(`${many(waiting, 'delivery')} will be pushed at the start`);
  if (erasedDays > 0)
    parts.push(
      `${many(erasedMessages, 'message')} of ${many(erasedDays, 'day')} that ${agree(erasedDays, 'was', 'were')} erased since ${agree(erasedMessages, 'was', 'were')} taken out`,
    );
  return parts.join('; ');
}
