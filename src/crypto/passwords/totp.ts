/**
 * One-time codes by the clock (TOTP, RFC 6238): six digits of an HMAC-SHA-1 over the half minute,
 * as every authenticator app computes them.
 *
 * A code is accepted in its own half minute and in the one before and after. The caller keeps the
 * step of the last code, so that each counts once.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Instant } from '../../domain/units.ts';
import { base32 } from '../keys/base32.ts';

/** RFC 4226 section 4: 160 bits. */
export const TOTP_KEY_OCTETS = 20;
const PERIOD = 30_000;
const DIGITS = 6;
const AROUND = 1;

export const stepAt = (now: Instant): number => Math.floor(now / PERIOD);

/** RFC 4226 section 5.3. */
export function totpCode(key: Uint8Array, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', key).update(counter).digest();
  const at = (mac.at(-1) ?? 0) & 0xf;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 10 ** DIGITS).padStart(DIGITS, '0');
}

/**
 * The step whose code was typed; undefined: it is the code of no nearby step. All steps are
 * compared, whichever matches.
 */
export function stepOf(key: Uint8Array, typed: string, now: Instant): number | undefined {
  const code = typed.replace(/\s/g, '');
  if (!/^\d{6}$/.test(code)) return undefined;
  let found: number | undefined;
  for (let step = stepAt(now) - AROUND; step <= stepAt(now) + AROUND; step += 1)
    if (timingSafeEqual(Buffer.from(totpCode(key, step)), Buffer.from(code))) found = step;
  return found;
}

/** The address that an authenticator app reads from a QR code, or that a person types. */
export const totpAddress = (key: Uint8Array, account: string, issuer: string): string =>
  `otpauth://totp/${encodeURIComponent(issuer)}:${encodeURIComponent(account)}?secret=${base32(key)}&issuer=${encodeURIComponent(issuer)}`;
