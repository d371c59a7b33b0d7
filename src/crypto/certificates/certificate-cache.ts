/**
 * Remembers certificates that were read: in a closed group the same few come with every message,
 * and reading one costs more than checking a signature with it (0.15 ms to 0.03 ms). Only what the
 * octets say is remembered; whether a certificate is trusted is decided each time.
 */
import { hash } from 'node:crypto';
import type { Result } from '../../domain/result.ts';
import type { Unreadable } from './ber.ts';
import { type Certificate, readCertificate } from './certificate.ts';

export class CertificateCache {
  private readonly held = new Map<string, Certificate>();
  private readonly max: number;

  /** `max`: certificates, about 4 KB of memory each. */
  constructor(max = 1000) {
    this.max = max;
  }

  get size(): number {
    return this.held.size;
  }

  /** As `readCertificate` for DER. The octets are kept and must not change afterwards. */
  readonly read = (der: Buffer): Result<Certificate, Unreadable> => {
    const key = hash('sha256', der, 'hex');
    const known = this.held.get(key);
    if (known) {
      // The entry used last moves to the end; when the cache is full, the first one is dropped.
      this.held.delete(key);
      this.held.set(key, known);
      return { ok: true, value: known };
    }
    const read = readCertificate(der);
    if (!read.ok) return read;
    this.held.set(key, read.value);
    const [oldest] = this.held.keys();
    if (this.held.size > this.max && oldest !== undefined) this.held.delete(oldest);
    return read;
  };
}
