/**
 * What the checks of a signature found, each by itself, so that *valid* is said only if every check
 * was made and passed, and so that the reader of a refusal learns which one failed.
 */
import type { Instant } from '../../domain/units.ts';
import type { Certificate } from '../certificates/certificate.ts';
import type { SignatureAlgorithm } from '../certificates/signature.ts';
import type { Capability } from './attributes.ts';
import type { Identifier } from './identifier.ts';

/**
 * - `message-digest`: the content is what was signed.
 * - `content-type`: its type is the one that was signed.
 * - `signature`: the signature over that was made with the key of the certificate.
 * - `attributes`: what else is signed agrees: the certificate that is meant, the algorithms.
 * - `strength`: neither hash nor key are such that a signature could be forged.
 * - `dates`, `key-usage`, `extended-key-usage`: the certificate is valid now, and may sign mail.
 * - `chain`: it leads to an authority that is trusted here.
 * - `revocation`: nobody in the chain has been taken back.
 * - `address`: it stands for the sender.
 */
export const CHECKS = [
  'message-digest',
  'content-type',
  'signature',
  'attributes',
  'strength',
  'dates',
  'key-usage',
  'extended-key-usage',
  'chain',
  'revocation',
  'address',
] as const;
export type Check = (typeof CHECKS)[number];

/**
 * `not-checked`: the check could not be made, for example since another one failed before; it
 * counts as little as `failed`.
 */
export type Finding =
  | { readonly kind: 'passed' }
  | { readonly kind: 'failed' | 'not-checked'; /** One line for logs and people. */ readonly text: string };

export const PASSED: Finding = { kind: 'passed' };
export const failed = (text: string): Finding => ({ kind: 'failed', text });
export const notChecked = (text: string): Finding => ({ kind: 'not-checked', text });

export interface SignerVerdict {
  readonly identifier: Identifier;
  /** The signer's certificate; undefined: it was neither sent along nor known. */
  readonly certificate: Certificate | undefined;
  readonly algorithm: SignatureAlgorithm;
  /** Signing time as the signer claims it; undefined: it claims none. */
  readonly signingTime: Instant | undefined;
  /** What the signer can read, best first. To be believed only of a valid signature. */
  readonly capabilities: readonly Capability[];
  readonly checks: Readonly<Record<Check, Finding>>;
}

export interface Verification {
  /** Dotted identifier of the content's type. */
  readonly contentType: string;
  /** Octets of the content. */
  readonly octets: number;
  /** `canonical`: the digest is right only when a bare LF counts as CRLF. */
  readonly form: 'exact' | 'canonical';
  /** Empty: nobody signed; there are messages that only carry certificates. */
  readonly signers: readonly SignerVerdict[];
  /** All readable certificates that came along; trusted for nothing. */
  readonly certificates: readonly Certificate[];
}

/** The checks that did not pass, in order. */
export const failures = (signer: SignerVerdict): readonly { readonly check: Check; readonly text: string }[] =>
  CHECKS.flatMap((check) => {
    const finding = signer.checks[check];
    return finding.kind === 'passed' ? [] : [{ check, text: finding.text }];
  });

const passedAll = (signer: SignerVerdict): boolean => failures(signer).length === 0;
const genuine = ({ checks }: SignerVerdict): boolean =>
  (['message-digest', 'content-type', 'signature'] as const).every((check) => checks[check].kind === 'passed');

/**
 * True if one signer passed every check and no other one contradicts the content. Nothing else may
 * say *valid*.
 */
export const isValid = (verification: Verification): boolean =>
  verification.signers.some(passedAll) && verification.signers.every(genuine);
