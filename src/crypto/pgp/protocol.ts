/**
 * What the main thread and the OpenPGP thread say to each other: plain values and octets, one port
 * for each job.
 *
 * Content goes in slices, each asked for and each acknowledged, so that a slow disk slows the work
 * down and nothing piles up in either thread.
 */

/** A key as people and the store need it. Octets are OpenPGP packets without armour. */
export interface PgpKey {
  /** 40 (version 4) or 64 (version 6) hexadecimal digits, lower case. */
  readonly fingerprint: string;
  readonly userIds: readonly string[];
  /** Addresses in the user ids that the key itself stands behind, as they were written. */
  readonly emails: readonly string[];
  /** Such as `rsa3072` or `ed25519`. */
  readonly algorithm: string;
  /** Milliseconds since 1970. */
  readonly createdAt: number;
  /** When the key ends, milliseconds since 1970; undefined: never. */
  readonly expiresAt?: number;
  readonly revoked: boolean;
  /** True if it can encrypt now. */
  readonly canEncrypt: boolean;
  readonly canSign: boolean;
  /**
   * Until when one of its subkeys can encrypt. 0: none can; `Number.MAX_SAFE_INTEGER`: without end.
   */
  readonly encryptsUntil: number;
  readonly signsUntil: number;
  /** The public key. */
  readonly publicKey: Uint8Array;
  /** The secret key, if it came along. `locked`: under a passphrase. */
  readonly secret?: { readonly key: Uint8Array; readonly locked: boolean };
}

export type PgpKeyType = 'curve25519' | 'rsa3072' | 'rsa4096';

export type PgpJob =
  | { readonly kind: 'read-keys'; readonly octets: Uint8Array; readonly passphrase?: string }
  /**
   * One key, `known`, with what newer packets of the same key say; with its secret key where one of
   * the two has it.
   */
  | { readonly kind: 'merge-keys'; readonly known: Uint8Array; readonly newer: Uint8Array }
  | {
      readonly kind: 'make-key';
      readonly type: PgpKeyType;
      readonly name: string;
      readonly email: string;
      readonly seconds: number;
    }
  | { readonly kind: 'revoke-key'; readonly secretKey: Uint8Array; readonly reason: string }
  /** The same secret key under a passphrase. */
  | { readonly kind: 'lock-key'; readonly secretKey: Uint8Array; readonly passphrase: string }
  /** Takes an encrypted message; the answer names the keys that it is for. */
  | { readonly kind: 'readers' }
  /** Takes content; the answer has the signature. */
  | { readonly kind: 'sign'; readonly secretKeys: readonly Uint8Array[] }
  /** Takes and gives content. */
  | { readonly kind: 'encrypt'; readonly secretKeys: readonly Uint8Array[]; readonly publicKeys: readonly Uint8Array[] }
  /** Takes content. */
  | { readonly kind: 'verify'; readonly signature: Uint8Array; readonly publicKeys: readonly Uint8Array[] }
  /** Takes and gives content. */
  | {
      readonly kind: 'decrypt';
      readonly secretKeys: readonly Uint8Array[];
      readonly publicKeys: readonly Uint8Array[];
      readonly maxContent: number;
    };
export type PgpJobKind = PgpJob['kind'];

/**
 * What one signature is worth. `valid`: by one of the given keys, which was good when it signed and
 * is not revoked. `unknown-key`: by none of them. `weak`: a hash that anybody can forge for.
 * `ended`: the key or the signature had ended. `wrong`: the octets are not those that were signed.
 */
export interface PgpSignature {
  readonly state: 'valid' | 'unknown-key' | 'weak' | 'ended' | 'revoked' | 'wrong';
  /** 16 hexadecimal digits. */
  readonly keyId: string;
  /** Fingerprint of the key that made the signature, if it is one of those given. */
  readonly fingerprint?: string;
  readonly hash: string;
  readonly createdAt?: number;
}

export interface PgpAnswers {
  'read-keys': readonly PgpKey[];
  'merge-keys': PgpKey;
  'make-key': PgpKey;
  'revoke-key': PgpKey;
  'lock-key': Uint8Array;
  readers: readonly string[];
  sign: { readonly signature: Uint8Array; readonly hash: string };
  encrypt: object;
  verify: readonly PgpSignature[];
  decrypt: { readonly signatures: readonly PgpSignature[] };
}

/** `damaged`: decrypted and wrong in whatever way, one answer for all (see cms/problem.ts). */
export interface PgpProblem {
  readonly kind: 'malformed' | 'unsupported' | 'limit' | 'no-key' | 'damaged' | 'busy';
  /** One line for the log. */
  readonly text: string;
}

export type PgpHears =
  { readonly slice: Uint8Array } | { readonly end: true } | { readonly taken: true } | { readonly stop: true };
export type PgpSays =
  | { readonly more: true }
  | { readonly slice: Uint8Array }
  | { readonly done: PgpAnswers[PgpJobKind] }
  | { readonly failed: PgpProblem };
