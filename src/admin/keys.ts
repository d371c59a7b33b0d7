/** The master key: put in escrow, shown to be recoverable, made anew. Key and shares themselves never come here: commands hold them. */
import { randomBytes } from 'node:crypto';
import { base32 } from '../crypto/base32.ts';
import { defined } from '../domain/defined.ts';
import { escrowReminder } from '../domain/escrow.ts';
import { iso } from '../domain/units.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { type Input, text } from './input.ts';
import { change, listing, withSecond } from './operation.ts';

export const MAX_CUSTODIANS = 16;

export interface KeyState {
  readonly fingerprint: string;
  readonly escrow?: {
    readonly set: string;
    readonly needed: number;
    readonly custodians: readonly string[];
    /** ISO 8601. */
    readonly madeAt: string;
    readonly verifiedAt?: string;
  };
  /** What to do; absent where nothing is. */
  readonly reminder?: string;
}

export interface EscrowedView {
  readonly set: string;
  readonly hostname: string;
  readonly day: string;
}

async function stateOf({ keys, clock }: AdminContext): Promise<KeyState> {
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

interface Wanted {
  readonly fingerprint: string;
  readonly custodians: readonly string[];
  readonly needed: number;
}

function wantedOf(input: Input): Wanted {
  const { custodians: given, needed } = input;
  const custodians = Array.isArray(given) ? given.map((_, i) => text(given as unknown as Input, String(i), 64)) : [];
  const folded = new Set(custodians.map((name) => name.trim().toLowerCase()));
  if (custodians.length < 2 || custodians.length > MAX_CUSTODIANS || folded.size !== custodians.length)
    throw new AdminError(
      'invalid',
      `Cannot split the master key for ${custodians.length} custodians: expected 2 to ${MAX_CUSTODIANS} different people; give --custodian NAME for each`,
    );
  if (typeof needed !== 'number' || !Number.isInteger(needed) || needed < 2 || needed > custodians.length)
    throw new AdminError(
      'invalid',
      `Cannot make ${String(needed)} of ${custodians.length} shares enough: expected a number from 2 to that of the custodians; give --needed NUMBER`,
    );
  return { fingerprint: text(input, 'fingerprint', 64), custodians, needed };
}

const note = (
  event: string,
  { store }: AdminContext,
  { actor: { name: actor, reason } }: Call,
  facts: Record<string, string | number>,
  personal: Record<string, string> = {},
): void =>
  store.audit.note({ event, outcome: 'success', facts, personal: { actor, ...defined({ reason }), ...personal } });

/** The command read another key than the gateway did: a file that was changed since the start, for example. */
async function sameKey({ keys }: AdminContext, given: string): Promise<void> {
  const own = await keys.fingerprint();
  if (own !== given)
    throw new AdminError(
      'invalid',
      `Cannot go on with the master key ${given}: the store is sealed with ${own}; check section [keys] of the configuration`,
    );
}

export const keyOperations = {
  'key.state': listing(() => undefined, stateOf),
  'key.escrow': withSecond(
    'key',
    change(wantedOf, async (context, { fingerprint, custodians, needed }, call): Promise<EscrowedView> => {
      await sameKey(context, fingerprint);
      const set = base32(randomBytes(5));
      const madeAt = context.clock.now();
      context.keys.keepEscrow({ fingerprint, set, needed, custodians, madeAt });
      note('key.escrowed', context, call, { fingerprint, set, needed }, { custodians: custodians.join(', ') });
      return { set, hostname: context.partners.hostname, day: new Date(madeAt).toISOString().slice(0, 10) };
    }),
  ),
  'key.verified': change(
    (input) => ({ set: text(input, 'set', 16), fingerprint: text(input, 'fingerprint', 64) }),
    async (context, { set, fingerprint }, call): Promise<KeyState> => {
      await sameKey(context, fingerprint);
      const escrow = context.keys.escrow();
      // Shares of an older set of the same key open it as well: what counts is that they do.
      if (escrow?.fingerprint === fingerprint && escrow.set === set)
        context.keys.keepEscrow({ ...escrow, verifiedAt: context.clock.now() });
      note('key.verified', context, call, { fingerprint, set });
      return await stateOf(context);
    },
  ),
  /** Only allows it: the rotation itself runs in the command, when the store is closed (store/sqlite/rotate.ts). */
  'key.rotate': withSecond(
    'key',
    change(
      (input) => text(input, 'fingerprint', 64),
      async (context, fingerprint, call): Promise<{ readonly actor: Call['actor'] }> => {
        if (context.gateway !== undefined)
          throw new AdminError(
            'unavailable',
            'Cannot make a new master key while the gateway runs: it works with the old one; stop it, run this again, and start it',
          );
        await sameKey(context, fingerprint);
        note('key.rotation-allowed', context, call, { fingerprint });
        return { actor: call.actor };
      },
    ),
  ),
};
