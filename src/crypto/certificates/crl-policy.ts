/**
 * What revocation lists mean for one certificate now, and what happens when a list is overdue:
 * decided in one place, pure.
 *
 * The default fails closed, with a week's grace: an authority whose download place is down for a
 * day must not lock a hospital out of its laboratory results, but a list that nobody has renewed
 * for weeks protects nobody.
 */
import { type Instant, type Milliseconds, days, minutes } from '../../domain/units.ts';
import type { Certificate } from './certificate.ts';
import type { Revocation } from './certificate-path.ts';
import type { Crl } from './crl.ts';
import { nameKey } from './distinguished-name.ts';

export interface CrlPolicy {
  /** How long after `nextUpdate` a list still counts; each such use is logged. */
  readonly grace: Milliseconds;
  /** What happens to certificates whose list is overdue beyond the grace. */
  readonly overdue: 'accept' | 'refuse';
  /**
   * What happens to certificates of an issuer without a list. `accept` suits issuers that publish
   * none. Our own authority needs none here: the registry knows what it revoked.
   */
  readonly withoutList: 'accept' | 'refuse';
}
export const DEFAULT_CRL_POLICY: CrlPolicy = { grace: days(7), overdue: 'refuse', withoutList: 'refuse' };

/** `future`: made later than now, by more than clocks differ. `grace`: overdue, still counting. */
export type Freshness = 'fresh' | 'grace' | 'overdue' | 'future';

const CLOCK_SKEW = minutes(10);

export function freshnessOf(crl: Crl, policy: CrlPolicy, now: Instant): Freshness {
  if (crl.thisUpdate > now + CLOCK_SKEW) return 'future';
  const due = crl.nextUpdate ?? crl.thisUpdate;
  if (now <= due) return 'fresh';
  return now <= due + policy.grace ? 'grace' : 'overdue';
}

/** True if the list covers this certificate (RFC 5280 section 6.3.3 b). */
function covers(crl: Crl, certificate: Certificate): boolean {
  const authority = certificate.basicConstraints?.ca === true;
  if (crl.scope.only === 'end-entities' && authority) return false;
  if (crl.scope.only === 'authorities' && !authority) return false;
  return crl.scope.urls.length === 0 || crl.scope.urls.some((url) => certificate.crlUrls.includes(url));
}

/**
 * The verified lists of all issuers (`verifyCrl`), looked up by issuer; a new list of the same
 * issuer and scope replaces the old one.
 */
export class CrlShelf {
  private readonly byIssuer = new Map<string, readonly { readonly crl: Crl; readonly issuer: Certificate }[]>();

  /**
   * Adds a list that was verified against `issuer`. False if a newer one is held: an old list must
   * not bring a revoked certificate back.
   */
  put(crl: Crl, issuer: Certificate): boolean {
    const key = nameKey(crl.issuer);
    const scope = JSON.stringify(crl.scope);
    const held = this.byIssuer.get(key) ?? [];
    const sameKind = (h: { readonly crl: Crl; readonly issuer: Certificate }): boolean =>
      JSON.stringify(h.crl.scope) === scope && h.issuer.publicKey.equals(issuer.publicKey);
    if (held.some((h) => sameKind(h) && h.crl.thisUpdate > crl.thisUpdate)) return false;
    this.byIssuer.set(key, [...held.filter((h) => !sameKind(h)), { crl, issuer }]);
    return true;
  }

  /**
   * For `findPath`. An entry counts in any list, also an overdue one: nothing makes a revoked
   * certificate good again.
   */
  check(certificate: Certificate, issuer: Certificate, policy: CrlPolicy, now: Instant): Revocation {
    const lists = (this.byIssuer.get(nameKey(certificate.issuer)) ?? []).filter(
      (held) => held.issuer.publicKey.equals(issuer.publicKey) && covers(held.crl, certificate),
    );
    for (const { crl } of lists) {
      const entry = crl.find(certificate.serial);
      if (entry) return { kind: 'revoked', ...entry };
    }
    if (lists.some(({ crl }) => ['fresh', 'grace'].includes(freshnessOf(crl, policy, now)))) return { kind: 'good' };
    const missing = lists.length === 0;
    if ((missing ? policy.withoutList : policy.overdue) === 'accept') return { kind: 'good' };
    const why = missing ? 'its issuer has no revocation list here' : 'the revocation list of its issuer is overdue';
    return { kind: 'unknown', text: why };
  }
}
