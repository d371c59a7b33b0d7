/**
 * What ties an account to its organisation and to others of it: certificates that name it, rights
 * and duties across its border.
 */
import type { Address } from '../domain/address.ts';
import type { Instant } from '../domain/units.ts';
import type { CertificateUse } from './certificates.ts';

/** A valid certificate that names the organisation which its holder leaves. */
export interface NamingReference {
  readonly fingerprint: string;
  readonly use: CertificateUse;
  readonly subject: string;
  /** Serial number of a certificate that was issued here or registered for mail. */
  readonly serial?: string;
  /** How the certificate is registered for login, if it is not kept itself. */
  readonly registration?: string;
  /** Issued by an authority of this gateway, whose revocation list others read. */
  readonly own: boolean;
}

/** An account may send as an address of another one. */
export interface DelegationReference {
  readonly address: Address;
  /** The account that may send as the address. */
  readonly login: string;
}

/** Mail for `address` goes to `substitute` while its owner is away. */
export interface SubstituteReference {
  readonly address: Address;
  readonly substitute: Address;
}

/** What ends with an account, beside its login and its addresses. */
export interface EndingReferences {
  /** Valid certificates by an authority of this gateway: revoked, and on its list. */
  readonly certificates: readonly Pick<NamingReference, 'fingerprint' | 'use' | 'subject' | 'serial'>[];
  /** Rights that are taken back: of others to its addresses, and of it to theirs. */
  readonly delegations: readonly DelegationReference[];
}

/** An organisation as references are judged by it: its number, and what certificates call it. */
export interface TiedOrganisation {
  readonly id: number;
  readonly name: string;
  readonly title: string;
}

/** What the preview of a merge lists for an account. */
export interface MergeReferences {
  /**
   * Valid certificates by an authority of this gateway that name an organisation which it is no
   * more.
   */
  readonly certificates: readonly (Required<Pick<NamingReference, 'fingerprint' | 'use' | 'subject' | 'serial'>> & {
    readonly notAfter: Instant;
  })[];
  /** Addresses of a third organisation that it may send as. */
  readonly sendsAs: readonly { readonly address: Address; readonly organisation: string }[];
}

/** Most references of one kind that are cut in one transaction. */
export const MAX_REFERENCES = 500;
