/**
 * Where a notice goes: never into a mailbox that a program empties unless that was asked for, and
 * never nowhere in silence.
 *
 * A multipart/report in front of a lab result can stop an old importer. So what is about an account
 * of kind `edi` goes to its organisation's contact: the contact's address where that is registered,
 * else the organisation's first account for people, else the operator. The setting `notices` of the
 * account decides otherwise.
 */
import { type Address, addressKey } from '../domain/address.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Organisation } from '../domain/registry.ts';
import { ContactDestinations } from './contact-destinations.ts';
import {
  type DestinationRegistry,
  type NoticeDestination,
  destinationOf,
  firstReader,
  isActive,
  keyOf,
  mailboxOf,
  ownMailbox,
} from './notice-destination.ts';

export interface NoticeDestinationParts {
  readonly registry: DestinationRegistry;
  /** The operator's own address (configuration, else the postmaster's). */
  readonly operator: Address;
}

export class NoticeDestinations {
  /** Destinations that only people read. */
  readonly contacts: ContactDestinations;
  readonly #parts: NoticeDestinationParts;

  constructor(parts: NoticeDestinationParts) {
    this.#parts = parts;
    this.contacts = new ContactDestinations(parts.registry);
  }

  /** Destination for the sender of a message; undefined: nobody at all could be told. */
  async ofSender(sender: Address, submitter: AccountId): Promise<NoticeDestination | undefined> {
    const found = await this.#parts.registry.findRecipient(addressKey(sender));
    if (found !== undefined && isActive(found)) {
      const { address, account, organisation, partner } = found;
      const language = organisation.language;
      // A partner's own server knows what to do with a report; the reverse path is where it expects
      // one.
      if (partner !== undefined)
        return partner.state === 'ended'
          ? await this.#ofOrganisation(organisation)
          : { address: address.address, language, as: 'mailbox', partner: partner.id };
      if (ownMailbox(account, organisation.settings))
        return { address: address.address, language, as: 'mailbox', mailbox: account.id };
      return await this.#ofOrganisation(organisation, account.id);
    }
    return await this.ofAccount(submitter);
  }

  /** For an account as a whole. `elsewhere`: not into its own mailbox, since nobody looks there. */
  async ofAccount(id: AccountId, { elsewhere = false } = {}): Promise<NoticeDestination | undefined> {
    const summary = await this.#parts.registry.findAccountById(id);
    const organisation =
      summary === undefined ? undefined : await this.#parts.registry.findOrganisation(summary.organisation);
    if (summary === undefined || organisation === undefined) return await this.operator();
    const own = elsewhere ? undefined : mailboxOf(summary);
    if (own !== undefined && ownMailbox(summary.account, organisation.settings))
      return { ...own, language: organisation.language, as: 'mailbox' };
    return await this.#ofOrganisation(organisation, id);
  }

  /**
   * For what happens to a mailbox as a whole: whoever reads the mailbox itself, and beside them
   * whoever else of the organisation reads, since a program may be all that opens it; `operator`
   * too where asked for. Each once; undefined alone: nobody at all could be told.
   */
  async aroundMailbox(id: AccountId, also?: 'operator'): Promise<readonly (NoticeDestination | undefined)[]> {
    const found = [await this.ofAccount(id), await this.ofAccount(id, { elsewhere: true })];
    if (also === 'operator') found.push(await this.operator());
    const places = new Map(found.flatMap((place) => (place === undefined ? [] : [[targetOf(place), place] as const])));
    return places.size === 0 ? [undefined] : [...places.values()];
  }

  /**
   * Who reads for a whole organisation, whatever it is about: its contact, else its first account
   * for people. Never a mailbox that a system empties, also not where its settings let notices in,
   * and never the operator: that would be nobody.
   */
  async ofContact(organisation: Organisation): Promise<NoticeDestination | undefined> {
    const key = keyOf(organisation.contact);
    const found = key === undefined ? undefined : await this.#parts.registry.findRecipient(key);
    const reads =
      found !== undefined && isActive(found) && (found.partner !== undefined || found.account.kind !== 'edi');
    return (
      (reads ? destinationOf(found, 'contact') : undefined) ?? (await firstReader(this.#parts.registry, organisation))
    );
  }

  async operator(): Promise<NoticeDestination | undefined> {
    const found = await this.#parts.registry.findRecipient(addressKey(this.#parts.operator));
    return found === undefined || !isActive(found) ? undefined : destinationOf(found, 'operator');
  }

  /** `not`: the account that it is about. */
  async #ofOrganisation(organisation: Organisation, not?: AccountId): Promise<NoticeDestination | undefined> {
    return (
      (await this.#contact(organisation, not)) ??
      (await firstReader(this.#parts.registry, organisation, not)) ??
      (await this.operator())
    );
  }

  async #contact(organisation: Organisation, not: AccountId | undefined): Promise<NoticeDestination | undefined> {
    const key = keyOf(organisation.contact);
    const found = key === undefined ? undefined : await this.#parts.registry.findRecipient(key);
    if (found === undefined || !isActive(found) || found.account.id === not) return undefined;
    // A contact that is itself a program's mailbox is no contact.
    if (found.partner === undefined && !ownMailbox(found.account, found.organisation.settings)) return undefined;
    return destinationOf(found, 'contact');
  }
}

const targetOf = (place: NoticeDestination): string =>
  'partner' in place ? `partner ${place.address}` : `mailbox ${place.mailbox}`;
