/**
 * Warns the operator of certificates that end and are no account's: of listeners, authorities,
 * evidence and partners. In the log and by a letter, 60, 30 and 7 days before; of those that
 * programs renew by themselves 7 days before, and once a program has not done so in time.
 *
 * A certificate that stands in several places is one letter. What was warned of is known by the
 * letters' keys, so a round that is repeated says nothing twice.
 */
import { WARNING_DAYS, type WarningDay, daysLeft, dueWarning } from '../crypto/certificates/certificate-expiry.ts';
import {
  type GatewayCertificates,
  type Judged,
  endingOf,
  renewalLate,
  renewedInTime,
  warningDaysOf,
} from '../crypto/certificates/gateway-certificates.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { Instant } from '../domain/units.ts';
import { groupedBy } from '../domain/grouped-by.ts';
import { gatewayCertificateLetters } from '../letters/gateway-certificate.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { Store } from '../store/port/store.ts';
import type { NoticeWriter } from './notice-writer.ts';

export interface GatewayCertificateEndsParts {
  readonly noticeWriter: NoticeWriter;
  readonly store: Pick<Store, 'accept'> & { readonly deliveries: Pick<Deliveries, 'usedKeys'> };
  readonly clock: Clock;
  readonly log: Log;
  readonly certificates: () => Promise<GatewayCertificates>;
}

/** One round; answers how many letters were filed. */
export async function warnOfGatewayCertificates(
  { noticeWriter, store, clock, log, certificates }: GatewayCertificateEndsParts,
  stopped: () => boolean = () => false,
): Promise<number> {
  const { certificates: all, unread } = await certificates();
  for (const { kind, why } of unread) log.warn('certificate.unread', { kind, why });
  const ending = endingOf(all, clock.now(), WARNING_DAYS[0]).filter((one) => !renewedInTime(one, clock.now()));
  tellLate(log, all, clock.now());
  let told = 0;
  for (const [fingerprint, places] of groupedBy(ending, (one) => `${one.kind}:${one.certificate.fingerprint}`)) {
    if (stopped()) return told;
    const due = await dueOf(fingerprint, places, { store, clock });
    if (due === undefined) continue;
    const [{ kind, certificate }] = places;
    const names = places.map(({ name }) => name);
    const ends = new Date(certificate.notAfter).toISOString();
    log.warn('certificate.ends', {
      kind,
      names: names.join(', '),
      fingerprint: certificate.fingerprint,
      ends,
      days: due,
    });
    const notice = await noticeWriter.letter(await noticeWriter.places.operator(), {
      kind: `gateway-certificate-ends-${due}`,
      once: onceOf(fingerprint, due),
      letters: gatewayCertificateLetters(places, daysLeft(certificate.notAfter, clock.now())),
    });
    if (notice === undefined) continue;
    if ((await store.accept(notice.acceptance).finally(() => notice.discard())).kind === 'filed') told += 1;
  }
  return told;
}

/** Daily, one line for a certificate. */
function tellLate(log: Log, all: GatewayCertificates['certificates'], now: Instant): void {
  const late = all.filter((one) => renewalLate(one, now));
  for (const [fingerprint, places] of groupedBy(late, (one) => one.certificate.fingerprint)) {
    const { notAfter } = places[0].certificate;
    log.warn('certificate.renewal-late', {
      names: places.map(({ name }) => name).join(', '),
      fingerprint,
      ends: new Date(notAfter).toISOString(),
      days: daysLeft(notAfter, now),
    });
  }
}

const onceOf = (which: string, day: number): string => `gateway-certificate:${which}:${day}`;

async function dueOf(
  which: string,
  places: readonly [Judged, ...Judged[]],
  { store, clock }: Pick<GatewayCertificateEndsParts, 'store' | 'clock'>,
): Promise<WarningDay | undefined> {
  const asked = WARNING_DAYS.filter((day) => places.some((one) => warningDaysOf(one, clock.now()).includes(day)));
  const used = new Set(await store.deliveries.usedKeys(asked.map((day) => onceOf(which, day))));
  const warned = asked.filter((day) => used.has(onceOf(which, day)));
  const { notAfter } = places[0].certificate;
  const due = dueWarning({ notAfter, warned, replaced: false }, clock.now());
  return due !== undefined && asked.includes(due) ? due : undefined;
}
