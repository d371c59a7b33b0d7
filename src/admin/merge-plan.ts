/**
 * What a merge of two organisations changes, found out before anything does: the same walk tells an operator what would be, refuses what must
 * not be, and says to the store what is to be done with each account.
 */
import { namesFormer } from '../crypto/certificate-organisation.ts';
import { type Address, addressKey } from '../domain/address.ts';
import type { Organisation } from '../domain/registry.ts';
import { settingOf, settingsTable } from '../domain/settings.ts';
import type { Setting, SettingValue, Settings } from '../domain/settings/setting.ts';
import { formatSetting } from '../domain/settings/value.ts';
import type { Instant } from '../domain/units.ts';
import type { AccountCertificate } from '../store/certificates.ts';
import type { AccountMerge, AddressMerge } from '../store/organisation-merge.ts';
import type { AccountSummary, SettingChanges } from '../store/registry.ts';
import type { Store } from '../store/store.ts';
import type { AdminContext } from './context.ts';
import { partnerOf } from './erase.ts';
import { type Rule, type Rules } from './merge-successors.ts';
import { accountsOf } from './organisation-accounts.ts';
import { successorProblem } from './successor.ts';

export interface MergeWish {
  readonly from: Organisation;
  readonly into: Organisation;
  readonly until?: Instant | undefined;
  readonly rules: Rules;
  readonly keepSettings: boolean;
  readonly revoke: boolean;
}

/** A setting that is one thing in the one organisation and another in the other. */
export interface SettingDifference {
  readonly name: string;
  readonly was: string;
  readonly becomes: string;
  /** Accounts that do not set it themselves. */
  readonly accounts: number;
  /** They keep what was: it is set on each. */
  readonly kept: boolean;
}

export interface AddressPlan {
  readonly address: Address;
  readonly account: string;
  /** ISO 8601. */
  readonly ends?: string;
  readonly successor?: Address;
  /** The successor is registered by the merge. */
  readonly registered?: true;
  /** Whose mailbox takes its mail from now on. */
  readonly mailbox?: string;
}

export interface NamedCertificate {
  readonly login: string;
  readonly use: string;
  readonly serial: string;
  readonly fingerprint: string;
  readonly subject: string;
  readonly ends: string;
}

/** Lists have at most 1000 items; the counts beside them are whole. */
export interface MergePlan {
  readonly organisation: string;
  readonly into: string;
  /** Begun before, and cut short: this is what is left. */
  readonly resumed: boolean;
  readonly accounts: number;
  readonly suspended: number;
  /** Those that have ended: they stay. */
  readonly stay: number;
  readonly messages: number;
  readonly octets: number;
  readonly addresses: number;
  readonly ends?: string;
  readonly ending: number;
  readonly withSuccessor: number;
  readonly registered: number;
  readonly elsewhere: number;
  /** Addresses that end or are filed elsewhere. */
  readonly changed: readonly AddressPlan[];
  /** Log-in names of accounts that no address leads to any more. */
  readonly withoutAddress: readonly string[];
  /** EDI identities that are carried over. */
  readonly identities: readonly string[];
  /** With other qualifiers both have these: one party from now on. */
  readonly sharedIdentities: readonly string[];
  readonly settings: readonly SettingDifference[];
  /** Log-in names of accounts that could not log in any more: they lack what the other organisation's setting `login` asks for. */
  readonly lockedOut: readonly string[];
  readonly certificates: readonly NamedCertificate[];
  readonly revoke: boolean;
  readonly partners: readonly { readonly name: string; readonly domains: readonly string[] }[];
  /** Addresses of a third organisation that its accounts may send as. */
  readonly sendsAs: readonly { readonly login: string; readonly address: Address; readonly organisation: string }[];
  /** Of the other organisation, for all from now on. */
  readonly contact?: string;
  readonly language: string;
}

const TOLD = 1000;
/** Problems that one refusal tells. */
const MOST_PROBLEMS = 100;

const iso = (at: Instant): string => new Date(at).toISOString();

/** Settings of an organisation that hold for its accounts and differ. */
export const differencesOf = (from: Settings, into: Settings): readonly (readonly [string, Setting])[] =>
  (Object.entries(settingsTable) as [string, Setting][]).filter(
    ([name, { scopes, default: initial }]) =>
      scopes.includes('organisation') && (from[name] ?? initial) !== (into[name] ?? initial),
  );

