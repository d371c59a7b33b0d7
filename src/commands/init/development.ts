/** Throw-away certificates for tests and development. */
import { X509Certificate } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Instant, days } from '../../domain/units.ts';
import { systemClock } from '../../platform/clock.ts';
import { refuseExisting, writeNew } from './write.ts';

const DEVELOPMENT_FILES = ['ca.pem', 'ca-key.pem', 'server.pem', 'server-key.pem'] as const;
/** Development certificates are made again this long before their end. */
const NEAR = days(30);

/**
 * Makes new development certificates if the old ones end soon or cannot be read. True if it made
 * them.
 */
export async function freshDevelopmentCertificates(
  folder: string,
  hostname: string,
  now: Instant = systemClock.now(),
): Promise<boolean> {
  const ends = endOf(resolve(folder, 'server.pem'));
  if (ends !== undefined && ends - now > NEAR) return false;
  for (const name of DEVELOPMENT_FILES) rmSync(resolve(folder, name), { force: true });
  await developmentCertificates(folder, hostname);
  return true;
}

/** The end of a certificate, in milliseconds since 1970; undefined if there is none. */
function endOf(file: string): number | undefined {
  try {
    return Date.parse(new X509Certificate(readFileSync(file)).validTo);
  } catch {
    return undefined;
  }
}

/**
 * Makes an authority and a certificate for a server, with the names that people use on a
 * development machine.
 */
export async function developmentCertificates(folder: string, hostname: string): Promise<void> {
  const file = (name: string): string => resolve(folder, name);
  refuseExisting(DEVELOPMENT_FILES.map(file));
  const { makeDevelopmentCertificates } = await import('../../crypto/certificates/development-ca.ts');
  const made = await makeDevelopmentCertificates(
    [...new Set([hostname, 'localhost', '127.0.0.1', '::1'])],
    systemClock.now(),
  );
  mkdirSync(folder, { recursive: true });
  writeNew(file('ca-key.pem'), made.ca.key, 0o600);
  writeNew(file('ca.pem'), made.ca.certificate, 0o644);
  writeNew(file('server-key.pem'), made.server.key, 0o600);
  writeNew(file('server.pem'), made.server.certificate, 0o644);
}
