/**
 * Where a notice goes: never into a mailbox that a program empties unless that was asked for, and never nowhere in silence.
 *
 * A multipart/report in front of a lab result can stop an old importer. So what is about an account of kind `edi` goes to its
 * organisation's contact: the contact's address where that is registered, else the organisation's first account for people, else the
 * operator. The setting `notices` of the account decides otherwise.
 */
import { type Address, type AddressKey, addressKey, domainOf, parseAddress } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId, PartnerId } from '../domain/ids.ts';
import type { Account, Language, Organisation } from '../domain/registry.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { settingOf } from '../domain/settings.ts';
import type { Settings } from '../domain/settings/setting.ts';
import type { Instant } from '../domain/units.ts';
import type { AccountSummary, Recipient } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';

export type DestinationRegistry = Pick<
  Registry,
  'findRecipient' | 'findAccountById' | 'findOrganisation' | 'listAccounts' | 'hasAddressesIn'
>;

export type NoticeDestination = {
  readonly address: Address;
  /** Of the organisation that reads it. */
  readonly language: Language;
  /** `operator`: nobody of the organisation could be reached. */
  readonly as: 'mailbox' | 'contact' | 'operator';
} & ({ readonly mailbox: AccountId } | { readonly partner: PartnerId });

/**
 * Why letters and codes do not reach people at a contact. `malformed`: no address. `outside`: nothing of its domain is registered.
 * `unregistered`: others of its domain are. `ended`: it, its account or its partner. `program`: no people read there. `closed`: nobody can open
 * it now, or it is suspended; both pass by themselves or with the next command.
 */
export interface ContactProblem {
  readonly kind: 'malformed' | 'outside' | 'unregistered' | 'ended' | 'program' | 'closed';
  /** Goes on after the address. */
  readonly text: string;
}
const problem = (kind: ContactProblem['kind'], text: string): { ok: false; error: ContactProblem } =>
  fail({ kind, text });

/** `organisation`: whose address the contact is. */
export type ContactDestination = NoticeDestination & { readonly organisation: string };

export interface NoticeDestinationParts {
  readonly registry: DestinationRegistry;
  /** The operator's own address (configuration, else the postmaster's). */
  readonly operator: Address;
}

/** Accounts of one organisation that are looked through for one that people read. */
const PAGE = 200;
const MAX_PAGES = 10;

/** Whose notice it is: a registered address, or an account as a whole. */
export interface Whose {
  readonly account: Account;
  readonly organisation: Organisation;
  /** Settings of the address come first. */
  readonly address?: Address;
}

/** True when what is about this account's messages may be filed in its own mailbox. */
export function ownMailbox(account: Pick<Account, 'kind' | 'settings'>, organisation: Settings): boolean {
  const chosen = settingOf('notices', account.settings, organisation);
  return chosen === 'mailbox' || (chosen === 'automatic' && account.kind === 'mail');
}

export class NoticeDestinations {
  readonly #parts: NoticeDestinationParts;

  constructor(parts: NoticeDestinationParts) {
    this.#parts = parts;
  }

