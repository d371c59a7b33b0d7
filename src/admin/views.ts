/** What listings show: the shapes that `--json` prints and docs/operations.md documents. Times are ISO 8601, sizes octets. */
import { type CertificateState, certificateState } from '../crypto/certificate-expiry.ts';
import { defined } from '../domain/defined.ts';
import { type Organisation, type RegisteredAddress, stateWhile } from '../domain/registry.ts';
import type { Settings } from '../domain/settings/setting.ts';
import { type Instant, iso } from '../domain/units.ts';
import { isoDay } from '../domain/working-days.ts';
import type { AccountSummary } from '../store/registry.ts';

export interface OrganisationView {
  readonly name: string;
  readonly title: string;
  readonly contact?: string;
  readonly telephone?: string;
  readonly post?: readonly string[];
  readonly language: string;
  readonly agb?: string;
  readonly ura?: string;
  /** `suspended`, `ending` or `ended`, where that holds for all its accounts. */
  readonly state?: string;
  /** It is ending: until then it can be resumed. */
  readonly ends?: string;
  /** Whose its accounts became, or become. */
  readonly mergedInto?: string;
  readonly mergedAt?: string;
  readonly settings: Settings;
}

export interface PasswordView {
  readonly name: string;
  /** It logs in by SCRAM as well. */
  readonly scram: boolean;
  readonly created: string;
  readonly ends?: string;
  readonly lastUsed?: string;
}

/** A one-time code that was not used yet. */
export interface CodeView {
  /** The part of it that is no secret. */
  readonly id: string;
  readonly for: 'login' | 'mail' | 'password';
  /** Name of the password. */
  readonly password?: string;
  readonly created: string;
  readonly expires: string;
  readonly tries: number;
}

export interface CertificateView {
  readonly name: string;
  readonly match: 'pin' | 'subject' | 'san';
  readonly about: string;
  /** SHA-256 of the certificate it was registered with, hexadecimal. */
  readonly fingerprint: string;
  readonly created: string;
  /** Of that certificate. */
  readonly begins: string;
  readonly ends: string;
  /** Of that certificate; with `subject` and `san` renewed ones log in as well. */
  readonly state: CertificateState;
  readonly revoked?: string;
  readonly lastUsed?: string;
}

export interface AddressView {
  readonly address: string;
  readonly account: string;
  readonly state: string;
  /** From then on it has ended; one that is `ending` takes no mail already, and is resumed until then. */
  readonly ends?: string;
  /** Whom senders are told of. */
  readonly successor?: string;
  readonly settings: Settings;
}

export interface AccountView {
  readonly login: string;
  readonly organisation: string;
  readonly kind: string;
  readonly state: string;
  /** Until then its owner collects what waits, and it can be resumed; it takes no mail any more. */
  readonly ends?: string;
  readonly addresses: readonly Omit<AddressView, 'account'>[];
  readonly passwords: readonly PasswordView[];
  readonly certificates: readonly CertificateView[];
  readonly codes: readonly CodeView[];
  /** Addresses of other accounts that this one may send as. */
  readonly sendsAs: readonly string[];
  readonly used: number;
  readonly messages: number;
  /** The last day on which it logged in; on which it logged in, sent or took mail. */
  readonly lastLogin?: string;
  readonly lastUsed?: string;
  readonly settings: Settings;
}

/** One setting as it holds, and where that was decided. */
export interface SettingView {
  readonly name: string;
  readonly value: string;
  readonly from: 'address' | 'account' | 'organisation' | 'default';
  readonly about: string;
}

export function viewOrganisation(organisation: Organisation): OrganisationView {
  const { id: _, mergedInto, state, endsAt, ...rest } = organisation;
  return {
    ...rest,
    ...(state === undefined && endsAt === undefined ? {} : { state: stateWhile(state ?? 'active', endsAt) }),
    ...defined({ ends: iso(endsAt) }),
    ...defined({ mergedInto: mergedInto?.name, mergedAt: iso(mergedInto?.at) }),
  };
}

const addressView = ({ address, state, endsAt, finalAt, successor, settings }: RegisteredAddress) => ({
  address,
  state: finalAt === undefined ? state : 'ending',
  ...(finalAt === undefined ? (endsAt === undefined ? {} : { ends: iso(endsAt) }) : { ends: iso(finalAt) }),
  ...defined({ successor }),
  settings,
});

export const viewAddress = (registered: RegisteredAddress, account: string): AddressView => ({
  ...addressView(registered),
  account,
});

export const viewPasswords = (passwords: AccountSummary['passwords']): PasswordView[] =>
  passwords.map((p) => ({
    name: p.name,
    scram: p.scram,
    created: iso(p.createdAt),
    ...defined({ ends: iso(p.endsAt), lastUsed: iso(p.lastUsedAt) }),
  }));

export const viewCodes = (codes: AccountSummary['codes']): CodeView[] =>
  codes.map(({ id, use, password, createdAt, expiresAt, triesLeft }) => ({
    id,
    for: use,
    ...defined({ password }),
    created: iso(createdAt),
    expires: iso(expiresAt),
    tries: triesLeft,
  }));

export const viewCertificates = (certificates: AccountSummary['certificates'], now: Instant): CertificateView[] =>
  certificates.map((c) => ({
    name: c.name,
    match: c.key.startsWith('subject:') ? 'subject' : c.key.startsWith('san:') ? 'san' : 'pin',
    about: c.about,
    fingerprint: c.fingerprint,
    created: iso(c.createdAt),
    begins: iso(c.notBefore),
    ends: iso(c.notAfter),
    state: certificateState({ ...c, revoked: c.revokedAt }, now),
    ...defined({ revoked: iso(c.revokedAt), lastUsed: iso(c.lastUsedAt) }),
  }));

export const viewAccount = (summary: AccountSummary, now: Instant): AccountView => ({
  login: summary.account.login,
  organisation: summary.organisation,
  kind: summary.account.kind,
  state: stateWhile(summary.account.state, summary.account.endsAt),
  ...defined({ ends: iso(summary.account.endsAt) }),
  addresses: summary.addresses.map(addressView),
  passwords: viewPasswords(summary.passwords),
  certificates: viewCertificates(summary.certificates, now),
  codes: viewCodes(summary.codes),
  sendsAs: summary.sendsAs,
  used: summary.used,
  messages: summary.messages,
  ...defined({ lastLogin: isoDay(summary.lastLogin), lastUsed: isoDay(summary.lastUsed) }),
  settings: summary.account.settings,
});