/** What an account has to have of its own from now on, so that what held for it holds on. */
export function keptFor(wish: MergeWish, account: Settings): SettingChanges {
  const kept: Record<string, SettingValue> = {};
  if (wish.keepSettings)
    for (const [name, { scopes, default: initial }] of differencesOf(wish.from.settings, wish.into.settings))
      if (scopes.includes('account') && account[name] === undefined) kept[name] = wish.from.settings[name] ?? initial;
  return kept;
}

/** What becomes of each address of the account that has not ended. */
export const addressMergesOf = (wish: MergeWish, { addresses }: AccountSummary): readonly AddressMerge[] =>
  addresses
    .filter(({ state }) => state !== 'ended')
    .map(({ address }) => {
      const { mailbox, successor } = ruleFor(wish.rules, address);
      const ends = wish.until !== undefined && isEnding(wish.rules, address);
      return {
        address,
        ...(mailbox === undefined ? {} : { mailbox }),
        ...(ends ? { endsAt: wish.until, ...(successor === undefined ? {} : { successor }) } : {}),
      };
    });

export const mergeOf = (wish: MergeWish, summary: AccountSummary): AccountMerge => ({
  login: summary.account.login,
  settings: keptFor(wish, summary.account.settings),
  addresses: addressMergesOf(wish, summary),
});

const ruleFor = ({ byAddress, others }: Rules, address: Address): Rule => byAddress.get(addressKey(address)) ?? others;

/** A line of the file without a successor lets its address go on. */
function isEnding(rules: Rules, address: Address): boolean {
  const own = rules.byAddress.get(addressKey(address));
  const successor = (own ?? rules.others).successor;
  if (successor !== undefined && addressKey(successor) === addressKey(address)) return false;
  return own === undefined || own.successor !== undefined;
}

/** Valid certificates of the own authority that say the account is of an organisation which it is no more. */
export async function certificatesNaming(
  { certificates }: Store,
  { from, into }: Pick<MergeWish, 'from' | 'into'>,
  { login, now }: { readonly login: string; readonly now: Instant },
): Promise<readonly AccountCertificate[]> {
  const found = await certificates.listCertificates({ login, limit: 1000, endsFrom: now });
  return found.filter(
    ({ authority, revoked, subject }) =>
      authority !== undefined && revoked === undefined && namesFormer({ subject, own: true }, from, into),
  );
}

export async function planMerge(
  context: AdminContext,
  wish: MergeWish,
  progress: (done: number) => void,
): Promise<{ readonly plan: MergePlan; readonly problems: readonly string[] }> {
  const walk = new Walk(context, wish);
  for await (const summary of accountsOf(context.store, wish.from.name)) progress(await walk.account(summary));
  return await walk.end();
}

class Walk {
  readonly #context: AdminContext;
  readonly #wish: MergeWish;
  readonly #problems: string[] = [];
  #more = 0;
  readonly #sum = { accounts: 0, suspended: 0, stay: 0, messages: 0, octets: 0, addresses: 0 };
  readonly #of = { ending: 0, withSuccessor: 0, registered: 0, elsewhere: 0 };
  readonly #changed: AddressPlan[] = [];
  readonly #withoutAddress: string[] = [];
  readonly #unset = new Map<string, number>();
  readonly #lockedOut: string[] = [];
  readonly #certificates: NamedCertificate[] = [];
  readonly #partners: { name: string; domains: readonly string[] }[] = [];
  readonly #sendsAs: MergePlan['sendsAs'][number][] = [];
  /** Keys of addresses that end, and where each successor is told of. */
  readonly #endingKeys = new Set<string>();
  readonly #successors = new Map<string, { readonly old: Address; readonly successor: Address; readonly to: string }>();
  readonly #mailboxes = new Set<string>();
  readonly #seen = new Set<string>();
  /** Accounts that have ended: what is bound to them stays. */
  readonly #ended = new Set<string>();

  constructor(context: AdminContext, wish: MergeWish) {
    this.#context = context;
    this.#wish = wish;
  }

