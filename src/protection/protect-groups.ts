/**
 * Which recipients share one protected body.
 *
 * Those with the same plan do, with one exception: the list of recipients in an encrypted message
 * can be read by all of them. Whoever is not named in To or Cc, a blind copy or the substitute of
 * somebody who is away, gets a body of its own.
 */
import type { Layer } from '../crypto/smime/layer.ts';
import type { Message } from '../crypto/smime/message.ts';
import { addressKey, parseAddress } from '../domain/address.ts';
import { type Header, fieldText } from '../mime/header.ts';
import { type ChosenPlan, type MakingPlan, chosenKey } from './choose-protection.ts';
import type { MailSender } from './mail-keys.ts';
import type { Addressee, Copy, Submitted } from '../middleware/middleware.ts';

export interface Planned {
  readonly copy: Copy;
  readonly addressee: Addressee;
  readonly plan: ChosenPlan;
}

/** A message that is to be protected. */
export interface ToProtect {
  readonly submitted: Submitted;
  readonly sender: MailSender;
  readonly message: Message;
  /** The layer that protects the message already. */
  readonly layer: LayerKind;
}
export type LayerKind = Layer['kind'] | 'inline-signed';

export interface Member<P extends MakingPlan = MakingPlan> {
  readonly addressee: Addressee;
  readonly plan: P['plan'];
}

/**
 * Recipients of one copy who share what is made of it. All their plans are equal by `chosenKey`;
 * `plan` is that of the first.
 */
export type Group = GroupBy<Extract<MakingPlan, { by: 'smime' }>> | GroupBy<Extract<MakingPlan, { by: 'pgp' }>>;
export interface GroupBy<P extends MakingPlan> {
  readonly by: P['by'];
  readonly copy: Copy;
  readonly plan: P['plan'];
  readonly recipients: readonly Member<P>[];
}

const NAMING: ReadonlySet<string> = new Set(['to', 'cc', 'resent-to', 'resent-cc']);
/**
 * Characters between addresses. Text in a comment or a name that looks like an address counts too,
 * since everybody sees it.
 */
const BETWEEN = /[\s<>,;:()"[\]]+/;

/** Keys of the addresses that everybody who gets the message can see. */
export function namedIn(header: Header): ReadonlySet<string> {
  const named = new Set<string>();
  for (const field of header.fields) {
    if (!NAMING.has(field.name)) continue;
    for (const text of fieldText(header, field).split(BETWEEN)) {
      const address = text.includes('@') ? parseAddress(text) : undefined;
      if (address?.ok === true) named.add(addressKey(address.value));
    }
  }
  return named;
}

export function groupsOf(planned: readonly Planned[], named: ReadonlySet<string>): Group[] {
  const groups = new Map<string, MakingPlan & { readonly copy: Copy; readonly recipients: Member[] }>();
  for (const { copy, addressee, plan: chosen } of planned) {
    if (chosen.by === 'none') continue;
    const { plan } = chosen;
    const address = addressKey(addressee.to.address);
    const apart = plan.kind !== 'signed' && !named.has(address) ? address : '';
    const key = [copy.body.id, chosenKey(chosen), apart].join(' ');
    const group = groups.get(key) ?? { ...chosen, copy, recipients: [] };
    group.recipients.push({ addressee, plan });
    groups.set(key, group);
  }
  // Plans with equal keys have the same `by`, so each group holds plans of one kind.
  return [...groups.values()] as Group[];
}
