/**
 * The registry's part of the store port.
 *
 * Reads on the roads (`findLogin`, `findCertificate`, `findRecipient`, `maySendAs`) are cached by the store and always current: a change made through this
 * port is seen by the next read. Changes are transactions of their own; each writes its audit row in the same transaction and takes the
 * `actor` who is behind it.
 */
import type { Absence } from '../domain/absence.ts';
import type { Address, AddressKey } from '../domain/address.ts';
import type { AccountId } from '../domain/ids.ts';
import type {
  Account,
  AccountKind,
  Organisation,
  Password,
  RegisteredAddress,
  RegisteredCertificate,
  State,
} from '../domain/registry.ts';
import type { Settings } from '../domain/settings/setting.ts';
import type { Instant, Octets } from '../domain/units.ts';
import type { Day } from '../domain/working-days.ts';
import type { Absences } from './absences.ts';
import type { AccountChanges } from './changes/accounts.ts';
import type { AddressChanges } from './changes/addresses.ts';
import type { ClientCertificateChanges } from './changes/client-certificates.ts';
import type { OrganisationErasure } from './changes/organisation-erasure.ts';
import type { EndingChanges } from './changes/endings.ts';
import type { OrganisationChanges } from './changes/organisations.ts';
import type { PasswordChanges } from './changes/passwords.ts';
import type { SettingsChanges } from './changes/settings.ts';
import type { SettingsReads } from './reads/settings.ts';
import type { OpenCode } from './certificates.ts';
import type { EdiIdentities } from './edi-identities.ts';
import type { OrganisationMerges } from './organisation-merge.ts';
import type { Remote } from './sql/remote.ts';
import type { EndTies } from './organisation-ties.ts';
import type { Partners, RecipientPartner } from './partners.ts';
import type { AccountReads } from './reads/accounts.ts';
import type { AddressReads } from './reads/addresses.ts';
import type { NetworkReads } from './reads/networks.ts';
import type { OrganisationReads } from './reads/organisations.ts';

/** The person or program behind a change, and why. */
export interface Actor {
  readonly name: string;
  readonly reason?: string;
}

/** Who does what nobody asked for: the clock, a signal, the daily rounds. */
export const THE_GATEWAY: Actor = { name: 'gateway' };

/** What a row of the trail says of whoever did it. */
export const personalOf = ({ name, reason }: Actor): Readonly<Record<string, string>> => ({
  actor: name,
  ...(reason === undefined ? {} : { reason }),
});

/** Everything that a login needs, in one read. */
export interface LoginRecord {
  readonly account: Account;
  readonly organisation: Organisation;
  readonly passwords: readonly Password[];
  /** Changes whenever anything that a login depends on changes; a remembered success holds for one version only. */
  readonly version: number;
}

/** Where a shown certificate leads. */
export interface CertificateRecord {
  readonly login: string;
  /** With `revokedAt`: it was registered once and may not be used any more. */
  readonly certificate: RegisteredCertificate;
}

/**
 * Everything that RCPT needs, in one read. `used` counts what is filed, current to the last commit. An address that only its domain
 * registers stands here folded, active and without settings.
 */
export interface Recipient {
  readonly address: RegisteredAddress;
  readonly account: Account;
  readonly organisation: Organisation;
  readonly used: Octets;
  /** Where the mail of the address is pushed; absent: it is filed in the account's mailbox. */
  readonly partner?: RecipientPartner;
  /** The one that holds now. */
  readonly absence?: Absence;
}

/** A password without its secrets. `scram`: it has a SCRAM verifier. */
export type ShownPassword = Omit<Password, 'hash' | 'scram'> & { readonly scram: boolean };

export interface AccountSummary {
  readonly account: Account;
  readonly organisation: string;
  readonly addresses: readonly RegisteredAddress[];
  readonly passwords: readonly ShownPassword[];
  /** Revoked ones too, oldest first. */
  readonly certificates: readonly RegisteredCertificate[];
  /** One-time codes that can still be used, oldest first; at most 100. */
  readonly codes: readonly OpenCode[];
  /** Addresses of other accounts that this one may send as. */
  readonly sendsAs: readonly Address[];
  readonly used: Octets;
  readonly messages: number;
  /** The last day on which it logged in, and on which it logged in, sent or took mail; absent: never, as far as is known. */
  readonly lastLogin?: Day;
  readonly lastUsed?: Day;
}

/** Why a change was not made. The text names the value, what holds and what to do. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly kind: 'exists' | 'unknown' | 'ended' | 'invalid';
  constructor(kind: RegistryError['kind'], message: string) {
    super(message);
    this.kind = kind;
  }
}

export type NewOrganisation = Omit<Organisation, 'id' | 'state' | 'mergedInto' | 'settings'> & {
  readonly settings?: Settings;
};

/** What of an organisation can be changed; an empty text takes the field away. */
export type OrganisationDetails = Partial<Pick<Organisation, 'title' | 'contact' | 'telephone' | 'post'>>;

export interface NewAccount {
  readonly login: string;
  readonly organisation: string;
  readonly kind: AccountKind;
  readonly addresses: readonly Address[];
  readonly password?: NewPassword;
  readonly settings?: Settings;
}

export interface NewPassword {
  readonly name: string;
  readonly hash: string;
  /** SCRAM verifier; kept only where the setting `scram` of the account asks for it. */
  readonly scram?: string;
  readonly endsAt?: Instant;
}

