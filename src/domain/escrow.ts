/**
 * What is known of the shares of the master key, never the shares; and what an operator is reminded
 * of.
 */
import { type Instant, days } from './units.ts';

export interface Escrow {
  /** Fingerprint of the key that was split. */
  readonly fingerprint: string;
  readonly set: string;
  readonly needed: number;
  readonly custodians: readonly string[];
  readonly madeAt: Instant;
  readonly verifiedAt?: Instant;
}

/** How long a verification holds. */
const VERIFIED_FOR = days(365);

/** What to do about the escrow of the key with this fingerprint; undefined if nothing is. */
export function escrowReminder(escrow: Escrow | undefined, fingerprint: string, now: Instant): string | undefined {
  if (escrow === undefined)
    return 'the master key was never put in escrow: whoever loses it loses every message; run "sluis key escrow"';
  if (escrow.fingerprint !== fingerprint)
    return 'the master key is another one than was put in escrow; run "sluis key escrow" again, and keep the old shares as long as backups need them';
  const { verifiedAt, set } = escrow;
  if (verifiedAt === undefined)
    return `nobody has shown that the shares of set ${set} make the master key; run "sluis key verify SHARE SHARE"`;
  if (now - verifiedAt > VERIFIED_FOR)
    return `the shares of set ${set} were last verified on ${new Date(verifiedAt).toISOString().slice(0, 10)}, more than a year ago; run "sluis key verify SHARE SHARE"`;
  return undefined;
}
