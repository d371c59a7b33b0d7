/**
 * Certificates that a program renews (certbot, lego), and when it has stopped doing so.
 *
 * Such programs ask for a new one when a third of its life is left, and try again each day; so does
 * the advice of authorities for lives of 90, 47 and 6 days alike. What is left below that third is
 * the time in which somebody can still act, so it is told in shares of the life, not in days.
 */
import { type Instant, days } from './units.ts';

/**
 * `program`: one renews it. `hand`: nobody but people. `auto`: a program, where it lives so short
 * that nobody would by hand.
 */
export const RENEWALS = ['auto', 'program', 'hand'] as const;
export type Renewal = (typeof RENEWALS)[number];

interface Life {
  readonly notBefore: Instant;
  readonly notAfter: Instant;
}

/**
 * Those of ACME live for 90 days at most; from 2027 on the CA/Browser Forum lets nobody issue for
 * more than 100.
 */
const SHORT_LIVED = days(100);
/**
 * Of its life. A tenth less than the third at which programs begin: one night that fails is no
 * alarm.
 */
const LATE = 0.3;

export const isRenewedByProgram = (renewal: Renewal, { notBefore, notAfter }: Life): boolean =>
  renewal === 'program' || (renewal === 'auto' && notAfter - notBefore <= SHORT_LIVED);

/** Of one that a program renews: it should have been replaced by now. */
export const isRenewalLate = ({ notBefore, notAfter }: Life, now: Instant): boolean =>
  notAfter - now < LATE * (notAfter - notBefore);
