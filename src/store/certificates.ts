/**
 * The certificates' part of the store port: the gateway's own authorities, the certificates of
 * accounts, one-time enrolment codes.
 *
 * Each change is one transaction with its audit row. Private keys of authorities lie sealed in the
 * key folder; those of accounts leave with their owner, except for mail keys that the gateway holds
 * to sign or to open: these are here, sealed, and nothing else of them ever is. Rows are never
 * deleted, so a serial number is never used twice.
 */
import type { AccountId } from '../domain/ids.ts';
import type { MailCapability } from '../domain/mail-capability.ts';
import type { Instant } from '../domain/units.ts';
import type { Actor } from './actor.ts';

/** `cross`: the key of one root certified by another one, for roll-over. */
export type AuthorityRole = 'root' | 'issuing' | 'cross';

export interface NewAuthority {
  readonly role: AuthorityRole;
  /** SHA-256 of the certificate, lowercase hexadecimal. */
  readonly fingerprint: string;
  readonly notAfter: Instant;
  readonly der: Uint8Array;
}

export interface AuthorityRecord extends NewAuthority {
  readonly id: number;
  /** The one of its role that signs now. */
  readonly current: boolean;
  /** Number of the last revocation list; 0: none was made. */
  readonly crlNumber: number;
}

export type CertificateUse = 'login' | 'mail';

export interface NewAccountCertificate {
  readonly fingerprint: string;
  /** Lowercase hexadecimal without leading zeros; unique for its issuer. */
  readonly serial: string;
  /** The issuer's name as text. */
  readonly issuer: string;
  /** The authority of ours that issued it; absent for a certificate of somebody else. */
  readonly authority?: number;
  readonly use: CertificateUse;
  readonly subject: string;
  readonly emails: readonly string[];
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly der: Uint8Array;
  /** Fingerprint of the certificate that this one takes the place of. */
  readonly replaces?: string;
}

/**
 * `sealedKey`: the private key, for the gateway to hold; sealed for the fingerprint. Of
 * certificates for mail only.
 */
export interface KeptCertificate extends NewAccountCertificate {
  readonly sealedKey?: Uint8Array;
}

/** Most certificates for mail that one address ever has: a renewal a year for a lifetime. */
export const MAX_MAIL_CERTIFICATES = 64;

/** Certificates that are revoked in one transaction. */
export const MAX_REVOKED = 200;

/** What mail needs of a certificate. */
export interface MailCertificate {
  readonly fingerprint: string;
  /** The account of the certificate; it counts for no address of another account. */
  readonly account: AccountId;
  readonly der: Uint8Array;
  /**
   * Its private key is held here: sealed for the fingerprint (crypto/keys/sealed-key.ts,
   * `account-mail`).
   */
  readonly sealedKey?: Uint8Array;
  readonly revoked?: { readonly at: Instant; readonly reason: string };
}

export type CapabilitySource = 'operator' | 'seen';

export interface NotedCapabilities {
  readonly source: CapabilitySource;
  readonly names: readonly MailCapability[];
  readonly at: Instant;
}

/** All that is known of one address for mail, in one read. */
export interface MailRecord {
  /** Newest first, in any state: at most 64. */
  readonly certificates: readonly MailCertificate[];
  /** What the operator registered comes before what was seen. */
  readonly capabilities?: NotedCapabilities;
}

export interface AccountCertificate extends NewAccountCertificate {
  readonly account: AccountId;
  readonly login: string;
  readonly createdAt: Instant;
  readonly revoked?: { readonly at: Instant; readonly reason: string };
  /** Days before the end of the last warning that was sent. */
  readonly warned?: number;
  /**
   * A certificate that was not revoked takes its place: nobody needs to do anything. Another one of
   * the account is no replacement: it may be another workplace's.
   */
  readonly replaced: boolean;
  /** The gateway holds its private key. */
  readonly keyHeld: boolean;
  /**
   * It was registered for login alone (`Registry.addCertificate`). Then `subject` is what that says
   * for people, `serial` the fingerprint, and `issuer`, `emails` and `der` are empty.
   */
  readonly registered?: true;
}

export interface CertificateQuery {
  /** At most this many, 1 to 1000; by end, then fingerprint. */
  readonly limit: number;
  readonly after?: { readonly notAfter: Instant; readonly fingerprint: string };
  readonly login?: string;
  readonly endsFrom?: Instant;
  readonly endsBefore?: Instant;
}

export interface RevokedCertificate {
  readonly fingerprint: string;
  readonly serial: string;
  readonly at: Instant;
  readonly reason: string;
}

/** What a code fetches: a certificate, or the right to set a password. */
export type EnrolmentUse = CertificateUse | 'password';
/** What a code is shown for. */
export type WantedUse = 'password' | 'certificate';
export const wantedUse = (use: EnrolmentUse): WantedUse => (use === 'password' ? 'password' : 'certificate');

interface AnyEnrolment {
  /** The part of the code that may be seen; not secret. */
  readonly id: string;
  /** SHA-256 of the whole code. */
  readonly hash: Uint8Array;
  readonly login: string;
  readonly expiresAt: Instant;
  /** Wrong codes after which it is dead. */
  readonly tries: number;
}

/**
 * `notAfter`: end of the certificate that it fetches; `replaces`: fingerprint of the one that it
 * takes the place of.
 */
export type CertificateEnrolment = AnyEnrolment & {
  readonly use: CertificateUse;
  readonly notAfter: Instant;
  readonly replaces?: string;
};

export type PasswordEnrolment = AnyEnrolment & {
  readonly use: 'password';
  /** Name of the password that it sets; one of that name is replaced when the code is used. */
  readonly password: string;
  /** End of that password. */
  readonly notAfter?: Instant;
  /** All other passwords of the account go with it. */
  readonly others: boolean;
  /** Who gets the code: the registered contact, or the holder of the letter. */
  readonly by: 'contact' | 'letter';
};

export type NewEnrolment = CertificateEnrolment | PasswordEnrolment;

export type Enrolment =
  | {
      readonly login: string;
      readonly use: CertificateUse;
      readonly notAfter: Instant;
      readonly replaces?: string;
    }
  | { readonly login: string; readonly use: 'password'; readonly password: string; readonly notAfter?: Instant };

/**
 * Why a code is not valid. `other-use`: it is for something else. `other-login`: it belongs to
 * another account.
 */
export type EnrolmentFault = 'unknown' | 'too-many-tries' | 'wrong' | 'used' | 'expired' | 'other-use' | 'other-login';

/**
 * `refused`: which reason it was is for the audit trail, never for the answer. `account`: whose
 * code was tried.
 */
export type TriedEnrolment =
  | { readonly kind: 'valid'; readonly enrolment: Enrolment }
  | { readonly kind: 'refused'; readonly why: EnrolmentFault; readonly account?: AccountId };

/** An attempt to use a one-time code. */
export interface EnrolmentTry {
  readonly for: WantedUse;
  /** Login that was typed beside the code; absent: the page does not ask for one. */
  readonly login?: string;
  /**
   * Of the row in the audit trail that tells of a refusal; absent: the caller tells it, many in one
   * row.
   */
  readonly actor?: Actor;
}

/** A code that was not used yet, without its secret. */
export interface OpenCode {
  readonly id: string;
  readonly use: EnrolmentUse;
  readonly password?: string;
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly triesLeft: number;
}
