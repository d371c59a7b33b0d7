/**
 * What `check` and `doctor` say about certificates that a program should have renewed. It reads the
 * files, so that it can be asked before a start as well.
 */
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { tlsFilesOf } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import { isRenewalLate, isRenewedByProgram } from '../domain/renewal.ts';
import type { DoctorFinding } from '../domain/doctor.ts';
import { type Instant, days, instant } from '../domain/units.ts';

/** A file that cannot be read is reported by the part that serves it. */
export function renewalFindings(config: Config, now: Instant): readonly DoctorFinding[] {
  const files = new Set(tlsFilesOf(config).flatMap(({ certificate }) => certificate));
  return [...files].flatMap((file, n) => {
    const life = lifeOf(file);
    if (life === undefined || !isRenewedByProgram(config.tls.renewal, life) || !isRenewalLate(life, now)) return [];
    const whole = Math.round((life.notAfter - life.notBefore) / days(1));
    const what =
      `the certificate in ${file} ends at ${new Date(life.notAfter).toISOString()} and was not renewed, though less than three tenths of its ${whole} days are left: ` +
      'look at the last run of what renews it ("systemctl list-timers", the log of certbot or lego) and at its hook; where people renew it, set tls.renewal = "hand"';
    return [{ id: `renewal.${n + 1}`, severity: 'warning', what }];
  });
}

function lifeOf(file: string): { readonly notBefore: Instant; readonly notAfter: Instant } | undefined {
  try {
    const { validFrom, validTo } = new X509Certificate(readFileSync(file));
    return { notBefore: instant(Date.parse(validFrom)), notAfter: instant(Date.parse(validTo)) };
  } catch {
    return undefined;
  }
}
