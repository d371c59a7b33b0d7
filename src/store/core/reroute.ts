/**
 * A message whose recipient has moved between RCPT and its acceptance: it was found to lead to a
 * partner or a mailbox, and its address leads elsewhere now. The message goes where the address
 * leads now, so that nothing arrives at the old place after the move (decisions 1302 and 1305). A
 * copy for a mailbox never goes to a partner, though: its protection was chosen for a mailbox.
 */
import { addressKey } from '../../domain/address.ts';
import type { AccountId, PartnerId } from '../../domain/ids.ts';
import type { AcceptedRecipient, Acceptance } from '../acceptance.ts';
import type { AcceptWork, NewDelivery } from '../changes/accept-work.ts';

/** Where an address leads: a mailbox, or a partner's server. */
export interface AddressTarget {
  readonly account: number;
  /** 0: the account has a mailbox. */
  readonly partner: number;
}

type Envelope = Acceptance['envelope'] & { readonly recipients: readonly AcceptedRecipient[] };

/**
 * The envelope as JSON, with recipients of `from` (a partner; where it is undefined, of any partner
 * or mailbox) that have moved.
 */
export function movedEnvelope(json: string, targets: ReadonlyMap<string, AddressTarget>, from?: number): string {
  const envelope = JSON.parse(json) as Envelope;
  const recipients = envelope.recipients.map((recipient) => {
    const target = targets.get(addressKey(recipient.address));
    if (target === undefined || (from !== undefined && recipient.partner !== from)) return recipient;
    const { partner: _, mailbox: __, ...facts } = recipient;
    return target.partner === 0
      ? { ...facts, mailbox: target.account as AccountId }
      : { ...facts, partner: target.partner as PartnerId };
  });
  return JSON.stringify({ ...envelope, recipients });
}

/** The work with everybody in `targets` where their addresses lead now. */
export function rerouted(work: AcceptWork, targets: ReadonlyMap<string, AddressTarget>): AcceptWork {
  const targetOf = (i: number): AddressTarget | undefined => targets.get(work.keys[i] ?? '');
  const wanting = new Set(
    (JSON.parse(work.envelope) as Envelope).recipients
      .filter(({ receipt, contrl }) => receipt === true || contrl === true)
      .map(({ address }) => addressKey(address) as string),
  );
  const receipts = work.keys.flatMap((key, i) => {
    const target = targetOf(i);
    return target?.partner === 0 && wanting.has(key) ? [target.account] : [];
  });
  const isHeld = (key: string): boolean =>
    work.deliveries.some(({ recipient, held }) => held && addressKey(recipient as never) === key);
  return {
    ...work,
    envelope: movedEnvelope(work.envelope, targets),
    mailboxes: work.mailboxes.map((mailbox, i) => {
      const target = targetOf(i);
      const held = mailbox === 0 && work.owners[i] !== 0;
      return target?.partner === 0 && !held && !isHeld(work.keys[i] ?? '') ? target.account : mailbox;
    }),
    owners: work.owners.map((owner, i) => targetOf(i)?.account ?? owner),
    partners: work.partners.map((partner, i) => targetOf(i)?.partner ?? partner),
    deliveries: work.deliveries.flatMap((delivery) => movedDelivery(delivery, targets)),
    receipts: [...work.receipts, ...receipts],
    copies: work.copies.map((copy) => rerouted(copy, targets)),
  };
}

function movedDelivery(delivery: NewDelivery, targets: ReadonlyMap<string, AddressTarget>): NewDelivery[] {
  const target = targets.get(addressKey(delivery.recipient as never));
  if (target === undefined) return [delivery];
  if (target.partner !== 0) return [{ ...delivery, partner: target.partner }];
  // A copy that was to be held for the partner is held from the mailbox; the others are filed, not
  // queued.
  return delivery.held ? [{ ...delivery, partner: 0, mailbox: target.account }] : [];
}
