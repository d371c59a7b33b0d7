/**
 * Chooses S/MIME or PGP for one recipient's copy. Pure: each plans for the same wishes, and the one
 * that does more is taken.
 *
 * If both do the same, the addressee's preference decides. A copy is refused only if neither can do
 * what is required.
 */
import { type PgpMaking, type PgpPlan, pgpPlanKey } from '../crypto/pgp/plan.ts';
import { type ProtectionPlan, type SigningPlan, planKey } from '../crypto/smime/plan.ts';

export type ProtectionName = 'smime' | 'pgp';

/** What S/MIME or PGP would do with a copy. */
export type MakingPlan =
  { readonly by: 'smime'; readonly plan: SigningPlan } | { readonly by: 'pgp'; readonly plan: PgpMaking };
export type ChosenPlan =
  | MakingPlan
  | { readonly by: 'none'; readonly plan: Extract<ProtectionPlan, { kind: 'plain' }> }
  | { readonly by: 'none'; readonly plan: Extract<ProtectionPlan, { kind: 'refused' }> };

type Refused = Extract<ProtectionPlan, { kind: 'refused' }>;

const WORTH = { interop: 2, strong: 2, signed: 1, plain: 0, refused: -1 } as const;

export function chooseProtection(preferred: ProtectionName, smime: ProtectionPlan, pgp: PgpPlan): ChosenPlan {
  const better = WORTH[pgp.kind] - WORTH[smime.kind];
  if (smime.kind === 'refused' && pgp.kind === 'refused') return { by: 'none', plan: refusalOf(preferred, smime, pgp) };
  const byPgp = better > 0 || (better === 0 && preferred === 'pgp');
  const plan = byPgp ? pgp : smime;
  if (plan.kind === 'plain') return { by: 'none', plan };
  return byPgp ? { by: 'pgp', plan: pgp as PgpMaking } : { by: 'smime', plan: smime as SigningPlan };
}

/**
 * If one of the two lets the message pass, the other's refusal is no reason to send it back; and
 * what is wrong with a key says more than that there is none.
 */
function refusalOf(preferred: ProtectionName, smime: Refused, pgp: Refused): Refused {
  const [first, other] = preferred === 'smime' ? [smime, pgp] : [pgp, smime];
  const passing = [first, other].find(({ refusal }) => refusal.reply < 500);
  const told = passing ?? (first.nothing === true && other.nothing !== true ? other : first);
  // At RCPT the sender's own key is not known yet: a refusal that rests on it may change later, so
  // it is not final.
  return [first, other].some(({ about }) => about === 'sender') ? { ...told, about: 'sender' } : told;
}

/** A text that is equal for plans whose recipients may share one body. */
export const chosenKey = (chosen: ChosenPlan): string =>
  chosen.by === 'pgp' ? `pgp ${pgpPlanKey(chosen.plan)}` : `${chosen.by} ${planKey(chosen.plan)}`;
