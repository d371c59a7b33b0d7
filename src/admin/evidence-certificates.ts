/**
 * Certificates that played a part in what happened to a message, and whether each was valid at that
 * time.
 */
import { type CertificateState, certificateState } from '../crypto/certificates/certificate-expiry.ts';
import { certificatePem, readCertificate } from '../crypto/certificates/certificate.ts';
import { defined } from '../domain/defined.ts';
import { type Instant, iso } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import type { Store } from '../store/port/store.ts';

export interface UsedCertificate {
  /** SHA-256 in hexadecimal digits. */
  readonly fingerprint: string;
  /**
   * What it was used for. `login`: the sender's program logged in with it. `signer`: the gateway
   * signed with it. `recipient`: the message was encrypted to it. `verified`: a signature on the
   * incoming message was made with it.
   */
  readonly use: 'login' | 'signer' | 'recipient' | 'verified';
  /** The row of the trail that tells of it, and when that was. */
  readonly row: number;
  readonly at: string;
  /**
   * Its state at that time. `unregistered`: no account here has it, or no longer has it; only its
   * fingerprint is known.
   */
  readonly standing: CertificateState | 'unregistered';
  readonly subject?: string;
  readonly issuer?: string;
  readonly serial?: string;
  readonly from?: string;
  readonly until?: string;
  /** Set even if the certificate was revoked later. */
  readonly revoked?: { readonly at: string; readonly reason?: string };
  readonly pem?: string;
}

/** Most certificates in one bundle of evidence. */
const MAX_CERTIFICATES = 200;

const isFingerprint = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{64}$/.test(text);
const listed = (value: unknown): readonly string[] =>
  (Array.isArray(value) ? value : typeof value === 'string' ? value.split(' ') : []).filter(isFingerprint);

function namedIn({
  event,
  facts = {},
  personal = {},
}: AuditRow): readonly (readonly [UsedCertificate['use'], string])[] {
  const of = (use: UsedCertificate['use'], value: unknown) => listed(value).map((each) => [use, each] as const);
  switch (event) {
    case 'message.accepted':
      return of('login', personal.certificate);
    case 'message.protected':
      return [...of('signer', facts.certificate), ...of('recipient', personal.certificates)];
    default:
      return event.endsWith('.verified') || event.endsWith('.opened') ? of('verified', facts.certificates) : [];
  }
}

export async function certificatesIn(store: Store, rows: readonly AuditRow[]): Promise<readonly UsedCertificate[]> {
  const used = new Map<string, UsedCertificate>();
  for (const row of rows)
    for (const [use, fingerprint] of namedIn(row)) {
      const key = `${use} ${fingerprint}`;
      if (used.has(key) || used.size >= MAX_CERTIFICATES) continue;
      used.set(key, { ...(await known(store, row, fingerprint)), fingerprint, use, row: row.seq, at: iso(row.at) });
    }
  return [...used.values()];
}

type Known = Omit<UsedCertificate, 'fingerprint' | 'use' | 'row' | 'at'>;

async function known(store: Store, { at, account }: AuditRow, fingerprint: string): Promise<Known> {
  const [found] = await store.certificates.findCertificates(fingerprint);
  if (found !== undefined && found.registered !== true) {
    const { subject, issuer, serial, notBefore, notAfter, revoked } = found;
    const read = readCertificate(Buffer.from(found.der));
    return {
      subject,
      issuer,
      serial,
      from: iso(notBefore),
      until: iso(notAfter),
      ...defined({ revoked: revoked && { at: iso(revoked.at), reason: revoked.reason } }),
      ...(read.ok ? { pem: certificatePem(read.value) } : {}),
      standing: standingAt(at, found, revoked?.at),
    };
  }
  const owner = account === undefined ? undefined : await store.registry.findAccountById(account);
  const pinned = owner?.certificates.find((each) => each.fingerprint === fingerprint);
  if (pinned === undefined) return { standing: 'unregistered' };
  return {
    subject: pinned.about,
    from: iso(pinned.notBefore),
    until: iso(pinned.notAfter),
    ...(pinned.revokedAt === undefined ? {} : { revoked: { at: iso(pinned.revokedAt) } }),
    standing: standingAt(at, pinned, pinned.revokedAt),
  };
}

const standingAt = (
  at: Instant,
  { notBefore, notAfter }: { readonly notBefore: Instant; readonly notAfter: Instant },
  revokedAt: Instant | undefined,
): UsedCertificate['standing'] =>
  certificateState(
    { notBefore, notAfter, revoked: revokedAt === undefined || revokedAt > at ? undefined : revokedAt },
    at,
  );
