/**
 * The registry's part of the store port.
 *
 * Reads on the roads (`findLogin`, `findCertificate`, `findRecipient`, `maySendAs`) are cached by
 * the store and always current: a change made through this port is seen by the next read. Changes
 * are transactions of their own; each writes its audit row in the same transaction and takes the
 * `actor` who is behind it.
 */
import type { Absence } from '../domain/absence.ts';
import type { Address } from '../domain/address.ts';
import type { AccountId } from '../domain/ids.ts';
import type {
  Account,
  AccountKind,
  AppPassword,
  Organisation,
  Password,
  RegisteredAddress,
  RegisteredCertificate,
} from '../domain/registry.ts';
import type { Settings } from '../domain/settings/setting.ts';
import type { Instant, Octets } from '../domain/units.ts';
import type { Day } from '../domain/working-days.ts';
import type { OpenCode } from './certificates.ts';
import type { RecipientPartner } from './partners.ts';

/** Everything that a login needs, in one read. */
export interface LoginRecord {
  readonly account: Account;
  readonly organisation: Organisation;
  readonly passwords: readonly Password[];
  readonly appPasswords: readonly AppPassword[];
  /**
   * Changes whenever anything that a login depends on changes; a remembered success holds for one
   * version only.
   */
  readonly version: number;
}

/** A registered certificate and the account to which it leads. */
export interface CertificateRecord {
  readonly login: string;
  /** With `revokedAt`: the certificate was registered once and may no longer be used. */
  readonly certificate: RegisteredCertificate;
}

/**
 * Everything that RCPT needs, in one read. `used` counts what is filed, current to the last commit.
 * An address that only its domain registers stands here folded, active and without settings.
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

export type ShownAppPassword = Omit<AppPassword, 'hash'>;

export interface AccountSummary {
  readonly account: Account;
  readonly organisation: string;
  readonly addresses: readonly RegisteredAddress[];
  readonly passwords: readonly ShownPassword[];
  readonly appPasswords: readonly ShownAppPassword[];
  /** Revoked ones too, oldest first. */
  readonly certificates: readonly RegisteredCertificate[];
  /** One-time codes that can still be used, oldest first; at most 100. */
  readonly codes: readonly OpenCode[];
  /** Addresses of other accounts that this one may send as. */
  readonly sendsAs: readonly Address[];
  readonly used: Octets;
  readonly messages: number;
  /**
   * The last day on which it logged in, and on which it logged in, sent or took mail; absent:
   * never, as far as is known.
   */
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
export type OrganisationDetails = Partial<
  Pick<Organisation, 'title' | 'contact' | 'telephone' | 'post' | 'agb' | 'ura'>
>;

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

export type NewAppPassword = Pick<AppPassword, 'id' | 'name' | 'hash' | 'scope' | 'endsAt'>;

/**
 * An address, and the account that its mail goes to from now on: one with a mailbox, or a
 * partner's.
 */
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

/**
 * Settings to set (a value) or to take back (null), by name; values were checked by `parseSetting`.
 */
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
  /** The network, as `networkOf` names it. */
  readonly network: string;
  /** About when it did last. */
  readonly at: Instant;
}

/**
 * Targets whose settings are changed in one transaction: mail that comes meanwhile waits some 20 ms
 * for them.
 */
export const MAX_SETTINGS = 500;

/** How an account, an address or an organisation ends. */
export interface Ending {
  /** Until then it can be resumed; absent, or not later than now: at once and for ever. */
  readonly endsAt?: Instant;
  /** Address that takes over its mail: senders are told. */
  readonly successor?: Address;
}

export interface Page {
  /** At most this many, 1 to 1000. */
  readonly limit: number;
  /** Continue after this name (the last one of the page before). */
  readonly after?: string;
}

export interface OrganisationQuery extends Page {
  /** With this in its name or its full name. Case does not matter, as far as ASCII goes. */
  readonly like?: string;
  /** Only organisations with these digits in their telephone number (`telephoneDigits`). */
  readonly telephone?: string;
}
