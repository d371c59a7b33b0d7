/** Makes the S/MIME form of a message for recipients who share it. */
import type { Recipient as CmsRecipient } from '../crypto/cms/encrypt.ts';
import { entityOf } from '../crypto/smime/message.ts';
import { type Entity, encrypted, protect, withHeader } from '../crypto/smime/protect.ts';
import { sevenBit } from '../crypto/smime/seven-bit.ts';
import type { RandomBytes } from '../domain/effects.ts';
import { type Result, ok } from '../domain/result.ts';
import type { MailKeys } from './mail-keys.ts';
import type { Group, ToProtect } from './protect-groups.ts';

type SmimeGroup = Extract<Group, { by: 'smime' }>;

export interface SmimeMakerParts {
  readonly keys: Pick<MailKeys, 'signing'>;
  readonly random: RandomBytes;
}

/** The S/MIME entity. The error says why the signing key cannot be used. */
export async function smimeEntity(
  { keys, random }: SmimeMakerParts,
  { submitted, sender, message, layer }: ToProtect,
  { plan, copy, recipients }: SmimeGroup,
): Promise<Result<Entity, string>> {
  const keyed = await keys.signing(plan, sender);
  if (!keyed.ok) return keyed;
  const signing = { ...keyed.value, signingTime: submitted.receivedAt };
  const wrap = { random, eightBit: submitted.eightBit };
  if (plan.kind === 'signed') {
    // The recipient's server may take 7 bits only, and signed content may not be changed on the
    // way.
    const plain = submitted.eightBit ? await sevenBit(message) : { message, eightBit: false };
    return ok(protect(plain.message, { kind: 'signed', signing }, { random, eightBit: plain.eightBit }));
  }
  const encryption = {
    recipients: [
      ...recipients.flatMap((each): CmsRecipient[] => (each.plan.kind === 'signed' ? [] : [each.plan.recipient])),
      ...(plan.self === undefined ? [] : [plan.self]),
    ],
    cipher: plan.cipher,
    random,
  };
  // A signature of S/MIME that holds is the inner one; around any other one, ours says at least
  // what came in.
  const inner = copy.signature === 'valid' && layer !== 'pgp-signed';
  if (plan.kind === 'interop' && inner) return ok(withHeader(message, encrypted(entityOf(message), encryption)));
  return ok(protect(message, { kind: plan.kind, signing, encryption }, wrap));
}

export const smimeWords = ({ plan }: SmimeGroup): string =>
  plan.kind === 'signed' ? 'smime signed' : `smime ${plan.kind} ${plan.cipher}`;

export const smimeFacts = ({ plan }: SmimeGroup): Record<string, string> => ({
  signer: plan.signer.whose,
  certificate: plan.signer.certificate.fingerprint,
});
