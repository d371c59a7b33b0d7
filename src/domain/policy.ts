/**
 * Who may write to whom: the closed group's rules as pure decisions. The registry's answers are
 * passed in.
 *
 * RFC 5321 sections 3.3 and 4.5.3, RFC 6409 section 6, RFC 5248 for the codes. Each text is one
 * line of ASCII for the sender: what was refused, why, and what to do. An address is quoted only
 * where it is ASCII.
 */
import type { Absence } from './absence.ts';
import { type Address, needsUtf8 } from './address.ts';
import type { PartnerState } from './partner.ts';
import { type Refusal, type RefusalRow, refusing, row } from './refusal.ts';
import type { Account, Organisation, RegisteredAddress } from './registry.ts';
import { formatOctets } from './octets-text.ts';
import { settingOf } from './settings.ts';
import type { Octets } from './units.ts';

export const policyRows = {
  recipientNeedsUtf8: row(
    553,
    '5.6.7',
    'This address has characters outside ASCII; send MAIL with SMTPUTF8',
    'RCPT names such an address, and MAIL came without SMTPUTF8.',
  ),
  notRegistered: row(
    550,
    '5.1.1',
    '{address} is not registered in this group; check the address',
    'Nobody has the address, or it has ended.',
  ),
  succeeded: row(
    551,
    '5.1.6',
    '{address} no longer exists; send to {successor} instead',
    'The address ended with a successor (`address end --successor`).',
    'Correct the address book',
  ),
  suspended: row(
    550,
    '5.2.1',
    '{address} is registered but suspended; ask the addressee or the helpdesk',
    'The operator has suspended the address or its account.',
  ),
  partnerRefuses: row(
    550,
    '5.2.1',
    'The mail server of {address} accepts no messages at present; ask the addressee or the helpdesk',
    'The operator has suspended the partner with `--refuse`.',
  ),
  tooLargeDeclared: row(
    552,
    '5.2.3',
    '{address} accepts messages up to {limit}; send the files in several messages',
    'SIZE is above the setting `max-message` of the addressee, above its whole `quota`, or above what its partner accepts.',
  ),
  quotaFull: row(
    452,
    '4.2.2',
    'The mailbox of {address} is full; ask the addressee to fetch the mail, then try again',
    'The setting `quota` of the addressee is reached.',
    'Call the addressee: the system there does not fetch its messages',
  ),
  away: row(
    550,
    '5.2.1',
    '{address} is away up to and including {last} and accepts no messages; send again after that',
    'An absence with `--refuse` and without a substitute.',
  ),
  awaySubstitute: row(
    551,
    '5.1.6',
    '{address} is away up to and including {last}; send to {substitute} instead',
    'An absence with `--refuse` that names a substitute.',
  ),
  foreignSender: row(
    550,
    '5.7.1',
    'The address in {where} is not one that this account may send as; use your own registered address',
    'MAIL FROM, From or Sender holds an address of somebody else, or one that is not registered.',
    'Correct the sender address in the program; for a shared address ask the helpdesk for `address delegate`',
  ),
} as const satisfies Record<string, RefusalRow>;

const refusals = refusing(policyRows);

export interface Addressee {
  readonly address: RegisteredAddress;
  readonly account: Account;
  readonly organisation: Organisation;
  /** What the mailbox holds now. */
  readonly used: Octets;
  /** Its mail is pushed there and never filed. */
  readonly partner?: { readonly state: PartnerState; readonly maxMessage?: Octets };
}

export type RecipientDecision =
  | {
      readonly kind: 'taken';
      /** Largest message that this addressee takes. */
      readonly maxMessage: Octets;
      readonly quota: Octets;
      /** True from 80 % of the quota on. */
      readonly nearlyFull: boolean;
    }
  | { readonly kind: 'refused'; readonly refusal: Refusal };

/** An address in a reply: only where it is ASCII. */
export const quoted = (address: Address): string => (needsUtf8(address) ? 'this address' : `<${address}>`);
const refused = (refusal: Refusal): RecipientDecision => ({ kind: 'refused', refusal });

/** Whether the addressee exists and may be written to. */
export function decideReach(address: Address, found: Addressee | undefined, smtpUtf8: boolean): Refusal | undefined {
  if (needsUtf8(address) && !smtpUtf8) return refusals.recipientNeedsUtf8;
  // An ended address looks like one that never was, unless a successor is to be known: who left is
  // nobody's business.
  if (
    found === undefined ||
    found.address.state === 'ended' ||
    found.account.state === 'ended' ||
    found.partner?.state === 'ended'
  ) {
    const successor = found?.address.successor;
    return successor === undefined || needsUtf8(successor)
      ? refusals.notRegistered({ address: quoted(address) })
      : refusals.succeeded({ address: quoted(address), successor: quoted(successor) });
  }
  if (found.address.state === 'suspended' || found.account.state === 'suspended')
    return refusals.suspended({ address: quoted(address) });
  return undefined;
}

/** From 80 % of the quota on its owner is warned. */
export const isNearlyFull = (used: number, quota: number): boolean => used >= quota * 0.8;

const quotaOf = ({ account, organisation }: Addressee): Octets =>
  settingOf('quota', account.settings, organisation.settings) as Octets;

/**
 * Largest message that may ever reach an addressee. One that is larger than the whole mailbox never
 * fits: it is refused for good, since "try again later" had programs send it for days.
 */
export function largestFor(found: Addressee): Octets {
  const set = settingOf('max-message', found.address.settings, found.account.settings, found.organisation.settings);
  // Mail that is pushed fills no mailbox here.
  const whole = found.partner === undefined ? quotaOf(found) : (found.partner.maxMessage ?? set);
  return Math.min(set, whole) as Octets;
}

/**
 * Whether there is room for the message where its copy goes. `declared`: the SIZE of MAIL, 0 where
 * the sender gave none.
 */
export function decideRoom(address: Address, found: Addressee, declared: Octets): RecipientDecision {
  const { partner } = found;
  if (partner?.state === 'refusing') return refused(refusals.partnerRefuses({ address: quoted(address) }));
  const maxMessage = largestFor(found);
  if (declared > maxMessage)
    return refused(refusals.tooLargeDeclared({ address: quoted(address), limit: formatOctets(maxMessage) }));
  const quota = quotaOf(found);
  const room = { kind: 'taken', maxMessage, quota } as const;
  // Mail that is pushed fills no mailbox here.
  if (partner !== undefined) return { ...room, nearlyFull: false };
  if (found.used + declared > quota || found.used >= quota)
    return refused(refusals.quotaFull({ address: quoted(address) }));
  return { ...room, nearlyFull: isNearlyFull(found.used + declared, quota) };
}

/**
 * The addressee is away and wants no mail meanwhile. RFC 5321 section 3.4: 551 names who to write
 * to. `last`: the last day of it.
 */
export const addressedAway = (address: Address, { substitute }: Absence, last: string): Refusal =>
  substitute === undefined
    ? refusals.away({ address: quoted(address), last })
    : refusals.awaySubstitute({ address: quoted(address), last, substitute: quoted(substitute) });

/**
 * The sender is not an address of this account. One text for unregistered and foreign addresses:
 * the registry is not for guessing.
 */
export const foreignSender = (what: 'MAIL FROM' | 'header From' | 'header Sender'): Refusal =>
  refusals.foreignSender({ where: what });