  /** For the sender of a message. Undefined: nobody at all could be told. */
  async ofSender(sender: Address, submitter: AccountId): Promise<NoticeDestination | undefined> {
    const found = await this.#parts.registry.findRecipient(addressKey(sender));
    if (found !== undefined && isActive(found)) {
      const { address, account, organisation, partner } = found;
      const language = organisation.language;
      // A partner's own server knows what to do with a report; the reverse path is where it expects one.
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
   * For what happens to a mailbox as a whole: whoever reads the mailbox itself, and beside them whoever else of the organisation reads, since a
   * program may be all that opens it; `operator` too where asked for. Each once; undefined alone: nobody at all could be told.
   */
  async aroundMailbox(id: AccountId, also?: 'operator'): Promise<readonly (NoticeDestination | undefined)[]> {
    const found = [await this.ofAccount(id), await this.ofAccount(id, { elsewhere: true })];
    if (also === 'operator') found.push(await this.operator());
    const places = new Map(found.flatMap((place) => (place === undefined ? [] : [[targetOf(place), place] as const])));
    return places.size === 0 ? [undefined] : [...places.values()];
  }

  /**
   * Where a secret about an account may go: the registered contact of its organisation, in a mailbox that people of it can open, or by verified
   * TLS to the mail server that is registered for it. The failure says why there is no such place.
   */
  async ofRegisteredContact(id: AccountId, now: Instant): Promise<Result<ContactDestination, string>> {
    const summary = await this.#parts.registry.findAccountById(id);
    const organisation =
      summary === undefined ? undefined : await this.#parts.registry.findOrganisation(summary.organisation);
    if (organisation === undefined) return fail('its organisation is not known');
    const { name, contact = '' } = organisation;
    if (contact === '') return fail(`its organisation "${name}" has no contact`);
    const who = `the contact of its organisation, ${JSON.stringify(contact)},`;
    const key = keyOf(contact);
    const found = key === undefined ? undefined : await this.#parts.registry.findRecipient(key);
    if (found !== undefined && isActive(found) && found.account.id === id)
      return fail(`${who} leads to the same mailbox that the password is for`);
    const read = await this.#readByPeople(found, now);
    return read.ok ? read : fail(`${who} ${read.error.text}`);
  }

  /**
   * Where a code may go that is the second factor of this account, beside its password: the registered contact of its organisation, or, where that leads to the account's own
   * mailbox or to no people, the first other account of the organisation that people read. Never a mailbox that the same password opens.
   */
  async ofSecondFactor(id: AccountId, now: Instant): Promise<Result<ContactDestination, string>> {
    const contact = await this.ofRegisteredContact(id, now);
    if (contact.ok) return contact;
    const { registry } = this.#parts;
    const summary = await registry.findAccountById(id);
    const organisation = summary === undefined ? undefined : await registry.findOrganisation(summary.organisation);
    const other = organisation === undefined ? undefined : await this.#people(organisation, id);
    if (other === undefined) return contact;
    const read = await this.#readByPeople(await registry.findRecipient(addressKey(other.address)), now);
    return read.ok ? read : contact;
  }

  /** Why letters and codes for an organisation would not reach people at this contact; undefined where they do. Asked when it is set. */
  async contactProblem(contact: string, now: Instant): Promise<ContactProblem | undefined> {
    const { registry } = this.#parts;
    const key = keyOf(contact);
    if (key === undefined) return { kind: 'malformed', text: 'is not a mail address' };
    const read = await this.#readByPeople(await registry.findRecipient(key), now);
    if (read.ok) return undefined;
    return read.error.kind === 'outside' && (await registry.hasAddressesIn(domainOf(key as AddressKey & Address)))
      ? { kind: 'unregistered', text: 'is not registered here, though others of its domain are' }
      : read.error;
  }

  async #readByPeople(found: Recipient | undefined, now: Instant): Promise<Result<ContactDestination, ContactProblem>> {
    if (found === undefined) return problem('outside', 'is not registered here');
    if ([found.address.state, found.account.state].includes('ended'))
      return problem('ended', 'has ended, or its account has');
    if (!isActive(found)) return problem('closed', 'is suspended');
    const filed = placeOf(found, 'contact');
    if (filed === undefined) return problem('ended', 'leads to a partner that has ended');
    const place = { ...filed, organisation: found.organisation.name };
    if ('partner' in place)
      // What stands behind a server of their own cannot be seen: a partner is taken for people's until its setting says otherwise.
      return settingOf('notices', found.account.settings, found.organisation.settings) === 'contact'
        ? problem(
            'program',
            `leads to a partner whose mail a program reads: its account "${found.account.login}" has the setting notices=contact`,
          )
        : ok(place);
    if (!ownMailbox(found.account, found.organisation.settings))
      return problem('program', 'leads to a mailbox that a program empties');
    const its = await this.#parts.registry.findAccountById(found.account.id);
    return its !== undefined && canBeOpened(its, now)
      ? ok(place)
      : problem('closed', 'leads to a mailbox that nobody can open: it has no valid password and no valid certificate');
  }

  /**
   * Who reads for a whole organisation, whatever it is about: its contact, else its first account for people. Never a mailbox that a system
   * empties, also not where its settings let notices in, and never the operator: that would be nobody.
   */
  async ofContact(organisation: Organisation): Promise<NoticeDestination | undefined> {
    const key = keyOf(organisation.contact);
    const found = key === undefined ? undefined : await this.#parts.registry.findRecipient(key);
    const reads =
      found !== undefined && isActive(found) && (found.partner !== undefined || found.account.kind !== 'edi');
    return (reads ? placeOf(found, 'contact') : undefined) ?? (await this.#people(organisation, undefined));
  }

  async operator(): Promise<NoticeDestination | undefined> {
    const found = await this.#parts.registry.findRecipient(addressKey(this.#parts.operator));
    return found === undefined || !isActive(found) ? undefined : placeOf(found, 'operator');
  }

  /** `not`: the account that it is about. */
  async #ofOrganisation(organisation: Organisation, not?: AccountId): Promise<NoticeDestination | undefined> {
    return (
      (await this.#contact(organisation, not)) ?? (await this.#people(organisation, not)) ?? (await this.operator())
    );
  }

  async #contact(organisation: Organisation, not: AccountId | undefined): Promise<NoticeDestination | undefined> {
    const key = keyOf(organisation.contact);
    const found = key === undefined ? undefined : await this.#parts.registry.findRecipient(key);
    if (found === undefined || !isActive(found) || found.account.id === not) return undefined;
    // A contact that is itself a program's mailbox is no contact.
    if (found.partner === undefined && !ownMailbox(found.account, found.organisation.settings)) return undefined;
    return placeOf(found, 'contact');
  }

  async #people({ name, language }: Organisation, not: AccountId | undefined): Promise<NoticeDestination | undefined> {
    let after: string | undefined;
    for (let page = 0; page < MAX_PAGES; page += 1) {
      const accounts = await this.#parts.registry.listAccounts({
        organisation: name,
        limit: PAGE,
        ...defined({ after }),
      });
      for (const summary of accounts) {
        if (summary.account.kind !== 'mail' || summary.account.id === not) continue;
        const own = mailboxOf(summary);
        if (own !== undefined) return { ...own, language, as: 'contact' };
      }
      after = accounts.at(-1)?.account.login;
      if (accounts.length < PAGE) return undefined;
    }
    return undefined;
  }
}

