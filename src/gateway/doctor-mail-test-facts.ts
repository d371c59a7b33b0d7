/** The facts that the questions of the mail test are judged by, and the result of one. */
import type { CheckedRecord } from '../domain/dns-record.ts';
import type { MailTest, MailTestResult } from '../domain/mail-test.ts';
import type { Instant } from '../domain/units.ts';
import type { Ask } from './doctor-records.ts';
import type { ListenerReport } from './doctor-report.ts';

export interface MailTestFacts {
  readonly hostname: string;
  /**
   * The listener with STARTTLS that mail servers speak to: what it offered; `silent`: nobody
   * answered; undefined: there is none.
   */
  readonly listener:
    { readonly port: number; readonly report: ListenerReport | 'silent'; readonly certificates: string } | undefined;
  readonly records: readonly CheckedRecord[];
  readonly ask: Ask;
  /** PEM, those that everybody trusts. */
  readonly authorities: readonly string[];
  readonly now: Instant;
}

export type Judged = Pick<MailTestResult, 'result' | 'why'>;
export const pass = (why: string): Judged => ({ result: 'pass', why });
export const fail = (why: string): Judged => ({ result: 'fail', why });
export const unknown = (why: string): Judged => ({ result: 'unknown', why });
export const NO_ANSWER = unknown('the DNS gave no answer');

/** The questions that a part of them answers. */
export type Found = Partial<Record<MailTest, Judged>>;
