/**
 * The closed group: organisations, their accounts, the addresses that lead to them.
 *
 * An organisation is a customer. An account logs in, belongs to one organisation and owns one
 * mailbox. An address leads to one account's mailbox; an account may have several. An address that
 * has ended is never given to anybody again: mail for the old owner must not reach the new one.
 */
import type { Address } from './address.ts';
import type { AccountId, OrganisationId } from './ids.ts';
import type { Settings } from './settings/setting.ts';
import type { Instant } from './units.ts';

export type Language = 'nl' | 'en';

export interface Organisation {
  readonly id: OrganisationId;
  /** Short unique name for the command line, `[a-z0-9-]`. */
  readonly name: string;
  readonly title: string;
  /** Where people reach the organisation: for warnings and notices. May lie outside the group. */
  readonly contact?: string;
  readonly telephone?: string;
  /** Lines of its postal address, for letters. */
  readonly post?: readonly string[];
  readonly language: Language;
  /** Dutch register of care providers, 8 digits. */
  readonly agb?: string;
  /** UZI register subscriber number, 8 digits. */
  readonly ura?: string;
  /** What holds for all its accounts; absent if each has its own state. */
  readonly state?: Exclude<State, 'active'>;
  /**
   * It is ending: until then it can be resumed, and its accounts collect what waits, and that
   * alone.
   */
  readonly endsAt?: Instant;
  /** Whose its accounts become; where it has ended, all of them are, since then. */
  readonly mergedInto?: { readonly id: OrganisationId; readonly name: string; readonly at: Instant };
  readonly settings: Settings;
}

/** The operator's own organisation, which every store begins with; no customer. */
export const OPERATOR_ORGANISATION = 'system';

/**
 * Whether two accounts are of one organisation: also while one of these goes over into the other,
 * part by part.
 */
export const isSameOrganisation = (a: Organisation, b: Organisation): boolean =>
  (a.mergedInto?.id ?? a.id) === (b.mergedInto?.id ?? b.id);

/**
 * `edi`: a system collects and processes it. `mail`: people read it. `partner`: a mail server; its
 * addresses are pushed to (domain/partner.ts).
 */
export const ACCOUNT_KINDS = ['edi', 'mail', 'partner'] as const;
export type CustomerKind = (typeof ACCOUNT_KINDS)[number];
/**
 * `probe`: the gateway's own, which measures availability. It writes to itself alone, and is no
 * customer: it stands in no directory and no figures of usage.
 */
export type AccountKind = CustomerKind | 'probe';
/**
 * `suspended` can be undone; `ended` cannot. Between the two lies an end with a time of grace: what
 * is ending keeps the state that it had, with `endsAt` (an address: `finalAt`), so that `resume`
 * finds it as it was.
 */
export type State = 'active' | 'suspended' | 'ended';

export interface Account {
  readonly id: AccountId;
  /** What the account logs in with; folded. Often its first address. */
  readonly login: string;
  readonly organisation: OrganisationId;
  readonly kind: AccountKind;
  /** As it holds: no better than that of its organisation, and ended once `endsAt` has come. */
  readonly state: State;
  /**
   * It is ending, or its organisation is. Until then it collects what waits, and that alone: it
   * takes and sends no mail.
   */
  readonly endsAt?: Instant;
  readonly settings: Settings;
}

/** Most passwords that one account has: each costs a hash when a wrong one is tried. */
export const MAX_PASSWORDS = 8;

/**
 * One of an account's passwords: named, so that each workplace can have its own and lose it alone.
 */
export interface Password {
  readonly account: AccountId;
  readonly name: string;
  /** PHC or crypt string; the prefix tells the scheme. */
  readonly hash: string;
  /**
   * SCRAM verifier (crypto/passwords/scram.ts), where the account's setting asks for one. As secret
   * as the hash.
   */
  readonly scram?: string;
  readonly endsAt?: Instant;
  readonly lastUsedAt?: Instant;
  readonly createdAt: Instant;
}

/** Most app passwords that one account has. */
export const MAX_APP_PASSWORDS = 32;

/** What a program may do with an app password: submit messages, fetch them, or both. */
export const APP_SCOPES = ['send', 'fetch', 'both'] as const;
export type AppScope = (typeof APP_SCOPES)[number];

/** A password of an account that was made here for one program. */
export interface AppPassword {
  /** Eight characters, which are no secret. */
  readonly id: string;
  readonly account: AccountId;
  readonly name: string;
  /** SHA-256 of the whole text. */
  readonly hash: Uint8Array;
  readonly scope: AppScope;
  readonly createdAt: Instant;
  readonly endsAt?: Instant;
  /** Last use, to the hour. */
  readonly lastUsedAt?: Instant;
}

/** Most certificates that one account has registered at a time. */
export const MAX_CERTIFICATES = 32;

/** How one of an account's client certificates is registered. */
export interface RegisteredCertificate {
  readonly id: number;
  readonly account: AccountId;
  readonly name: string;
  /**
   * What a shown certificate must meet: `fp:`, `subject:` or `san:` and hexadecimal
   * (crypto/certificates/certificate-credential.ts).
   */
  readonly key: string;
  /**
   * SHA-256 of the certificate it was registered with, lower-case hexadecimal. A renewed one may
   * meet the key as well.
   */
  readonly fingerprint: string;
  /** For people: what the key stands for. */
  readonly about: string;
  /** Of the certificate it was registered with. */
  readonly notBefore: Instant;
  readonly notAfter: Instant;
  readonly createdAt: Instant;
  readonly revokedAt?: Instant;
  readonly lastUsedAt?: Instant;
}

export interface RegisteredAddress {
  readonly address: Address;
  readonly account: AccountId;
  /** The state that counts: ended once `endsAt` has come, and while it is ending. */
  readonly state: State;
  /** The address accepts mail until then. */
  readonly endsAt?: Instant;
  /**
   * It is ending, or its account or organisation is: it takes no mail, and until then it can be
   * resumed.
   */
  readonly finalAt?: Instant;
  /** Address that takes over its mail once it has ended; senders are told. */
  readonly successor?: Address;
  readonly settings: Settings;
}

/** What has an end by the clock has ended when it has come: no change need be made for that. */
export const endedAt = <T extends { readonly state: State; readonly endsAt?: Instant }>(of: T, now: Instant): T =>
  of.endsAt === undefined || of.endsAt > now || of.state === 'ended' ? of : { ...of, state: 'ended' };

/** The same of an address: what is final cannot be resumed any more. */
export function addressAt<T extends RegisteredAddress>(of: T, now: Instant): T {
  const address = endedAt(of, now);
  if (address.finalAt === undefined || address.finalAt > now) return address;
  const { finalAt: _, ...final } = address;
  return final as T;
}

/**
 * How a state is called while an end can be taken back: one that is suspended as well is called so.
 */
export const stateWhile = (state: string, endsAt: Instant | undefined): string =>
  endsAt !== undefined && state === 'active' ? 'ending' : state;

const LOGIN = /^[^\p{C}\p{Z}:"<>\\]{1,254}$/u;
const NAME = /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/;

/** Folds a login name as the registry keeps it; undefined when no account could have it. */
export function foldLogin(text: string): string | undefined {
  const folded = text.normalize('NFC').toLowerCase();
  return LOGIN.test(folded) ? folded : undefined;
}

/** True for a name an organisation may have. */
export const isOrganisationName = (text: string): boolean => NAME.test(text);
