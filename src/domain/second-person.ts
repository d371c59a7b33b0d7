/**
 * Verbs for which one person is not enough. Two registered operators sign a request with keys of
 * their own: the name that a caller gives is no proof, a signature is. Which verbs, is the
 * operator's choice (`[operators] second-person`).
 */
import type { Instant } from './units.ts';
import { hours } from './units.ts';

/** `operator` is not chosen: it holds as soon as any other does. */
export const CHOSEN_VERBS = [
  'restore',
  'bundle',
  'erase',
  'address-move',
  'key',
  'end',
  'code',
  'site-alone',
  'store-move',
  'scan-exempt',
] as const;
export type ChosenVerb = (typeof CHOSEN_VERBS)[number];
export type SecondPersonVerb = ChosenVerb | 'operator';

/** How long a request waits, from when it was asked; its approval ends with it. */
export const REQUEST_LIFETIME = hours(1);
/** Requests that wait at a time. */
export const MAX_REQUESTS = 20;
export const MAX_OPERATORS = 100;
/** Signatures under one request; two count. */
export const MAX_SIGNATURES = 8;
/** Octets of the input that a request carries: people have to read it. */
export const MAX_REQUEST_INPUT = 16 * 1024;

export interface Operator {
  readonly name: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo), 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
}

/** What is asked: exactly this, and nothing else, is approved. */
export interface ApprovalRequest {
  /** Eight characters, as people type it. */
  readonly id: string;
  /** As in the table of operations, for example `audit.erase`. */
  readonly operation: string;
  readonly verb: SecondPersonVerb;
  /** The input as canonical JSON (crypto/trail/approval.ts). */
  readonly input: string;
  /** Who asked, as the caller said. */
  readonly askedBy: string;
  readonly reason: string;
  readonly askedAt: Instant;
  readonly endsAt: Instant;
  /**
   * Id of the passkey of the console's session that it was asked in: who asked is known then, and
   * is the first of the two. Absent: the caller said who he is.
   */
  readonly askedWith?: string;
}

export type Verdict = 'approved' | 'rejected';

/**
 * What an authenticator signed (WebAuthn level 3, section 6.3.3), with all that checks it later.
 */
export interface Assertion {
  /** Id of the passkey at the authenticator. */
  readonly credential: Uint8Array;
  /** COSE, as it was then. */
  readonly publicKey: Uint8Array;
  readonly authenticatorData: Uint8Array;
  /** clientDataJSON, as the browser made it: its challenge holds the hash of the statement. */
  readonly clientData: Uint8Array;
  readonly signature: Uint8Array;
}

/** A passkey's signature under a request, or its refusal. */
export interface PasskeySignature extends Assertion {
  /** Id of the passkey. */
  readonly passkey: string;
  readonly verdict: Verdict;
  /** What was signed: canonical JSON (crypto/trail/passkey-approval.ts). */
  readonly statement: string;
}

export interface ApprovalSignature {
  /** Fingerprint of the operator's key. */
  readonly fingerprint: string;
  /** When it was signed, by the signer's clock; signed with the rest. */
  readonly at: Instant;
  readonly signature: Uint8Array;
}

const NAME = /^[a-z0-9][a-z0-9.-]{0,31}$/;
export const isOperatorName = (text: string): boolean => NAME.test(text);
