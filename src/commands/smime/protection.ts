/** What S/MIME or OpenPGP would do to a message. */
import { type SigningPlan, wantedFor } from '../../crypto/smime/plan.ts';
import { againstPgpKey } from '../../crypto/pgp/select.ts';
import type { Address } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import type { MailSender } from '../../protection/mail-keys.ts';
import { planFor } from '../../protection/protect.ts';
import { NEVER, NO_END } from '../../store/pgp-keys.ts';
import type { Recipient } from '../../store/registry.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { ProtectionView } from './views.ts';
import { type AdminContext } from '../../admin/context.ts';

/** The sender. Without an address to send from, it stands for a system that signs nothing. */
async function senderOf({ store }: AdminContext, recipient: Recipient, from: Address | undefined): Promise<MailSender> {
  if (from === undefined)
    return {
      account: { ...recipient.account, kind: 'edi', settings: {} },
      organisation: { ...recipient.organisation, settings: {} },
      from,
    };
  const { account, organisation } = await recipientOf(store.registry, from);
  return { account, organisation, from };
}

const signerView = ({ signer: { certificate, whose } }: SigningPlan): NonNullable<ProtectionView['signer']> => ({
  whose,
  serial: certificate.serial,
  fingerprint: certificate.fingerprint,
  ends: iso(certificate.notAfter),
});

export async function viewProtection(
  context: AdminContext,
  of: Address,
  from: Address | undefined,
): Promise<ProtectionView> {
  const { store, mail, clock } = context;
  const recipient = await recipientOf(store.registry, of);
  const sender = await senderOf(context, recipient, from);
  const wanted = wantedFor(
    { kind: sender.account.kind, settings: [sender.account.settings, sender.organisation.settings] },
    { settings: [recipient.address.settings, recipient.account.settings, recipient.organisation.settings] },
  );
  const { by, plan } = await planFor({ keys: mail.keys, pgp: mail.pgp }, sender, recipient);
  const encrypted = by === 'smime' && plan.kind !== 'signed' ? plan : undefined;
  const toPgp = by === 'pgp' && plan.kind !== 'signed' ? plan.recipient : undefined;
  const { capabilities } = await mail.keys.known(recipient);
  const candidates = await mail.keys.candidates(recipient);
  return {
    address: recipient.address.address,
    account: recipient.account.login,
    ...defined({ from }),
    by,
    outcome: plan.kind,
    ...(plan.kind === 'refused'
      ? {
          reason: plan.refusal.detail ?? `the ${plan.about} is at fault`,
          reply: `${plan.refusal.reply} ${plan.refusal.status} ${plan.refusal.text}`,
        }
      : { reason: plan.reason }),
    sign: wanted.sign,
    encrypt: wanted.encrypt,
    profile: wanted.profile,
    opened: wanted.opened,
    ...(encrypted === undefined
      ? {}
      : {
          cipher: encrypted.cipher,
          transport: encrypted.recipient.transport ?? 'agreed',
          encryptToSelf: encrypted.self !== undefined,
        }),
    ...(by === 'smime' ? { signer: signerView(plan) } : {}),
    ...(by === 'pgp' && plan.signer !== undefined ? { pgpSigner: plan.signer.fingerprint } : {}),
    ...defined({ capabilities: capabilities && { source: capabilities.source, names: capabilities.names } }),
    certificates: candidates.map(({ certificate, keyHeld, encrypt }) => ({
      serial: certificate.serial,
      fingerprint: certificate.fingerprint,
      key: `${certificate.key.kind} ${certificate.key.bits}`,
      begins: iso(certificate.notBefore),
      ends: iso(certificate.notAfter),
      keyHeld,
      used: certificate.fingerprint === encrypted?.recipient.certificate.fingerprint,
      ...defined({ problem: encrypt }),
    })),
    pgpKeys: (await mail.pgp.keys.keysOf(recipient)).map((key) => {
      const problem = againstPgpKey(key, 'encrypt', clock.now());
      return {
        fingerprint: key.fingerprint,
        made: iso(key.createdAt),
        ...(key.encryptsUntil === NO_END || key.encryptsUntil === NEVER ? {} : { ends: iso(key.encryptsUntil) }),
        keyHeld: key.sealedKey !== undefined,
        used: key.fingerprint === toPgp?.fingerprint,
        ...defined({ problem }),
      };
    }),
  };
}
