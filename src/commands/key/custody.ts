/**
 * What the gateway knows about its master key. The key itself and its shares never come here; only
 * commands hold them.
 */
import { randomBytes } from 'node:crypto';
import { z } from '../../config/zod.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import type { Call } from '../../admin/call.ts';
import { base32 } from '../../crypto/keys/base32.ts';
import { defined } from '../../domain/defined.ts';
import { escrowReminder } from '../../domain/escrow.ts';
import { iso } from '../../domain/units.ts';
import { count, naming, text } from '../core/kind.ts';
import { arg, many, need } from '../core/params.ts';
import { part } from '../core/row.ts';

const MAX_CUSTODIANS = 16;

export const keyState = z.object({
  fingerprint: z.string(),
  escrow: z
    .object({
      set: z.string(),
      needed: z.number(),
      custodians: z.array(z.string()).readonly(),
      madeAt: z.string(),
      verifiedAt: z.string().optional(),
    })
    .optional(),
  reminder: z.string().optional().meta({ description: 'What to do; absent if nothing is to be done.' }),
});
export type KeyState = z.infer<typeof keyState>;

export async function stateOf({ keys, clock }: AdminContext): Promise<KeyState> {
  const [fingerprint, escrow] = [await keys.fingerprint(), keys.escrow()];
  const reminder = escrowReminder(escrow, fingerprint, clock.now());
  const shown = escrow?.fingerprint === fingerprint ? escrow : undefined;
  return {
    fingerprint,
    ...defined({
      escrow: shown && {
        set: shown.set,
        needed: shown.needed,
        custodians: shown.custodians,
        madeAt: new Date(shown.madeAt).toISOString(),
        ...defined({ verifiedAt: iso(shown.verifiedAt) }),
      },
      reminder,
    }),
  };
}

/** The number of shares that make the key again. */
export const sharesNeeded = count('number', { min: 2, max: MAX_CUSTODIANS });
export const CUSTODY = {
  custodian: many(text('name', 64), 'who keeps a share; once for each', MAX_CUSTODIANS),
  needed: need(sharesNeeded, 'how many shares make the key again'),
};

/** Why the key cannot be split in this way; undefined if it can. */
export function custodyProblem(custodians: readonly string[], needed: number): string | undefined {
  const folded = new Set(custodians.map((name) => name.trim().toLowerCase()));
  if (custodians.length < 2 || folded.size !== custodians.length)
    return `Cannot split the master key for ${custodians.length} custodians: expected 2 to ${MAX_CUSTODIANS} different people; give --custodian NAME for each`;
  if (needed > custodians.length)
    return `Cannot make ${needed} of ${custodians.length} shares enough: expected a number from 2 to that of the custodians; give --needed NUMBER`;
  return undefined;
}

const note = (
  event: string,
  { store }: AdminContext,
  { actor: { name: actor, reason } }: Call,
  facts: Record<string, string | number>,
  personal: Record<string, string> = {},
): void =>
  store.audit.note({ event, outcome: 'success', facts, personal: { actor, ...defined({ reason }), ...personal } });

/**
 * Throws AdminError if the command read another key than the gateway did, for example because the
 * file was changed since the start.
 */
async function sameKey({ keys }: AdminContext, given: string): Promise<void> {
  const own = await keys.fingerprint();
  if (own !== given)
    throw new AdminError(
      'invalid',
      `Cannot continue with the master key ${given}: the store is sealed with ${own}; check section [keys] of the configuration`,
    );
}

const fingerprint = arg(naming('key', text('fingerprint', 64)), 'of the master key that the command read');

export const escrowed = part({
  about: 'note that the master key was split, and name the set of its shares',
  in: { fingerprint, ...CUSTODY },
  check: ({ custodian, needed }) => custodyProblem(custodian, needed),
  out: z.object({ set: z.string(), hostname: z.string(), day: z.string() }),
  right: 'owner',
  second: 'key',
  trail: ['key.escrowed'],
  undo: 'key escrow, which makes other shares',
  run: async (context, { fingerprint: of, custodian: custodians, needed }, call) => {
    await sameKey(context, of);
    const set = base32(randomBytes(5));
    const madeAt = context.clock.now();
    context.keys.keepEscrow({ fingerprint: of, set, needed, custodians, madeAt });
    note('key.escrowed', context, call, { fingerprint: of, set, needed }, { custodians: custodians.join(', ') });
    return { set, hostname: context.partners.hostname, day: new Date(madeAt).toISOString().slice(0, 10) };
  },
});

export const verified = part({
  about: 'note that shares were shown to make the master key',
  in: { set: arg(text('set', 16), 'of the shares'), fingerprint },
  out: keyState,
  right: 'owner',
  trail: ['key.verified'],
  undo: 'nothing: it says what was shown',
  run: async (context, { set, fingerprint: of }, call) => {
    await sameKey(context, of);
    const escrow = context.keys.escrow();
    // Shares of an older set make the same key, and the trail notes that they were shown. But only
    // the current set then counts as verified.
    if (escrow?.fingerprint === of && escrow.set === set)
      context.keys.keepEscrow({ ...escrow, verifiedAt: context.clock.now() });
    note('key.verified', context, call, { fingerprint: of, set });
    return await stateOf(context);
  },
});

/**
 * Only allows the rotation. The command itself does it, after the store is closed
 * (store/sqlite/rotate.ts).
 */
export const allowed = part({
  about: 'allow that a new master key is made',
  in: { fingerprint },
  out: z.object({ actor: z.object({ name: z.string(), reason: z.string().optional() }) }),
  right: 'owner',
  second: 'key',
  trail: ['key.rotation-allowed'],
  undo: 'nothing: without the command it changes nothing',
  run: async (context, { fingerprint: of }, call) => {
    if (context.gateway !== undefined) throw new AdminError('unavailable', STILL_RUNS);
    await sameKey(context, of);
    note('key.rotation-allowed', context, call, { fingerprint: of });
    return { actor: call.actor };
  },
});

export const STILL_RUNS =
  'Cannot make a new master key while the gateway runs: it works with the old one; stop it, run this again, and start it';
