/**
 * The warning that a certificate ends: in the account's own mailbox, the one place that old systems
 * show; for a system at its contact.
 */
import { certificateLetters } from '../letters/certificate.ts';
import type { AccountCertificate } from '../store/certificates.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { NoticeWriter } from './notice-writer.ts';

export interface Ending {
  readonly certificate: AccountCertificate;
  /** The warning that is due: days before the end. */
  readonly due: number;
  /** Whole days that are left now. */
  readonly daysLeft: number;
}

/** Undefined if nobody at all could be told. Rejects with StoreFull or StoreFailed. */
export async function certificateNotice(
  noticeWriter: NoticeWriter,
  { certificate, due, daysLeft }: Ending,
): Promise<PreparedNotice | undefined> {
  return await noticeWriter.letter(await noticeWriter.places.ofAccount(certificate.account), {
    kind: `certificate-ends-${due}`,
    once: `certificate:${certificate.fingerprint}:${due}`,
    letters: certificateLetters({ ...certificate, daysLeft }),
  });
}
