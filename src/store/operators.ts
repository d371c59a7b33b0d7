/**
 * The operators' part of the store port: who they are, their tokens, and what waits for a second of
 * them.
 */
import type { Role } from '../domain/roles.ts';
import type { ApprovalRequest, ApprovalSignature, PasskeySignature } from '../domain/second-person.ts';
import type { Instant } from '../domain/units.ts';

export interface OperatorRecord {
  readonly name: string;
  readonly role: Role;
  /** Name of the only organisation that the operator may do anything for. */
  readonly organisation?: string;
  /** SHA-256 of a client certificate, 64 hexadecimal digits. */
  readonly certificate?: string;
  /** Fingerprint of the public key by which the operator signs. */
  readonly fingerprint?: string;
  readonly addedAt: Instant;
  /** From then on the operator may do nothing, and signs nothing. */
  readonly endsAt?: Instant;
}

export interface NewOperator {
  readonly name: string;
  readonly role: Role;
  readonly organisation?: string;
  readonly certificate?: string;
  readonly key?: { readonly fingerprint: string; readonly publicKey: Uint8Array };
  readonly endsAt?: Instant;
}

/** What can change of an operator; an absent field stays as it is. */
export type OperatorChange = Partial<Pick<NewOperator, 'role' | 'certificate' | 'key' | 'endsAt'>>;

export interface TokenRecord {
  /** Eight characters that are no secret. */
  readonly id: string;
  readonly operator: string;
  /** The token may do what this role and its operator's role have in common. */
  readonly role: Role;
  /** The token is accepted from these networks only; empty: from everywhere. */
  readonly networks: readonly string[];
  readonly addedAt: Instant;
  readonly endsAt: Instant;
  /** The token, or its operator, was ended before its time. */
  readonly endedAt?: Instant;
  /** Last use, to the hour. */
  readonly lastUsedAt?: Instant;
}

export interface NewToken extends Pick<TokenRecord, 'id' | 'operator' | 'role' | 'networks' | 'endsAt'> {
  /** SHA-256 of the whole token. */
  readonly hash: Uint8Array;
}

/** A token, and whose it is: what is needed to let somebody in. */
export interface HeldToken extends TokenRecord {
  readonly hash: Uint8Array;
  readonly holder: OperatorRecord;
}

/** A signature as it is stored, with its operator. */
export interface HeldSignature extends PasskeySignature {
  /** Name of the operator who has the passkey. */
  readonly operator: string;
  /** Passkey and operator hold still, and are as they were. */
  readonly holds: boolean;
}

export interface ApprovalRecord extends ApprovalRequest {
  /** Signatures in the order in which they came. */
  readonly signatures: readonly ApprovalSignature[];
  /** Those by passkeys, in the order in which they came. */
  readonly passkeys: readonly HeldSignature[];
  /** The passkey that it was asked with is the asker's, and holds still. */
  readonly isAskerKnown: boolean;
  readonly usedAt?: Instant;
  readonly rejectedAt?: Instant;
}

/**
 * By what one of the two is bound to a request: the fingerprint of a key, or the id of a passkey
 * that signed it, or with which it was asked.
 */
export type Bound = { readonly key: string } | { readonly passkey: string };
