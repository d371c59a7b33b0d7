/**
 * Which recipients share one protected body.
 *
 * Those with the same plan do, with one exception: the list of recipients in an encrypted message can be read by all of them. Whoever is
 * not named in To or Cc, a blind copy or the substitute of somebody who is away, gets a body of its own.
 */
import { type ProtectionPlan, type SigningPlan, planKey } from '../crypto/smime/plan.ts';
import { addressKey, parseAddress } from '../domain/address.ts';
import { type Header, fieldText } from '../mime/header.ts';
import type { Addressee, Copy } from './middleware.ts';

export interface Planned {
  readonly copy: Copy;
  readonly addressee: Addressee;
  readonly plan: Exclude<ProtectionPlan, { kind: 'refused' }>;
}

/** Recipients of one copy who share what is made of it. All their plans are equal by `planKey`. */
export interface Group {
  readonly copy: Copy;
  readonly plan: SigningPlan;
  readonly recipients: readonly { readonly addressee: Addressee; readonly plan: SigningPlan }[];
}

const NAMING: ReadonlySet<string> = new Set(['to', 'cc', 'resent-to', 'resent-cc']);
/** What stands between addresses. What looks like one in a comment or a name is seen by everybody as well. */
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
  const groups = new Map<string, { copy: Copy; plan: SigningPlan; recipients: Group['recipients'][number][] }>();
  for (const { copy, addressee, plan } of planned) {
    if (plan.kind === 'plain') continue;
    const address = addressKey(addressee.to.address);
    const apart = plan.kind !== 'signed' && !named.has(address) ? address : '';
    const key = [copy.body.id, planKey(plan), apart].join(' ');
    const group = groups.get(key) ?? { copy, plan, recipients: [] };
    group.recipients.push({ addressee, plan });
    groups.set(key, group);
  }
  return [...groups.values()];
}