  async account(summary: AccountSummary): Promise<number> {
    const { account, messages, used } = summary;
    if (account.state === 'ended') {
      this.#sum.stay += 1;
      this.#ended.add(account.login);
      return this.#sum.accounts;
    }
    this.#sum.accounts += 1;
    if (account.state === 'suspended') this.#sum.suspended += 1;
    this.#sum.messages += messages;
    this.#sum.octets += used;
    this.#addresses(summary);
    this.#settings(summary);
    await this.#ties(summary);
    return this.#sum.accounts;
  }

  #addresses(summary: AccountSummary): void {
    const { login } = summary.account;
    const merges = addressMergesOf(this.#wish, summary);
    this.#sum.addresses += merges.length;
    for (const { address, mailbox, endsAt, successor } of merges) {
      this.#seen.add(addressKey(address));
      if (mailbox !== undefined) this.#mailboxes.add(mailbox);
      if (mailbox !== undefined) this.#of.elsewhere += 1;
      if (endsAt !== undefined) {
        this.#of.ending += 1;
        this.#endingKeys.add(addressKey(address));
        if (successor !== undefined) this.#succeeds(address, successor, mailbox ?? login);
      }
      if (endsAt === undefined && mailbox === undefined) continue;
      this.#told(this.#changed, {
        ...{ address, account: login },
        ...(endsAt === undefined ? {} : { ends: iso(endsAt) }),
        ...(successor === undefined ? {} : { successor }),
        ...(mailbox === undefined ? {} : { mailbox }),
      });
    }
    if (merges.length > 0 && merges.every(({ mailbox }) => mailbox !== undefined && mailbox !== login))
      this.#told(this.#withoutAddress, login);
  }

  #succeeds(old: Address, successor: Address, to: string): void {
    this.#of.withSuccessor += 1;
    const before = this.#successors.get(addressKey(successor));
    if (before === undefined) this.#successors.set(addressKey(successor), { old, successor, to });
    else if (before.to !== to) this.#successors.set(addressKey(successor), { ...before, to: '' });
  }

  #settings({ account, passwords, certificates }: AccountSummary): void {
    const { from, into } = this.#wish;
    for (const [name] of differencesOf(from.settings, into.settings))
      if (account.settings[name] === undefined) this.#unset.set(name, (this.#unset.get(name) ?? 0) + 1);
    const kept = keptFor(this.#wish, account.settings) as Settings;
    const login = settingOf('login', kept, account.settings, into.settings);
    const was = settingOf('login', account.settings, from.settings);
    if (login === was || account.kind === 'partner') return;
    const valid = certificates.some(({ revokedAt }) => revokedAt === undefined);
    const lacks =
      ((login === 'certificate' || login === 'both') && !valid) ||
      ((login === 'password' || login === 'both') && passwords.length === 0);
    if (lacks) this.#told(this.#lockedOut, account.login);
  }

  async #ties({ account, sendsAs }: AccountSummary): Promise<void> {
    const { store, clock } = this.#context;
    const { from, into } = this.#wish;
    for (const found of await certificatesNaming(store, this.#wish, { login: account.login, now: clock.now() })) {
      const { use, serial, fingerprint, subject, notAfter } = found;
      const ends = iso(notAfter);
      this.#told(this.#certificates, { login: account.login, use, serial, fingerprint, subject, ends });
    }
    const partner = await partnerOf(store, account);
    if (partner !== undefined) this.#told(this.#partners, { name: partner.name, domains: partner.domains });
    for (const address of sendsAs) {
      const owner = await store.registry.findRecipient(addressKey(address));
      if (owner === undefined || [from.id, into.id].includes(owner.organisation.id)) continue;
      this.#told(this.#sendsAs, { login: account.login, address, organisation: owner.organisation.name });
    }
  }

  async end(): Promise<{ readonly plan: MergePlan; readonly problems: readonly string[] }> {
    const { from, into, until, revoke } = this.#wish;
    const registered = await this.#checkSuccessors();
    await this.#checkMailboxes();
    await this.#checkFile();
    const identities = await this.#identities();
    const plan: MergePlan = {
      ...{ organisation: from.name, into: into.name, resumed: from.mergedInto !== undefined },
      ...this.#sum,
      ...(until === undefined ? {} : { ends: iso(until) }),
      ...this.#of,
      registered: registered.size,
      changed: this.#changed.map((each) =>
        each.successor !== undefined && registered.has(addressKey(each.successor))
          ? { ...each, registered: true }
          : each,
      ),
      withoutAddress: this.#withoutAddress,
      ...identities,
      settings: this.#differences(),
      lockedOut: this.#lockedOut,
      certificates: this.#certificates,
      revoke,
      partners: this.#partners,
      sendsAs: this.#sendsAs,
      ...(into.contact === undefined ? {} : { contact: into.contact }),
      language: into.language,
    };
    if (this.#more > 0) this.#problems.push(`  and ${this.#more} more; correct these first`);
    return { plan, problems: this.#problems };
  }

  #differences(): SettingDifference[] {
    const { from, into, keepSettings } = this.#wish;
    return differencesOf(from.settings, into.settings).map(([name, { type, scopes, default: initial }]) => ({
      name,
      was: formatSetting(type, from.settings[name] ?? initial),
      becomes: formatSetting(type, into.settings[name] ?? initial),
      accounts: this.#unset.get(name) ?? 0,
      kept: keepSettings && scopes.includes('account'),
    }));
  }

  /** Keys of those that the merge registers. */
  async #checkSuccessors(): Promise<ReadonlySet<string>> {
    const { registry } = this.#context.store;
    const { from, into } = this.#wish;
    if (this.#of.ending > this.#of.withSuccessor)
      this.#problem(
        `${this.#of.ending - this.#of.withSuccessor} addresses have no successor, and their senders would be told of none: name them in the file, or one for all with --successor`,
      );
    const made = new Set<string>();
    for (const [key, { old, successor, to }] of this.#successors) {
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
      if (this.#endingKeys.has(key)) this.#problem(`${successor}: it ends itself, so it cannot succeed ${old}`);
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

  async #checkMailboxes(): Promise<void> {
    const { into } = this.#wish;
    for (const login of this.#mailboxes) {
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

  /** A line about an address that is none of the organisation's is a slip of the pen; of a part that went over before it is not. */
  async #checkFile(): Promise<void> {
    const { rules, from, into } = this.#wish;
    for (const [key, { line, address }] of rules.byAddress) {
      if (this.#seen.has(key)) continue;
      const found = await this.#context.store.registry.findRecipient(addressKey(address));
      if (from.mergedInto !== undefined && found?.organisation.id === into.id) continue;
      this.#problem(
        `line ${line}: ${address} is no address of "${from.name}" that takes mail; correct or remove the line`,
      );
    }
  }

  async #identities(): Promise<Pick<MergePlan, 'identities' | 'sharedIdentities'>> {
    const { registry } = this.#context.store;
    const { from, into } = this.#wish;
    const [own, other] = await Promise.all(
      [from, into].map(({ name }) => registry.listIdentities({ limit: TOLD, organisation: name })),
    );
    const shared = new Set<string>();
    const carried = (own ?? []).filter(({ login }) => login === undefined || !this.#ended.has(login));
    for (const identity of carried) {
      const same = (other ?? []).filter(({ id }) => id === identity.id);
      if (same.length > 0) shared.add(identity.id);
      // Two mailboxes for one party: whoever writes to it without a qualifier means either.
      for (const { qualifier, login } of same)
        if (login !== identity.login && (login !== undefined || identity.login !== undefined))
          this.#problem(
            `EDI identity ${identity.id}: "${from.name}" has it with qualifier "${identity.qualifier}"${boundTo(identity.login)}, "${into.name}" with "${qualifier}"${boundTo(login)}; remove one with "sluis organisation edi remove"`,
          );
    }
    const identities = carried.map(({ id, qualifier }) => (qualifier === '' ? id : `${id}:${qualifier}`));
    return { identities, sharedIdentities: [...shared] };
  }

  #told<T>(list: T[], item: T): void {
    if (list.length < TOLD) list.push(item);
  }

  #problem(text: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push(`  ${text}`);
    else this.#more += 1;
  }
}

const boundTo = (login: string | undefined): string => (login === undefined ? '' : ` for account "${login}"`);
