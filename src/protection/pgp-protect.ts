/**
 * Makes the PGP/MIME form of a message for recipients who share it. The work is done in the OpenPGP
 * thread, whatever the size.
 */
import type { Pgp } from '../crypto/pgp/pgp.ts';
import { protectPgp } from '../crypto/pgp/wrap.ts';
import { sevenBit } from '../crypto/smime/seven-bit.ts';
import type { Entity } from '../crypto/smime/protect.ts';
import { defined } from '../domain/defined.ts';
import type { RandomBytes } from '../domain/effects.ts';
import { type Refusal, type RefusalRow, refusing, row } from '../domain/refusal.ts';
import { type Result, ok } from '../domain/result.ts';
import type { PgpKeyring } from './pgp-keyring.ts';
import type { Submitted } from '../middleware/middleware.ts';
import type { Group, ToProtect } from './protect-groups.ts';

type PgpGroup = Extract<Group, { by: 'pgp' }>;

export interface PgpMakerParts {
  readonly keys: Pick<PgpKeyring, 'plan' | 'signing'>;
  readonly thread: Pick<Pgp, 'run'>;
}

/**
 * The OpenPGP thread for one message: its jobs take the account's turn, and end when the client
 * leaves.
 */
export const pgpFor = (thread: Pick<Pgp, 'run'>, { submitter, body, signal }: Submitted): Pick<Pgp, 'run'> => ({
  run: (job, flow) =>
    thread.run(job, { ...flow, turn: submitter.account.id, octets: body.octets, ...defined({ signal }) }),
});

/**
 * The PGP/MIME entity. The error says why the signing key cannot be used. Reading the entity throws
 * PgpFailure.
 */
export async function pgpEntity(
  { pgp, random }: { readonly pgp: PgpMakerParts; readonly random: RandomBytes },
  { submitted, message }: ToProtect,
  { plan, copy, recipients }: PgpGroup,
): Promise<Result<Entity, string>> {
  // A message that its sender signed goes into the encryption as it is.
  const signed = plan.kind !== 'signed' && copy.signature === 'valid';
  const keyed = signed ? ok([]) : await pgp.keys.signing(plan);
  if (!keyed.ok) return keyed;
  const to = [
    ...recipients.flatMap((each) => (each.plan.kind === 'signed' ? [] : [each.plan.recipient])),
    ...(plan.kind === 'signed' || plan.self === undefined ? [] : [plan.self]),
  ];
  // Two recipients, or a recipient and the sender, may have the same key.
  const packets = new Map(to.map((key) => [key.fingerprint, key.packets]));
  const plain =
    plan.kind === 'signed' && submitted.eightBit ? await sevenBit(message) : { message, eightBit: submitted.eightBit };
  return ok(
    protectPgp(
      plain.message,
      {
        secretKeys: keyed.value,
        publicKeys: [...packets.values()],
        profile: plan.kind === 'strong' ? 'strong' : 'interop',
      },
      { pgp: pgpFor(pgp.thread, submitted), random, eightBit: plain.eightBit },
    ),
  );
}

export const pgpWords = ({ plan }: PgpGroup): string => `pgp ${plan.kind}`;

export const pgpFacts = ({ plan }: PgpGroup): Record<string, string> =>
  plan.signer === undefined ? { signer: 'nobody' } : { signer: 'sender', key: plan.signer.fingerprint };

/** The OpenPGP thread is full, or took too long: nothing is wrong with the message. */
export const pgpBusy = (detail: string): Refusal => ({ ...refusals.pgpBusy, detail });

export const isPgpBusy = ({ reply, status }: Refusal): boolean =>
  reply === pgpRows.pgpBusy.reply && status === pgpRows.pgpBusy.status;

export const pgpRows = {
  pgpBusy: row(
    451,
    '4.4.5',
    'The gateway is busy encrypting and decrypting other messages; try again later',
    'Too many large messages came at once for the OpenPGP thread, or one took too long.',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(pgpRows);