/** An address, and the account that its mail goes to from now on: one with a mailbox, or a partner's. */
export interface AddressMove {
  readonly address: Address;
  readonly login: string;
}
/** Addresses that move in one transaction. */
export const MAX_MOVES = 500;

/** Accounts whose state changes in one transaction: measured, the writer is held for 10 ms. */
export const MAX_ACCOUNTS = 200;

export type NewCertificate = Pick<
  RegisteredCertificate,
  'name' | 'key' | 'fingerprint' | 'about' | 'notBefore' | 'notAfter'
>;

/** Settings to set (a value) or to take back (null), by name; values were checked by `parseSetting`. */
export type SettingChanges = Readonly<Record<string, string | number | boolean | null>>;

export type SettingTarget =
  | { readonly scope: 'organisation'; readonly name: string }
  | { readonly scope: 'account'; readonly login: string }
  | { readonly scope: 'address'; readonly address: Address };

/** Networks that an account is known from: the latest of them. */
export const NETWORKS_OF_ACCOUNT = 16;

/** An account has logged in from there. */
export interface KnownNetwork {
  readonly account: AccountId;
  readonly login: string;
  /** As `networkOf` names it. */
  readonly network: string;
  /** About when it did last. */
  readonly at: Instant;
}

/** Targets whose settings are changed in one transaction: mail that comes meanwhile waits some 20 ms for them. */
export const MAX_SETTINGS = 500;

/** How an account, an address or an organisation ends. */
export interface Ending {
  /** Until then it can be resumed; absent, or not later than now: at once and for ever. */
  readonly endsAt?: Instant;
  /** Who takes its mail: senders are told. */
  readonly successor?: Address;
}

export interface Page {
  /** At most this many, 1 to 1000. */
  readonly limit: number;
  /** Continue after this name (the last one of the page before). */
  readonly after?: string;
}

export interface Registry
  extends
    Partners,
    Absences,
    EdiIdentities,
    OrganisationMerges,
    Remote<AccountReads>,
    Remote<AccountChanges>,
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
  // --- the roads
  findLogin(login: string): Promise<LoginRecord | undefined>;
  /**
   * Which registration a certificate meets that has these keys, its fingerprint first and the most specific before the others. A valid
   * registration wins over a revoked one; but a certificate that was revoked itself stays so, whatever else it meets, until it is
   * registered anew. Undefined: it meets none.
   */
  findCertificate(keys: readonly string[]): Promise<CertificateRecord | undefined>;
  /** The address in any state; else the partner that its domain leads to; undefined when neither was ever registered. */
  findRecipient(key: AddressKey): Promise<Recipient | undefined>;
  /**
   * True when `key` is an active address of the account, an active address that was delegated to it, or lies in a domain of its partner
   * and is registered for nobody.
   */
  maySendAs(account: AccountId, key: AddressKey): Promise<boolean>;
  /** Noted with the next group commit, unawaited. */
  notePasswordUse(account: AccountId, name: string, at: Instant): void;
  /** Noted with the next group commit, unawaited. `id`: of the registration. */
  noteCertificateUse(id: number, at: Instant): void;
  /** The account has logged in from that network; noted with the next group commit, unawaited. The latest `NETWORKS_OF_ACCOUNT` are kept. */
  noteNetwork(account: AccountId, network: string, at: Instant): void;
  /** 32 octets from which the salts of SCRAM are made: always the same of one store. */
  scramSaltKey(): Promise<Uint8Array>;

  // --- changes; each throws RegistryError
  /** All or none. On a failure the error names the first account that could not be added. `progress` is told now and then. */
  importAccounts(accounts: readonly NewAccount[], actor: Actor, progress?: (done: number) => void): Promise<void>;
  /**
   * Many at once (at most `MAX_ACCOUNTS`), all or none; those that are in that state already are left alone. Resolves to how many
   * were not.
   */
  setAccountStates(logins: readonly string[], state: Exclude<State, 'ended'>, actor: Actor): Promise<number>;
  /** Many at once (at most `MAX_ACCOUNTS`), all or none. */
  endAccounts(endings: readonly (Ending & { readonly login: string })[], actor: Actor): Promise<void>;
  /** What would end with the account beside its log-in and addresses. */
  endTies(account: AccountId): Promise<EndTies>;
  /**
   * Ends an organisation. With `endsAt` that is one row: its addresses take no mail, its accounts collect what waits until then, and
   * `setOrganisationState` to `active` takes it back. Without, it ends for ever, at once, and then its accounts one part after the other: cut
   * short, it is asked for again, or `endDue` goes on. `progress` is told how many accounts were ended. Resolves to that.
   */
  endOrganisation(name: string, ending: Ending, actor: Actor, progress?: (done: number) => void): Promise<number>;
  /**
   * Suspends them, removes their passwords, revokes their registered certificates and voids their codes for new ones: at most
   * `MAX_ACCOUNTS`, all or none. Those that have nothing left to take are left alone; resolves to how many had.
   */
  containAccounts(logins: readonly string[], actor: Actor): Promise<number>;

  /**
   * Called after every committed change, with the accounts it touched or 'many'. For memories that must forget. `settings`: nothing but
   * settings was changed, so whatever opened these accounts opens them still.
   */
  onChange(listener: (accounts: readonly AccountId[] | 'many', what?: 'settings') => void): void;
}
