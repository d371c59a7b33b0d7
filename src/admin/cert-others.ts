/** Certificates that are no account's, in the lists of those that are. */
import { type RenewalCursor } from '../ca/enrol.ts';
import { certificatePem } from '../crypto/certificate.ts';
import { judgeReplaced } from '../crypto/gateway-certificates.ts';
import type { Milliseconds } from '../domain/units.ts';
import { type CertificateView, viewGatewayCertificate } from './cert-views.ts';
import type { AdminContext } from './context.ts';

const endKey = ({ ends, fingerprint }: CertificateView): string => `${ends} ${fingerprint}`;
export const byEnd = (a: CertificateView, b: CertificateView): number => (endKey(a) < endKey(b) ? -1 : 1);

interface Span {
  readonly after?: RenewalCursor;
  readonly to?: RenewalCursor;
  readonly within?: Milliseconds;
}

/**
 * Those that are no account's and end where a page has room for them: behind the page before, and no later than this one. With `within` also what
 * has ended and nothing replaces: it is in use.
 */
export async function othersWithin(
  { certificates, clock }: AdminContext,
  { after, to, within }: Span,
): Promise<readonly CertificateView[]> {
  const now = clock.now();
  const isBehind = (one: RenewalCursor, other: RenewalCursor): boolean =>
    one.notAfter > other.notAfter || (one.notAfter === other.notAfter && one.fingerprint > other.fingerprint);
  return judgeReplaced((await certificates()).certificates, now)
    .filter(
      ({ certificate, replaced }) =>
        (after === undefined || isBehind(certificate, after)) &&
        (to === undefined || !isBehind(certificate, to)) &&
        (within === undefined || (certificate.notAfter < now + within && (certificate.notAfter >= now || !replaced))),
    )
    .map((one) => viewGatewayCertificate(one, now));
}

/** One that is no account's, by its fingerprint or serial number. */
export async function otherNamed(
  { certificates, clock }: AdminContext,
  name: string,
): Promise<(CertificateView & { pem: string }) | undefined> {
  const now = clock.now();
  const found = judgeReplaced((await certificates()).certificates, now).find(
    ({ certificate: { fingerprint, serial } }) => fingerprint === name || serial === name,
  );
  return found === undefined
    ? undefined
    : { ...viewGatewayCertificate(found, now), pem: certificatePem(found.certificate) };
}
