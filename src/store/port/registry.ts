/**
 * The port to the registry of the closed group: what the protocols look up, and what operators
 * change.
 */
import type { AddressKey } from '../../domain/address.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { State } from '../../domain/registry.ts';
import type { Instant } from '../../domain/units.ts';
import type { AbsenceChanges } from '../changes/absences.ts';
import type { AccountChanges } from '../changes/accounts.ts';
import type { AppPasswordChanges } from '../changes/app-passwords.ts';
import type { AddressChanges } from '../changes/addresses.ts';
import type { ClientCertificateChanges } from '../changes/client-certificates.ts';
import type { DirectoryChanges } from '../changes/directory.ts';
import type { EdiChanges } from '../changes/edi-identities.ts';
import type { EndingChanges } from '../changes/endings.ts';
import type { OrganisationErasure } from '../changes/organisation-erasure.ts';
import type { OrganisationMergeChanges } from '../changes/organisation-merges.ts';
import type { OrganisationChanges } from '../changes/organisations.ts';
import type { PartnerChanges } from '../changes/partners.ts';
import type { PasswordChanges } from '../changes/passwords.ts';
import type { SettingsChanges } from '../changes/settings.ts';
import type { EndingReferences, MergeReferences, TiedOrganisation } from '../organisation-references.ts';
import type { AbsenceReads } from '../reads/absences.ts';
import type { AccountReads } from '../reads/accounts.ts';
import type { AddressReads } from '../reads/addresses.ts';
import type { DirectoryReads } from '../reads/directory.ts';
import type { EdiReads } from '../reads/edi.ts';
import type { FormerOrganisationReads } from '../reads/former-organisations.ts';
import type { NetworkReads } from '../reads/networks.ts';
import type { OrganisationReads } from '../reads/organisations.ts';
import type { PartnerReads } from '../reads/partners.ts';
import type { SettingsReads } from '../reads/settings.ts';
import type { CertificateRecord, Ending, LoginRecord, NewAccount, NewOrganisation, Recipient } from '../registry.ts';
import type { Actor } from '../actor.ts';
import type { Remote } from '../sql/remote.ts';

export interface Partners extends Remote<PartnerChanges>, Remote<PartnerReads> {}

/**
 * The directory. It follows the registry in steps: call `follow` until it answers false, then the
 * version in `directoryState` counts.
 */
export interface DirectoryStore extends Remote<DirectoryChanges>, Remote<DirectoryReads> {}

export interface Absences extends Remote<AbsenceChanges>, Remote<AbsenceReads> {}

export interface EdiIdentities extends Remote<EdiChanges>, Remote<EdiReads> {
  /** For operators. The way of a message asks `EdiMemoryReads.identitiesOf`, which is cached. */
  identitiesOf(account: AccountId): Promise<readonly string[]>;
}

export interface OrganisationMerges extends Remote<OrganisationMergeChanges>, Remote<FormerOrganisationReads> {
  /**
   * References from other accounts or settings that would be wrong once this account moves from the
   * organisation `from` to `into`.
   */
  mergeReferences(account: AccountId, from: TiedOrganisation, into: TiedOrganisation): Promise<MergeReferences>;
}

