/**
 * Decides what OpenPGP would do for one recipient's copy, by the same wishes as S/MIME's plan.
 * Pure: keys are looked up before.
 *
 * Encrypted content always carries its own integrity check here, so that, other than with CBC in
 * S/MIME, nothing need be signed inside it: where the sender's account signs nothing, nobody does.
 */
import { type Address, needsUtf8 } from '../../domain/address.ts';
import { type Refusal, type RefusalRow, refusing, row } from '../../domain/refusal.ts';
import type { Wanted } from '../smime/plan.ts';
import type { PgpCandidate, PgpSelection } from './select.ts';

/** `reason`: one line for the trace and for people. */
export type PgpPlan =
  | { readonly kind: 'plain'; readonly reason: string }
  | { readonly kind: 'signed'; readonly signer: PgpCandidate; readonly reason: string }
  | {
      readonly kind: 'interop' | 'strong';
      /** The key that signs; undefined: the content is encrypted and not signed. */
      readonly signer?: PgpCandidate;
      readonly recipient: PgpCandidate;
      /** The sender's own key, where a copy is to stay readable for the sender. */
      readonly self?: PgpCandidate;
      readonly reason: string;
    }
  | {
      readonly kind: 'refused';
      readonly about: 'recipient' | 'sender';
      readonly refusal: Refusal;
      /** No key at all is registered: what S/MIME says is more useful. */
      readonly nothing?: true;
    };
export type PgpMaking = Exclude<PgpPlan, { kind: 'plain' | 'refused' }>;

/** What was looked up; what `Wanted` does not ask for may be absent. */
export interface PgpKnown {
  readonly address: Address;
  /** Key of the recipient, to encrypt to. */
  readonly recipient?: PgpSelection;
  /** Keys of From whose secret keys are held here. */
  readonly sender?: PgpSelection;
  /** Key of the address in From, to encrypt to. */
  readonly self?: PgpSelection;
}

const NOTHING: PgpSelection = { kind: 'none' };

export function planPgp(
  wanted: Wanted,
  { address, recipient = NOTHING, sender = NOTHING, self = NOTHING }: PgpKnown,
): PgpPlan {
  const own = wanted.sign !== 'never' && sender.kind === 'usable' ? sender.key : undefined;
  if (wanted.sign === 'always' && own === undefined) return refusedSender(sender);
  const signer = own === undefined ? {} : { signer: own };
  if (wanted.encrypt !== 'never' && recipient.kind === 'usable') {
    const mine = wanted.self && self.kind === 'usable' ? { self: self.key } : {};
    const kind = wanted.profile === 'strong' ? 'strong' : 'interop';
    const reason = kind === 'strong' ? 'protection-profile is strong' : `protection-profile is ${wanted.profile}`;
    return { kind, ...signer, recipient: recipient.key, ...mine, reason };
  }
  if (wanted.encrypt === 'required') return refusedRecipient(address, recipient);
  const reason = notEncrypted(wanted, recipient);
  return own === undefined ? { kind: 'plain', reason } : { kind: 'signed', signer: own, reason };
}

const whyOf = (found: PgpSelection): string | undefined => (found.kind === 'none' ? found.why : undefined);

function notEncrypted({ encrypt, opened }: Wanted, recipient: PgpSelection): string {
  if (opened) return 'the gateway opens mail for the addressee';
  if (encrypt === 'never') return 'encrypt is never';
  return `no OpenPGP key to encrypt to: ${whyOf(recipient) ?? 'none is registered'}`;
}

export const pgpPlanRows = {
  pgpEncryptionImpossible: row(
    550,
    '5.7.5',
    '{address} accepts only encrypted messages, and {detail}; ask the addressee or the helpdesk',
    'The setting `encrypt` of the addressee is `required`, and none of its OpenPGP keys can be used.',
    'The operator registers a key: `pgp key issue` or `pgp key import`',
  ),
  pgpSigningImpossible: row(
    550,
    '5.7.5',
    'Messages of this account are signed, and there is no valid OpenPGP key for the address in From: {why}; ask the helpdesk',
    'The setting `sign` is `always`, and the gateway has no valid OpenPGP key for the address in From.',
    'The operator issues one: `pgp key issue --keep-key`',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(pgpPlanRows);

function refusedRecipient(address: Address, found: PgpSelection): PgpPlan {
  const shown = needsUtf8(address) ? 'This address' : `<${address}>`;
  const why = whyOf(found);
  const detail =
    why === undefined
      ? 'no certificate or OpenPGP key for it is registered'
      : `there is no valid OpenPGP key for it: ${why}`;
  return {
    kind: 'refused',
    about: 'recipient',
    refusal: refusals.pgpEncryptionImpossible({ address: shown, detail }),
    ...(why === undefined ? { nothing: true } : {}),
  };
}

function refusedSender(found: PgpSelection): PgpPlan {
  const why = whyOf(found);
  return {
    kind: 'refused',
    about: 'sender',
    refusal: refusals.pgpSigningImpossible({ why: why ?? 'none is held' }),
    ...(why === undefined ? { nothing: true } : {}),
  };
}

/** A text that is equal for plans whose recipients may share one body. */
export function pgpPlanKey(plan: PgpPlan): string {
  if (plan.kind === 'plain' || plan.kind === 'refused') return plan.kind;
  const self = plan.kind === 'signed' ? undefined : plan.self;
  return [plan.kind, plan.signer?.fingerprint ?? '-', self?.fingerprint ?? '-'].join(' ');
}
