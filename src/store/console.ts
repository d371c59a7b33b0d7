/**
 * The console's part of the store port: passkeys of operators, one-time codes for them, and who is
 * logged in.
 */
import type { Means } from '../domain/console.ts';
import type { Role } from '../domain/roles.ts';
import type { Instant, Milliseconds } from '../domain/units.ts';
import type { OperatorRecord } from './operators.ts';

/** What a browser's authenticator told when the passkey was made. */
export interface NewPasskey {
  /** Eight characters that are no secret. */
  readonly id: string;
  /** Its id at the authenticator. */
  readonly credential: Uint8Array;
  /** COSE. */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  /** As WebAuthn has them, such as `internal` and `usb`. */
  readonly transports: readonly string[];
  /** AAGUID: which model it is. */
  readonly model: string;
  /** True: the passkey is copied between the devices of its owner. */
  readonly synced: boolean;
}

export interface PasskeyRecord extends Pick<NewPasskey, 'id' | 'transports' | 'model' | 'synced'> {
  readonly operator: string;
  readonly addedAt: Instant;
  readonly lastUsedAt?: Instant;
  readonly endedAt?: Instant;
}

/** A passkey that holds, with its operator: what a login needs. */
export interface HeldPasskey extends NewPasskey {
  readonly holder: OperatorRecord;
}

/**
 * Whom an OpenID provider means: its address, and whom it calls so for good (OpenID Connect Core
 * 1.0, section 2).
 */
export interface Identity {
  readonly issuer: string;
  readonly subject: string;
}

export interface IdentityRecord extends Identity {
  /** Eight characters that are no secret. */
  readonly id: string;
  readonly operator: string;
  readonly addedAt: Instant;
  readonly lastUsedAt: Instant;
  /** The operator has ended: a login by this identity is refused until it is released. */
  readonly endedAt?: Instant;
}

/**
 * `certificate`: what the provider has judged is one factor, and the client certificate with this
 * SHA-256 is to be the other: it must be his.
 */
export interface Vouching extends Identity {
  readonly certificate?: string;
}

/** Somebody whom the provider has judged: what he is to be here. */
export interface Federated extends Vouching {
  /** Names to be known by, the best first, should he be new. */
  readonly names: readonly string[];
  readonly role: Role;
  /** The only one that he may do anything for. */
  readonly organisation?: string;
}

/** The account for emergencies. */
export interface BreakGlassRecord {
  readonly role: Role;
  /** Hash of the password and key of the codes (crypto/passwords/break-glass.ts). */
  readonly sealed: Uint8Array;
  readonly madeAt: Instant;
  /** When somebody last logged in with it. */
  readonly triedAt?: Instant;
}

/** The session of a browser that is logged in from now on. */
export interface NewSession {
  /** Eight characters that are no secret. */
  readonly id: string;
  /** SHA-256 of what the browser has. */
  readonly hash: Uint8Array;
  /** The range of networks that it holds for. */
  readonly network: string;
}

/** How long sessions are valid: without a request, and at most. */
export interface SessionTimes {
  readonly idle: Milliseconds;
  readonly longest: Milliseconds;
}

export interface SessionRecord extends Pick<NewSession, 'id' | 'network'> {
  readonly operator: string;
  readonly means: Means;
  /** Id of the passkey; absent if none was used. */
  readonly passkey?: string;
  readonly madeAt: Instant;
  /** Last use, to the minute. */
  readonly seenAt: Instant;
  /** When the passkey was last used. */
  readonly provenAt: Instant;
}

/** A session that holds, with its operator. */
export interface HeldSession extends SessionRecord {
  readonly holder: OperatorRecord;
}

export type CodeTried =
  | { readonly kind: 'valid'; readonly holder: OperatorRecord }
  /** `spent`: too many wrong tries. `ended`: used, voided, too old, or its operator has ended. */
  | { readonly kind: 'refused'; readonly why: 'unknown' | 'wrong' | 'spent' | 'ended'; readonly operator?: string };
