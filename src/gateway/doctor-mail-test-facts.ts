/** The facts by which the questions of the mail test are judged, and the result of a question. */
import type { CheckedRecord } from '../domain/dns-record.ts';
import type { MailTest, MailTestResult } from '../domain/mail-test.ts';
import type { Instant } from '../domain/units.ts';
import type { Ask } from './doctor-records.ts';
import type { ListenerReport } from './doctor-report.ts';

export interface MailTestFacts {
  readonly hostname: string;
  /**
   * The listener with STARTTLS that mail servers speak to, with what it offered; undefined if there
   * is none. `silent`: it did not answer.
   */
  readonly listener:
    { readonly port: number; readonly report: ListenerReport | 'silent'; readonly certificates: string } | undefined;
  readonly records: readonly CheckedRecord[];
  readonly ask: Ask;
  /** The authorities that everybody trusts, PEM. */
  readonly authorities: readonly string[];
  readonly now: Instant;
}

export type Judged = Pick<MailTestResult, 'result' | 'why'>;
export const pass = (why: string): Judged => ({ result: 'pass', why });
export const fail = (why: string): Judged => ({ result: 'fail', why });
export const unknown = (why: string): Judged => ({ result: 'unknown', why });
export const NO_ANSWER = unknown('the DNS gave no answer');

/** Results of some of the questions. */
export type Found = Partial<Record<MailTest, Judged>>;
