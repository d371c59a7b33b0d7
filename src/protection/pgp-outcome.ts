/**
 * What became of the OpenPGP signatures of a message, said in Authentication-Results and in the
 * audit trail.
 */
import type { PgpSignature } from '../crypto/pgp/protocol.ts';
import type { Address } from '../domain/address.ts';
import type { AuthenticationResult } from '../mime/authentication-results.ts';
import type { PgpMailKey } from '../store/pgp-keys.ts';

/**
 * The signatures after the registry was asked: a key that an operator revoked here is revoked,
 * whatever the key says.
 */
export const judged = (signatures: readonly PgpSignature[], keys: readonly PgpMailKey[]): readonly PgpSignature[] =>
  signatures.map((each) =>
    each.state === 'valid' &&
    keys.some(({ fingerprint, revoked }) => fingerprint === each.fingerprint && revoked !== undefined)
      ? { ...each, state: 'revoked' }
      : each,
  );

/**
 * True if one signature holds and none contradicts the content: nobody knows which of them is
 * shown.
 */
export const isValidPgp = (signatures: readonly PgpSignature[]): boolean =>
  signatures.some(({ state }) => state === 'valid') && signatures.every(({ state }) => state !== 'wrong');

const OUTCOMES: Readonly<Record<PgpSignature['state'], Pick<AuthenticationResult, 'result' | 'reason'>>> = {
  valid: { result: 'pass' },
  'unknown-key': { result: 'permerror', reason: 'signed with a key that is not registered for the sender' },
  weak: { result: 'policy', reason: 'the hash or key is too weak to prove anything' },
  ended: { result: 'policy', reason: 'the key was not valid when it signed, or the signature has ended' },
  revoked: { result: 'policy', reason: 'the key was revoked' },
  wrong: { result: 'fail', reason: 'the content is not what was signed' },
};

/** An address outside ASCII would need a header that may hold it. */
const fromOf = (from: Address): [string, string][] => (/[^ -~]/.test(from) ? [] : [['header.from', from]]);

/**
 * One result for each signature. A key is registered for an address by the operator: that, not a
 * name in the key, is what ties it to From.
 */
export function pgpResults(signatures: readonly PgpSignature[], from: Address): AuthenticationResult[] {
  const valid = isValidPgp(signatures);
  return signatures.map(({ state, fingerprint, keyId }) => {
    const properties: [string, string][] = [
      ...fromOf(from),
      [fingerprint === undefined ? 'body.x-pgp-key-id' : 'body.x-pgp-fingerprint', fingerprint ?? keyId],
    ];
    if (state === 'valid' && !valid)
      return { method: 'x-pgp', result: 'policy', reason: 'another signature of the message is wrong', properties };
    return { method: 'x-pgp', ...OUTCOMES[state], properties };
  });
}

/** The result for content that says that it is signed, in a way that cannot be read. */
export const unreadablePgp = (reason: string): AuthenticationResult => ({ method: 'x-pgp', result: 'neutral', reason });

/** Facts about signatures that name nobody. */
export function pgpSignatureFacts(signatures: readonly PgpSignature[]): Record<string, string> {
  const failed = new Set(signatures.flatMap(({ state }) => (state === 'valid' ? [] : [state])));
  const keys = signatures.map(({ fingerprint, keyId }) => fingerprint ?? keyId);
  return {
    signature: signatures.length === 0 ? 'none' : isValidPgp(signatures) ? 'valid' : 'invalid',
    ...(failed.size === 0 ? {} : { failed: [...failed].join(' ') }),
    ...(keys.length === 0 ? {} : { keys: keys.slice(0, 4).join(' ') }),
  };
}
