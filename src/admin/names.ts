/** Names of accounts and partners for listings. Each is looked up only once in a call. */
import type { AccountId, PartnerId } from '../domain/ids.ts';
import type { Delivery } from '../store/deliveries.ts';
import type { Registry } from '../store/port/registry.ts';

export class Names {
  readonly #registry: Registry;
  readonly #accounts = new Map<AccountId, string | undefined>();
  readonly #partners = new Map<PartnerId, string>();

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  /** The login name; undefined for the gateway's own messages, which no account sent. */
  async account(id: AccountId): Promise<string | undefined> {
    if (!this.#accounts.has(id)) this.#accounts.set(id, (await this.#registry.findAccountById(id))?.account.login);
    return this.#accounts.get(id);
  }

  /**
   * Where a delivery goes: the name of the partner, or of the account for whose mailbox the copy is
   * held.
   */
  async goal({ partner, mailbox }: Pick<Delivery, 'partner' | 'mailbox'>): Promise<string> {
    if (partner !== undefined) return await this.partner(partner);
    return (mailbox === undefined ? undefined : await this.account(mailbox)) ?? 'unknown';
  }

  async partner(id: PartnerId): Promise<string> {
    const known = this.#partners.get(id);
    if (known !== undefined) return known;
    const name = (await this.#registry.findPartner(id))?.name ?? `partner ${id}`;
    this.#partners.set(id, name);
    return name;
  }
}
