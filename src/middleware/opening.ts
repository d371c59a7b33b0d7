/** What the layers of an opened message come to: for Authentication-Results, for the field on top, for the operator. */
import type { CmsProblem } from '../crypto/cms/problem.ts';
import { type Verification, failures } from '../crypto/cms/verdict.ts';
import { type LayerSeen, standingOf } from '../crypto/smime/open.ts';
import type { Address } from '../domain/address.ts';
import type { AuthenticationResult } from '../mime/authentication-results.ts';
import type { Opening } from './opened-field.ts';
import { type IsOwn, resultsOf } from './smime-outcome.ts';

export const verificationsOf = (layers: readonly LayerSeen[]): readonly Verification[] =>
  layers.flatMap((layer) => (layer.kind === 'signed' ? [layer.verification] : []));

/** Ciphers from the outside in, for people. */
export const ciphersOf = (layers: readonly LayerSeen[]): string =>
  layers.flatMap((layer) => (layer.kind === 'encrypted' ? [layer.cipher] : [])).join(', ');

const differing = (layers: readonly LayerSeen[]): readonly string[] =>
  layers.flatMap((layer) => (layer.kind === 'message' ? layer.differs : []));

/** Reply-To is among them where its name shows another address than it holds. */
const SENDER: ReadonlySet<string> = new Set(['from', 'sender', 'reply-to']);

/** Why what was opened may not be handed out. The sender outside is the one who logged in; the one inside is what people would see. */
export function problemOf(layers: readonly LayerSeen[]): CmsProblem | undefined {
  if (layers.length === 0) return { kind: 'no-key', text: 'no key is held for the addressee' };
  const differs = differing(layers);
  return differs.some((name) => SENDER.has(name))
    ? { kind: 'malformed', text: `the message inside names another sender: ${differs.join(', ')}` }
    : undefined;
}

/** Decrypted from CBC, only a signature inside says that nobody changed it; the gateway's own says at least that (EFAIL). */
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

export async function openedResults(
  layers: readonly LayerSeen[],
  from: Address,
  isOwn: IsOwn,
): Promise<readonly AuthenticationResult[]> {
  const results: AuthenticationResult[] = [];
  for (const verification of verificationsOf(layers)) results.push(...(await resultsOf(verification, from, isOwn)));
  if (results.length === 0) return [{ method: 'smime', result: 'none', reason: 'encrypted, and signed by nobody' }];
  const differs = differing(layers);
  if (differs.length === 0) return results;
  const reason = `fields differ inside and outside: ${differs.join(', ')}`;
  return results.map((each) => (each.result === 'pass' ? { ...each, result: 'policy', reason } : each));
}
