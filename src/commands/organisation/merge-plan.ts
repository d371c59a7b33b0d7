/**
 * What a merge of two organisations changes, worked out before anything does. The same walk over
 * the accounts tells an operator what would happen, refuses what is not possible, and tells the
 * store what to do with each account.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import { defined } from '../../domain/defined.ts';
import { exemptionsIn } from '../../domain/scan-exemption.ts';
import { settingOf } from '../../domain/settings.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import { formatSetting } from '../../domain/settings/value.ts';
import { iso } from '../../domain/units.ts';
import type { AccountSummary } from '../../store/registry.ts';
import type { AdminContext } from '../../admin/context.ts';
import { partnerOf } from '../../admin/partner-of.ts';
import { type Gathered, MergeChecks } from './merge-checks.ts';
import type { AddressPlan, MergePlan, NamedCertificate, SettingDifference } from './merge-view.ts';
import { type MergeWish, addressMergesOf, differencesOf, keptFor, tied } from './merge-wish.ts';
import { accountsOf } from '../../admin/organisation-accounts.ts';

/** An address of the plan, with its successor. */
type PlannedAddress = AddressPlan & { readonly successor?: Address };

const TOLD = 1000;

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
  readonly #sum = { accounts: 0, suspended: 0, stay: 0, messages: 0, octets: 0, addresses: 0 };
  readonly #of = { ending: 0, withSuccessor: 0, registered: 0, elsewhere: 0 };
  readonly #changed: PlannedAddress[] = [];
  readonly #withoutAddress: string[] = [];
  readonly #unset = new Map<string, number>();
  readonly #lockedOut: string[] = [];
  readonly #exempt: string[] = [];
  readonly #certificates: NamedCertificate[] = [];
  readonly #partners: { name: string; domains: readonly string[] }[] = [];
  readonly #sendsAs: MergePlan['sendsAs'][number][] = [];
  readonly #gathered: Gathered = {
    withoutSuccessor: 0,
    endingKeys: new Set(),
    successors: new Map(),
    mailboxes: new Set(),
    seen: new Set(),
    ended: new Set(),
  };

  constructor(context: AdminContext, wish: MergeWish) {
    this.#context = context;
    this.#wish = wish;
  }

  async account(summary: AccountSummary): Promise<number> {
    const { account, messages, used } = summary;
    if (account.state === 'ended') {
      this.#sum.stay += 1;
      this.#gathered.ended.add(account.login);
      return this.#sum.accounts;
    }
    this.#sum.accounts += 1;
    if (account.state === 'suspended') this.#sum.suspended += 1;
    this.#sum.messages += messages;
    this.#sum.octets += used;
    if (exemptionsIn(account.settings) > 0) this.#told(this.#exempt, account.login);
    this.#addresses(summary);
    this.#settings(summary);
    await this.#references(summary);
    return this.#sum.accounts;
  }

  #addresses(summary: AccountSummary): void {
    const { login } = summary.account;
    const merges = addressMergesOf(this.#wish, summary);
    this.#sum.addresses += merges.length;
    for (const { address, mailbox, endsAt, successor } of merges) {
      this.#gathered.seen.add(addressKey(address));
      if (mailbox !== undefined) this.#gathered.mailboxes.add(mailbox);
      if (mailbox !== undefined) this.#of.elsewhere += 1;
      if (endsAt !== undefined) {
        this.#of.ending += 1;
        this.#gathered.endingKeys.add(addressKey(address));
        if (successor !== undefined) this.#succeeds(address, successor, mailbox ?? login);
      }
      if (endsAt === undefined && mailbox === undefined) continue;
      this.#told(this.#changed, { address, account: login, ...defined({ ends: iso(endsAt), successor, mailbox }) });
    }
    if (merges.length > 0 && merges.every(({ mailbox }) => mailbox !== undefined && mailbox !== login))
      this.#told(this.#withoutAddress, login);
  }

  #succeeds(old: Address, successor: Address, to: string): void {
    this.#of.withSuccessor += 1;
    const before = this.#gathered.successors.get(addressKey(successor));
    if (before === undefined) this.#gathered.successors.set(addressKey(successor), { old, successor, to });
    else if (before.to !== to) this.#gathered.successors.set(addressKey(successor), { ...before, to: '' });
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

  async #references({ account }: AccountSummary): Promise<void> {
    const { store } = this.#context;
    const { from, into } = this.#wish;
    const { login } = account;
    const { certificates, sendsAs } = await store.registry.mergeReferences(account.id, tied(from), tied(into));
    for (const { use, serial, fingerprint, subject, notAfter } of certificates)
      this.#told(this.#certificates, { login, use, serial, fingerprint, subject, ends: iso(notAfter) });
    for (const { address, organisation } of sendsAs) this.#told(this.#sendsAs, { login, address, organisation });
    const partner = await partnerOf(store, account);
    if (partner !== undefined) this.#told(this.#partners, { name: partner.name, domains: partner.domains });
  }

  async end(): Promise<{ readonly plan: MergePlan; readonly problems: readonly string[] }> {
    const { from, into, until, revoke } = this.#wish;
    this.#gathered.withoutSuccessor = this.#of.ending - this.#of.withSuccessor;
    const checks = new MergeChecks(this.#context, this.#wish, this.#gathered);
    const registered = await checks.successors();
    await checks.mailboxes();
    await checks.file();
    const identities = await checks.identities();
    const plan: MergePlan = {
      organisation: from.name,
      into: into.name,
      resumed: from.mergedInto !== undefined,
      ...this.#sum,
      ...defined({ ends: iso(until) }),
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
      exemptions: this.#exempt,
      certificates: this.#certificates,
      revoke,
      partners: this.#partners,
      sendsAs: this.#sendsAs,
      ...defined({ contact: into.contact }),
      language: into.language,
    };
    return { plan, problems: checks.problems };
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

  #told<T>(list: T[], item: T): void {
    if (list.length < TOLD) list.push(item);
  }
}
