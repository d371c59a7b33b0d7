/**
 * Warns of certificates that end: in the log, and by a letter to whoever looks after the account.
 *
 * A warning is remembered after its letter was filed; a crash between the two tries again and files
 * nothing twice, by the letter's key. What could not be filed is tried again the next day.
 */
import { WARNING_DAYS, type WarningDay, daysLeft, dueWarning } from '../crypto/certificates/certificate-expiry.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { days, instant } from '../domain/units.ts';
import type { AccountCertificate } from '../store/certificates.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';

export interface ExpiryParts {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
  /** Writes the letter; undefined if nobody at all could be told. */
  readonly endNotice: (ending: {
    readonly certificate: AccountCertificate;
    readonly due: WarningDay;
    readonly daysLeft: number;
  }) => Promise<PreparedNotice | undefined>;
}

const PAGE = 200;

/** Goes through everything that ends within 60 days; answers how many warnings were given. */
export async function warnOfEnds(parts: ExpiryParts): Promise<number> {
  const { store, clock } = parts;
  const now = clock.now();
  let warned = 0;
  let after: AccountCertificate | undefined;
  for (;;) {
    const page: readonly AccountCertificate[] = await store.certificates.listCertificates({
      limit: PAGE,
      endsFrom: now,
      endsBefore: instant(now + days(WARNING_DAYS[0]) + 1),
      ...defined({ after }),
    });
    for (const certificate of page) if (await warn(parts, certificate)) warned += 1;
    after = page.at(-1);
    if (page.length < PAGE) return warned;
  }
}

async function warn(parts: ExpiryParts, certificate: AccountCertificate): Promise<boolean> {
  const { store, clock, log } = parts;
  const { notAfter, replaced, revoked, login, serial, use, fingerprint } = certificate;
  if (revoked !== undefined) return false;
  const earlier = WARNING_DAYS.filter((day) => day === certificate.warned);
  const due = dueWarning({ notAfter, warned: earlier, replaced }, clock.now());
  if (due === undefined) return false;
  const account = await store.registry.findAccount(login);
  if (account?.account.state !== 'active') return false;
  const fields = { account: login, serial, use, ends: new Date(notAfter).toISOString(), days: due };
  log.warn('certificate.ends', fields);
  const notice = await parts.endNotice({ certificate, due, daysLeft: daysLeft(notAfter, clock.now()) });
  if (notice !== undefined) {
    const outcome = await store.accept(notice.acceptance).finally(() => notice.discard());
    if (outcome.kind === 'refused') {
      log.warn('certificate.warning-refused', { account: login, serial, why: outcome.why });
      return false;
    }
  }
  await store.certificates.noteWarned(fingerprint, due);
  return true;
}
