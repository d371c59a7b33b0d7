/**
 * Organisations that have an address as their contact. An operator who ends that address is warned.
 */
import { type Address, type AddressKey, addressKey, parseAddress } from '../domain/address.ts';
import type { Registry } from '../store/port/registry.ts';
import { everyOrganisation } from './every-organisation.ts';

/**
 * For each address that is a contact, the names of the organisations, without those that have
 * ended.
 */
export type Contacts = ReadonlyMap<AddressKey, readonly string[]>;

export async function contactsIn(registry: Pick<Registry, 'listOrganisations'>): Promise<Contacts> {
  const contacts = new Map<AddressKey, string[]>();
  for await (const page of everyOrganisation(registry))
    for (const { name, contact = '', state } of page) {
      const parsed = parseAddress(contact);
      if (state === 'ended' || !parsed.ok) continue;
      const key = addressKey(parsed.value);
      contacts.set(key, [...(contacts.get(key) ?? []), name]);
    }
  return contacts;
}

export const contactOf = (contacts: Contacts, addresses: readonly Address[]): readonly string[] =>
  [...new Set(addresses.flatMap((address) => contacts.get(addressKey(address)) ?? []))].sort();