const keyOf = (text: string | undefined): AddressKey | undefined => {
  const address = text === undefined ? undefined : parseAddress(text.trim());
  return address?.ok === true ? addressKey(address.value) : undefined;
};

const targetOf = (place: NoticeDestination): string =>
  'partner' in place ? `partner ${place.address}` : `mailbox ${place.mailbox}`;

const isActive = ({ address, account }: Recipient): boolean => address.state === 'active' && account.state === 'active';

const canBeOpened = ({ passwords, certificates }: AccountSummary, now: Instant): boolean =>
  passwords.some(({ endsAt }) => endsAt === undefined || endsAt > now) ||
  certificates.some(({ revokedAt, notAfter }) => revokedAt === undefined && notAfter > now);

function placeOf(
  { address, account, organisation, partner }: Recipient,
  as: NoticeDestination['as'],
): NoticeDestination | undefined {
  const common = { address: address.address, language: organisation.language, as };
  if (partner === undefined) return { ...common, mailbox: account.id };
  return partner.state === 'ended' ? undefined : { ...common, partner: partner.id };
}

function mailboxOf(summary: AccountSummary): { readonly address: Address; readonly mailbox: AccountId } | undefined {
  if (summary.account.state !== 'active') return undefined;
  const address = summary.addresses.find((a) => a.state === 'active')?.address;
  return address === undefined ? undefined : { address, mailbox: summary.account.id };
}
