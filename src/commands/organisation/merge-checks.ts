/**
 * What prevents a merge of two organisations. It is found after the walk over the accounts, before
 * anything changes.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import { MAX_IDENTITIES } from '../../store/edi-identities.ts';
import type { AdminContext } from '../../admin/context.ts';
import type { MergeWish } from './merge-wish.ts';
import { successorProblem } from '../../admin/successor.ts';

/** Most problems that one refusal lists. */
const MOST_PROBLEMS = 100;

/** What the walk over the accounts found. Addresses stand by their keys. */
export interface Gathered {
  /** Number of addresses that end without a successor. */
  withoutSuccessor: number;
  readonly endingKeys: Set<string>;
  /**
   * The successors, by their keys. `to`: the account that will get the successor's mail; '' if it
   * would be more than one.
   */
  readonly successors: Map<string, { readonly old: Address; readonly successor: Address; readonly to: string }>;
  /** Login names of the accounts that will take mail of others. */
  readonly mailboxes: Set<string>;
  /** Addresses that move to the other organisation. */
  readonly seen: Set<string>;
  /** Login names of accounts that have ended. What is bound to them stays behind. */
  readonly ended: Set<string>;
}

export interface Identities {
  readonly identities: readonly string[];
  readonly sharedIdentities: readonly string[];
}

export class MergeChecks {
  readonly #context: AdminContext;
  readonly #wish: MergeWish;
  readonly #gathered: Gathered;
  readonly #problems: string[] = [];
  #more = 0;

  constructor(context: AdminContext, wish: MergeWish, gathered: Gathered) {
    this.#context = context;
    this.#wish = wish;
    this.#gathered = gathered;
  }

  get problems(): readonly string[] {
    return this.#more === 0 ? this.#problems : [...this.#problems, `  and ${this.#more} more; correct these first`];
  }

  /** Checks the successors. Resolves to the keys of those that the merge registers. */
  async successors(): Promise<ReadonlySet<string>> {
    const { registry } = this.#context.store;
    const { from, into } = this.#wish;
    const { withoutSuccessor } = this.#gathered;
    if (withoutSuccessor > 0)
      this.#problem(
        `${withoutSuccessor} addresses have no successor, and their senders would be told of none: name them in the file, or one for all with --successor`,
      );
    const made = new Set<string>();
    for (const [key, { old, successor, to }] of this.#gathered.successors) {
      const found = await registry.findRecipient(addressKey(successor));
      if (found === undefined) {
        made.add(key);
        if (to === '')
          this.#problem(
            `${successor}: it would be registered for two accounts; register it for one with "sluis address add"`,
          );
        continue;
      }
      const { account, organisation, partner } = found;
      if (this.#gathered.endingKeys.has(key))
        this.#problem(`${successor}: it ends itself, so it cannot succeed ${old}`);
      else if (![from.id, into.id].includes(organisation.id))
        this.#problem(
          `${successor}: it belongs to "${organisation.name}", and senders to ${old} would write to somebody else; name one of "${into.name}"`,
        );
      else if (successorProblem(found) !== undefined)
        this.#problem(`${successor}: ${successorProblem(found) ?? ''}, so it cannot succeed ${old}`);
      else if (partner !== undefined && !(await this.#isRegistered(account.login, key)))
        this.#problem(
          `${successor}: only its domain leads to partner "${partner.name}"; register it first with "sluis address add"`,
        );
    }
    return made;
  }

  async #isRegistered(login: string, key: string): Promise<boolean> {
    const found = await this.#context.store.registry.findAccount(login);
    return found?.addresses.some(({ address }) => addressKey(address) === key) ?? false;
  }

  async mailboxes(): Promise<void> {
    const { into } = this.#wish;
    for (const login of this.#gathered.mailboxes) {
      const found = await this.#context.store.registry.findAccount(login);
      if (found === undefined) this.#problem(`${login}: there is no such account to file mail for`);
      else if (found.organisation !== into.name)
        this.#problem(`${login}: it is an account of "${found.organisation}"; name one of "${into.name}"`);
      else if (
        found.account.state !== 'active' ||
        found.account.endsAt !== undefined ||
        found.account.kind === 'partner'
      )
        this.#problem(`${login}: nothing can be filed for it (${found.account.kind}, ${found.account.state})`);
    }
  }

  /**
   * Checks the lines of the file. A line about an address that is not the organisation's is a
   * mistake, unless an earlier part of this merge has moved that address already.
   */
  async file(): Promise<void> {
    const { rules, from, into } = this.#wish;
    for (const [key, { line, address }] of rules.byAddress) {
      if (this.#gathered.seen.has(key)) continue;
      const found = await this.#context.store.registry.findRecipient(addressKey(address));
      if (from.mergedInto !== undefined && found?.organisation.id === into.id) continue;
      this.#problem(
        `line ${line}: ${address} is not an address of "${from.name}" that accepts mail; correct or remove the line`,
      );
    }
  }

  async identities(): Promise<Identities> {
    const { registry } = this.#context.store;
    const { from, into } = this.#wish;
    const [own, other] = await Promise.all(
      [from, into].map(({ name }) => registry.listIdentities({ limit: MAX_IDENTITIES, organisation: name })),
    );
    const shared = new Set<string>();
    const carried = (own ?? []).filter(({ login }) => login === undefined || !this.#gathered.ended.has(login));
    for (const identity of carried) {
      const same = (other ?? []).filter(({ id }) => id === identity.id);
      if (same.length > 0) shared.add(identity.id);
      // If both organisations have a party bound to different mailboxes, a message to it without a
      // qualifier could mean either one.
      for (const { qualifier, login } of same)
        if (login !== identity.login && (login !== undefined || identity.login !== undefined))
          this.#problem(
            `EDI identity ${identity.id}: "${from.name}" has it with qualifier "${identity.qualifier}"${boundTo(identity.login)}, "${into.name}" with "${qualifier}"${boundTo(login)}; remove one with "sluis organisation edi remove"`,
          );
    }
    const identities = carried.map(({ id, qualifier }) => (qualifier === '' ? id : `${id}:${qualifier}`));
    return { identities, sharedIdentities: [...shared] };
  }

  #problem(text: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push(`  ${text}`);
    else this.#more += 1;
  }
}

const boundTo = (login: string | undefined): string => (login === undefined ? '' : ` for account "${login}"`);
