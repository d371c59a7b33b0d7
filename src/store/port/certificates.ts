/** The port of certificates and keys, for those who issue, register and look them up. */
import type { AddressKey } from '../../domain/address.ts';
import type { AuthorityRecord, MailRecord } from '../certificates.ts';
import type { AuthorityChanges } from '../changes/authorities.ts';
import type { CertificateChanges } from '../changes/certificates.ts';
import type { EnrolmentChanges } from '../changes/enrolments.ts';
import type { MailKeyChanges } from '../changes/mail-keys.ts';
import type { OperatorChanges } from '../changes/operators.ts';
import type { PgpKeyChanges } from '../changes/pgp-keys.ts';
import type { CertificateReads } from '../reads/certificates.ts';
import type { OperatorReads } from '../reads/operators.ts';
import type { PgpKeyReads } from '../reads/pgp-keys.ts';
import type { Remote } from '../sql/remote.ts';

export interface Operators extends Remote<OperatorChanges>, Remote<OperatorReads> {}

export interface PgpKeys extends Remote<PgpKeyChanges>, Remote<PgpKeyReads> {}

/**
 * Changes throw RegistryError: `exists` for a serial number that its issuer used before, `unknown`,
 * `ended` and `invalid` as in the registry.
 */
export interface Certificates
  extends
    Remote<AuthorityChanges>,
    Remote<CertificateChanges>,
    Remote<CertificateReads>,
    Remote<EnrolmentChanges>,
    Remote<MailKeyChanges> {
  /**
   * All, oldest first; at most 1000. Cached and always current, as the roads' reads of the registry
   * are.
   */
  listAuthorities(): Promise<readonly AuthorityRecord[]>;
  /** What is known of an address for mail. Cached in the same way. */
  findMail(key: AddressKey): Promise<MailRecord>;
  /**
   * Called after every committed change of authorities or revocations. For memories that must
   * forget.
   */
  onChange(listener: () => void): void;
}
