/**
 * Where letters and codes may go that only people may read: the contact of an organisation, and why
 * one does not reach people.
 */
import { type Address, type AddressKey, addressKey, domainOf } from '../domain/address.ts';
import type { AccountId } from '../domain/ids.ts';
import { type Result, fail, ok } from '../domain/result.ts';
import { settingOf } from '../domain/settings.ts';
import type { Instant } from '../domain/units.ts';
import type { AccountSummary, Recipient } from '../store/registry.ts';
import {
  type DestinationRegistry,
  type NoticeDestination,
  destinationOf,
  firstReader,
  isActive,
  keyOf,
  ownMailbox,
} from './notice-destination.ts';

/**
 * Why letters and codes do not reach people at a contact. `malformed`: no address. `outside`:
 * nothing of its domain is registered. `unregistered`: others of its domain are. `ended`: it, its
 * account or its partner. `program`: no people read there. `closed`: nobody can open it now, or it
 * is suspended; both pass by themselves or with the next command.
 */
export interface ContactProblem {
  readonly kind: 'malformed' | 'outside' | 'unregistered' | 'ended' | 'program' | 'closed';
  /** Text that follows the address. */
  readonly text: string;
}
const problem = (kind: ContactProblem['kind'], text: string): { ok: false; error: ContactProblem } =>
  fail({ kind, text });

/** `organisation`: whose address the contact is. */
export type ContactDestination = NoticeDestination & { readonly organisation: string };

export class ContactDestinations {
  readonly #registry: DestinationRegistry;

  constructor(registry: DestinationRegistry) {
    this.#registry = registry;
  }

  /**
   * Where a secret about an account may go: the registered contact of its organisation, in a
   * mailbox that people of it can open, or by verified TLS to the mail server that is registered
   * for it. The failure says why there is no such place.
   */
  async registered(id: AccountId, now: Instant): Promise<Result<ContactDestination, string>> {
    const summary = await this.#registry.findAccountById(id);
    const organisation =
      summary === undefined ? undefined : await this.#registry.findOrganisation(summary.organisation);
    if (organisation === undefined) return fail('its organisation is not known');
    const { name, contact = '' } = organisation;
    if (contact === '') return fail(`its organisation "${name}" has no contact`);
    const who = `the contact of its organisation, ${JSON.stringify(contact)},`;
    const key = keyOf(contact);
    const found = key === undefined ? undefined : await this.#registry.findRecipient(key);
    if (found !== undefined && isActive(found) && found.account.id === id)
      return fail(`${who} leads to the same mailbox that the password is for`);
    const read = await this.#readByPeople(found, now);
    return read.ok ? read : fail(`${who} ${read.error.text}`);
  }

  /**
   * Where a code may go that is the second factor of this account, beside its password: the
   * registered contact of its organisation, or, where that leads to the account's own mailbox or to
   * no people, the first other account of the organisation that people read. Never a mailbox that
   * the same password opens.
   */
  async secondFactor(id: AccountId, now: Instant): Promise<Result<ContactDestination, string>> {
    const contact = await this.registered(id, now);
    if (contact.ok) return contact;
    const registry = this.#registry;
    const summary = await registry.findAccountById(id);
    const organisation = summary === undefined ? undefined : await registry.findOrganisation(summary.organisation);
    const other = organisation === undefined ? undefined : await firstReader(registry, organisation, id);
    if (other === undefined) return contact;
    const read = await this.#readByPeople(await registry.findRecipient(addressKey(other.address)), now);
    return read.ok ? read : contact;
  }

  /**
   * Why letters and codes for an organisation would not reach people at this contact; undefined if
   * they do. Asked when it is set.
   */
  async problem(contact: string, now: Instant): Promise<ContactProblem | undefined> {
    const registry = this.#registry;
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
    const filed = destinationOf(found, 'contact');
    if (filed === undefined) return problem('ended', 'leads to a partner that has ended');
    const place = { ...filed, organisation: found.organisation.name };
    if ('partner' in place)
      // What stands behind a server of their own cannot be seen: a partner is taken for people's
      // until its setting says otherwise.
      return settingOf('notices', found.account.settings, found.organisation.settings) === 'contact'
        ? problem(
            'program',
            `leads to a partner whose mail a program reads: its account "${found.account.login}" has the setting notices=contact`,
          )
        : ok(place);
    if (!ownMailbox(found.account, found.organisation.settings))
      return problem('program', 'leads to a mailbox that a program empties');
    const its = await this.#registry.findAccountById(found.account.id);
    return its !== undefined && canBeOpened(its, now)
      ? ok(place)
      : problem('closed', 'leads to a mailbox that nobody can open: it has no valid password and no valid certificate');
  }
}

const canBeOpened = ({ passwords, certificates }: AccountSummary, now: Instant): boolean =>
  passwords.some(({ endsAt }) => endsAt === undefined || endsAt > now) ||
  certificates.some(({ revokedAt, notAfter }) => revokedAt === undefined && notAfter > now);
