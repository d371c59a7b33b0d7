/**
 * What the layers of an opened message mean: for Authentication-Results, for the field on top, for
 * the operator.
 */
import type { CmsProblem } from '../crypto/cms/problem.ts';
import { type Verification, failures } from '../crypto/cms/verdict.ts';
import { type LayerSeen, type OpenedMessage, differingIn, standingOf } from '../crypto/smime/open.ts';
import type { Address } from '../domain/address.ts';
import type { AuthenticationResult } from '../mime/authentication-results.ts';
import type { Opening } from './opened-field.ts';
import { type IsOwn, resultsOf } from './smime-outcome.ts';

export const verificationsOf = (layers: readonly LayerSeen[]): readonly Verification[] =>
  layers.flatMap((layer) => (layer.kind === 'signed' ? [layer.verification] : []));

/** Ciphers from the outside in, for people. */
export const ciphersOf = (layers: readonly LayerSeen[]): string =>
  layers
    .flatMap((layer) =>
      layer.kind === 'encrypted' ? [layer.cipher] : layer.kind === 'compressed' ? ['compressed'] : [],
    )
    .join(', ');

/** Reply-To is one of them if its display name shows another address than it holds. */
const SENDER: ReadonlySet<string> = new Set(['from', 'sender', 'reply-to']);

/**
 * Why what was opened may not be handed out. The sender outside is the one who logged in; the one
 * inside is what people would see.
 */
export function problemOf({ layers, innermost }: OpenedMessage): CmsProblem | undefined {
  if (innermost === 'encrypted') return { kind: 'no-key', text: 'no key is held for the addressee' };
  if (innermost === 'pgp-encrypted')
    return { kind: 'unsupported', text: 'below S/MIME the content is encrypted with PGP' };
  if (layers.length === 0) return { kind: 'malformed', text: 'it says that it is S/MIME, and is not' };
  const differs = differingIn(layers);
  return differs.some((name) => SENDER.has(name))
    ? { kind: 'malformed', text: `the content inside names another sender: ${differs.join(', ')}` }
    : undefined;
}

/**
 * For content decrypted from CBC only a signature inside says that nobody changed it; the gateway's
 * own signature says at least that (EFAIL).
 */
export async function openingOf(layers: readonly LayerSeen[], isOwn: IsOwn): Promise<Opening> {
  const malleable = layers.findIndex((layer) => layer.kind === 'encrypted' && !layer.authenticated);
  if (malleable < 0)
    return layers.some((layer) => layer.kind === 'encrypted') || standingOf(layers).standing === 'valid'
      ? 'whole'
      : 'unproven';
  if (!standingOf(layers).flagged) return 'whole';
  for (const { signers } of verificationsOf(layers.slice(malleable)))
    for (const signer of signers) {
      const own = signer.certificate !== undefined && (await isOwn(signer.certificate));
      if (own && failures(signer).every(({ check }) => check === 'address')) return 'whole';
    }
  return 'unproven';
}

/**
 * One result for each signature, from the outside in; where one of them stands around the
 * encryption, each says where it stands.
 */
export async function openedResults(
  layers: readonly LayerSeen[],
  from: Address,
  isOwn: IsOwn,
): Promise<readonly AuthenticationResult[]> {
  const encryption = layers.findIndex(({ kind }) => kind === 'encrypted');
  const around = layers.findIndex(({ kind }) => kind === 'signed') < encryption;
  const results: AuthenticationResult[] = [];
  for (const [i, layer] of layers.entries()) {
    if (layer.kind !== 'signed') continue;
    const told = await resultsOf(layer.verification, from, isOwn);
    results.push(...(around && encryption >= 0 ? placed(told, i < encryption ? 'outside' : 'inside') : told));
  }
  if (results.length === 0) return [{ method: 'smime', result: 'none', reason: 'encrypted, and signed by nobody' }];
  return withDiffering(results, differingIn(layers));
}

/** Says of each signature whether it is over what was encrypted or over the encryption. */
export const placed = (
  results: readonly AuthenticationResult[],
  place: 'inside' | 'outside',
): readonly AuthenticationResult[] =>
  results.map((each) => ({
    ...each,
    reason: `${place} the encryption${each.reason === undefined ? '' : `: ${each.reason}`}`,
  }));

/** A header that differs inside and outside: nobody knows which of the two a program shows. */
export function withDiffering(
  results: readonly AuthenticationResult[],
  differs: readonly string[],
): readonly AuthenticationResult[] {
  if (differs.length === 0) return results;
  const reason = `fields differ inside and outside: ${differs.join(', ')}`;
  return results.map((each) => (each.result === 'pass' ? { ...each, result: 'policy', reason } : each));
}

/**
 * Facts of a signature. A right signature over a header that differs from the one outside is not
 * valid for this message.
 */
export const withFields = <F extends Record<string, string | number>>(
  facts: F,
  differs: readonly string[],
): F | (F & { readonly signature: string; readonly differs: string }) =>
  differs.length === 0 ? facts : { ...facts, signature: 'invalid', differs: differs.join(' ') };