export interface Registry
  extends
    Partners,
    Absences,
    EdiIdentities,
    OrganisationMerges,
    Remote<AccountReads>,
    Remote<AccountChanges>,
    Remote<AppPasswordChanges>,
    Remote<AddressChanges>,
    Remote<AddressReads>,
    Remote<ClientCertificateChanges>,
    Remote<EndingChanges>,
    Remote<NetworkReads>,
    Remote<OrganisationErasure>,
    Remote<OrganisationReads>,
    Remote<OrganisationChanges>,
    Remote<PasswordChanges>,
    Remote<SettingsChanges>,
    Remote<SettingsReads> {
  // --- what submission and pickup look up
  /**
   * The version of the registry that the answers below hold for. A caller reads it before it asks,
   * and hands it to the transaction that rests on the answers, which compares it. Undefined: no
   * other process changes the registry, so the answers hold.
   */
  readonly seen: number | undefined;
  findLogin(login: string): Promise<LoginRecord | undefined>;
  /**
   * Which registration a certificate meets that has these keys, its fingerprint first and the most
   * specific before the others. A valid registration wins over a revoked one; but a certificate
   * that was revoked itself stays so, whatever else it meets, until it is registered again.
   * Undefined: it meets none.
   */
  findCertificate(keys: readonly string[]): Promise<CertificateRecord | undefined>;
  /**
   * The address in any state; else the partner that its domain leads to; undefined when neither was
   * ever registered.
   */
  findRecipient(key: AddressKey): Promise<Recipient | undefined>;
  /**
   * True when `key` is an active address of the account, an active address that was delegated to
   * it, or lies in a domain of its partner and is registered for nobody.
   */
  maySendAs(account: AccountId, key: AddressKey): Promise<boolean>;
  /** Noted with the next group commit, unawaited. */
  notePasswordUse(account: AccountId, name: string, at: Instant): void;
  /** Noted with the next group commit, unawaited. `id`: of the app password. */
  noteAppPasswordUse(id: string, at: Instant): void;
  /** Noted with the next group commit, unawaited. `id`: of the registration. */
  noteCertificateUse(id: number, at: Instant): void;
  /**
   * The account has logged in from that network; noted with the next group commit, unawaited. The
   * latest `NETWORKS_OF_ACCOUNT` are kept.
   */
  noteNetwork(account: AccountId, network: string, at: Instant): void;
  /** 32 octets from which the salts of SCRAM are made: always the same of one store. */
  scramSaltKey(): Promise<Uint8Array>;

  // --- changes; each throws RegistryError
  /**
   * Adds accounts, all or none. On a failure the error names the first account that could not be
   * added. `progress` is called now and then. `organisation`: registered in the same transaction,
   * for accounts of its own.
   */
  importAccounts(
    accounts: readonly NewAccount[],
    actor: Actor,
    progress?: (done: number) => void,
    organisation?: NewOrganisation,
  ): Promise<void>;
  /**
   * Many at once (at most `MAX_ACCOUNTS`), all or none; those that are in that state already are
   * left alone. Resolves to how many were not.
   */
  setAccountStates(logins: readonly string[], state: Exclude<State, 'ended'>, actor: Actor): Promise<number>;
  /** Ends many at once (at most `MAX_ACCOUNTS`), all or none. */
  endAccounts(endings: readonly (Ending & { readonly login: string })[], actor: Actor): Promise<void>;
  /** What would end with the account beside its login and addresses. */
  endReferences(account: AccountId): Promise<EndingReferences>;
  /**
   * Ends an organisation. With `endsAt` that is one row: its addresses take no mail, its accounts
   * collect what waits until then, and `setOrganisationState` to `active` takes it back. Without,
   * it ends for ever, at once, and then its accounts one part after the other: cut short, it is
   * asked for again, or `endDue` goes on. `progress` is told how many accounts were ended. Resolves
   * to that.
   */
  endOrganisation(name: string, ending: Ending, actor: Actor, progress?: (done: number) => void): Promise<number>;
  /**
   * Suspends them, removes their passwords, revokes their registered certificates and voids their
   * codes for new ones: at most `MAX_ACCOUNTS`, all or none. Those that have nothing left to take
   * are left alone; resolves to how many had.
   */
  containAccounts(logins: readonly string[], actor: Actor): Promise<number>;

  /**
   * Called after every committed change, with the accounts it touched or 'many'. For memories that
   * must forget. `settings`: nothing but settings was changed, so whatever opened these accounts
   * opens them still.
   */
  onChange(listener: (accounts: readonly AccountId[] | 'many', what?: 'settings') => void): void;
}
