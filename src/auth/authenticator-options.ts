/** The parts of an authenticator, its limits, and the figures that it gives. */
import type { Certificate } from '../crypto/certificates/certificate.ts';
import type { Revocation } from '../crypto/certificates/certificate-path.ts';
import type { scramVerifier } from '../crypto/passwords/scram.ts';
import type { Distribution } from '../domain/counts.ts';
import type { Clock, Log, RandomBytes } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';
import { hours, milliseconds, seconds } from '../domain/units.ts';
import type { NetworkSet } from '../platform/network.ts';
import type { Whose } from '../platform/tally.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { Registry } from '../store/port/registry.ts';
import type { SharedCount } from '../store/shared-counts.ts';
import type { Authenticator } from './authenticator.ts';
import type { LoginCounts } from './login-notes.ts';
import { type ThrottleLimits, throttleDefaults } from './throttle.ts';
import { type QueueLimits, queueDefaults } from './verify-queue.ts';

export interface AuthenticatorLimits {
  readonly queue: QueueLimits;
  readonly throttle: ThrottleLimits;
  /** How long a success is remembered after its last use; `remembered`: how many are. */
  readonly rememberFor: Milliseconds;
  readonly remembered: number;
  /** A back-off no longer than this is waited out; a longer one is answered at once. */
  readonly shortWait: Milliseconds;
  /** Refusals leave at a multiple of this; 0: as soon as they are known. */
  readonly refusalGrid: Milliseconds;
}

export const authenticatorDefaults: AuthenticatorLimits = {
  queue: queueDefaults,
  throttle: throttleDefaults,
  rememberFor: hours(1),
  remembered: 100_000,
  shortWait: seconds(2),
  refusalGrid: milliseconds(300),
};

export interface AuthenticatorOptions {
  readonly registry: Pick<
    Registry,
    | 'findLogin'
    | 'findCertificate'
    | 'scramSaltKey'
    | 'notePasswordUse'
    | 'noteAppPasswordUse'
    | 'noteCertificateUse'
    | 'noteNetwork'
    | 'knownNetworks'
    | 'rehashPassword'
    | 'onChange'
  >;
  readonly audit: Pick<AuditTrail, 'note'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
  readonly limits?: Partial<AuthenticatorLimits>;
  /** Authorities whose client certificates may be registered by name. */
  readonly authorities?: readonly Certificate[];
  /** What the revocation lists of these authorities say. */
  readonly revocation?: (certificate: Certificate, issuer: Certificate) => Revocation;
  /**
   * Networks that are never throttled: the operator's own monitoring, a front that hides many
   * clients behind one address.
   */
  readonly exempt?: NetworkSet;
  /** Counts guesses together with the other gateways of the store. */
  readonly shared?: SharedCount;
  /** For tests that need no real hashing. */
  readonly passwords?: {
    readonly verify: (hash: string, text: string) => Promise<boolean>;
    readonly hash: (text: string) => Promise<string>;
    /** The SCRAM verifier of a password, or why it can have none. */
    readonly scram?: typeof scramVerifier;
  };
}

export interface AuthenticatorLoad {
  /** Passwords that wait for their hash, and those that are being hashed. */
  readonly waiting: number;
  readonly running: number;
  readonly remembered: number;
  /** Seconds that passwords waited before their hash began. */
  readonly waits: Distribution;
  readonly logins: LoginCounts;
}

export interface PasswordAuthenticator extends Authenticator {
  /** Uses other authorities, or other revocation lists, from now on, also for open sessions. */
  trust(authorities?: readonly Certificate[]): void;
  /** Writes the logins, refused and granted, that are only counted so far. */
  writeCounted(whose?: Whose): void;
  /**
   * Reads from which networks accounts logged in before the start. Call it before the first
   * listener opens.
   */
  recallNetworks(): Promise<void>;
  /** True if somebody has logged in from this network lately. */
  knows(network: string): boolean;
  /** For metrics. */
  readonly load: AuthenticatorLoad;
  /** Writes what was only counted so far, and ends the worker thread. */
  close(): Promise<void>;
}
