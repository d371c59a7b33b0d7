/**
 * The state of a certificate, and which warnings about its end are due. Pure: earlier warnings come
 * in.
 */
import { type Instant, days } from '../../domain/units.ts';

export type CertificateState = 'valid' | 'not-yet-valid' | 'expired' | 'revoked';

/** State of a certificate now. `revoked`: anything but undefined. */
export function certificateState(
  {
    revoked,
    notBefore,
    notAfter,
  }: { readonly revoked?: unknown; readonly notBefore: Instant; readonly notAfter: Instant },
  now: Instant,
): CertificateState {
  if (revoked !== undefined) return 'revoked';
  if (notAfter < now) return 'expired';
  return notBefore > now ? 'not-yet-valid' : 'valid';
}

/** Days before the end at which a warning is due. */
export const WARNING_DAYS = [60, 30, 7] as const;
export type WarningDay = (typeof WARNING_DAYS)[number];

export interface WarningState {
  readonly notAfter: Instant;
  /** Warnings already sent for this certificate. */
  readonly warned: readonly WarningDay[];
  /**
   * Another certificate of the account for the same use is valid for longer: nobody needs to do
   * anything.
   */
  readonly replaced: boolean;
}

/**
 * The one warning to send now. After a pause of the gateway only the most urgent of several missed
 * ones is sent, and an earlier one is never sent after a later one. Undefined when none is due, or
 * when it is too late to warn.
 */
export function dueWarning({ notAfter, warned, replaced }: WarningState, now: Instant): WarningDay | undefined {
  if (replaced || now >= notAfter) return undefined;
  const passed = WARNING_DAYS.filter((day) => now >= notAfter - days(day));
  const latest = passed.at(-1);
  return latest === undefined || warned.some((day) => day <= latest) ? undefined : latest;
}

/** Whole days left, rounded down; 0 on the last day. */
export const daysLeft = (notAfter: Instant, now: Instant): number =>
  Math.max(0, Math.floor((notAfter - now) / days(1)));
