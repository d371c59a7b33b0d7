/**
 * Registered things as listings show them, `--json` prints them and docs/commands.md describes
 * them. Times are ISO 8601, sizes are octets.
 */
import { z } from '../config/zod.ts';
import { grouped } from '../crypto/keys/base32.ts';
import { certificateState } from '../crypto/certificates/certificate-expiry.ts';
import { defined } from '../domain/defined.ts';
import { APP_SCOPES, type Account, type Organisation, type RegisteredAddress, stateWhile } from '../domain/registry.ts';
import { ediExemptions, exemptUntil } from '../domain/scan-exemption.ts';
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
  /** `suspended`, `ending` or `ended`, if that holds for all its accounts. */
  readonly state?: string;
  /** Until when an end can be undone. */
  readonly ends?: string;
  /** The organisation that takes over the accounts, or that took them over. */
  readonly mergedInto?: string;
  readonly mergedAt?: string;
  readonly settings: Settings;
}

const time = z.string();
/** Settings by name, as they are stored: only those that somebody set. */
const stored = z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]));

export const passwordView = z.object({
  name: z.string(),
  scram: z.boolean().meta({ description: 'It logs in by SCRAM as well.' }),
  created: time,
  ends: time.optional(),
  lastUsed: time.optional(),
});
export type PasswordView = z.infer<typeof passwordView>;

export const appPasswordView = z.object({
  name: z.string(),
  id: z.string().meta({ description: 'The trail names it by this; no secret.' }),
  scope: z.enum(APP_SCOPES).meta({ description: 'What the program may do: submit messages, fetch them, or both.' }),
  created: time,
  ends: time.optional(),
  lastUsed: time.optional().meta({ description: 'To the hour; absent: never.' }),
});
export type AppPasswordView = z.infer<typeof appPasswordView>;

/** A one-time code that has not been used. */
export const codeView = z.object({
  id: z.string().meta({ description: 'The part of it that is not a secret.' }),
  for: z.enum(['login', 'mail', 'password']),
  password: z.string().optional().meta({ description: 'Name of the password.' }),
  created: time,
  expires: time,
  tries: z.number(),
});
export type CodeView = z.infer<typeof codeView>;

export const certificateView = z.object({
  name: z.string(),
  match: z.enum(['pin', 'subject', 'san']),
  about: z.string(),
  fingerprint: z.string().meta({ description: 'SHA-256 of the certificate it was registered with, hexadecimal.' }),
  created: time,
  begins: time.meta({ description: 'Of that certificate.' }),
  ends: time,
  state: z.string().meta({
    description: 'Of that certificate; with `subject` and `san` renewed ones log in as well.',
  }),
  revoked: time.optional(),
  lastUsed: time.optional(),
});
export type CertificateView = z.infer<typeof certificateView>;

const addressOfAccount = z.object({
  address: z.string(),
  state: z.string(),
  ends: time.optional().meta({
    description: 'From then on it has ended; one that is `ending` accepts no mail already, and is resumed until then.',
  }),
  successor: z.string().optional().meta({ description: 'Address that senders are told to use instead.' }),
  settings: stored,
});
export type AddressView = z.infer<typeof addressOfAccount> & { readonly account: string };

export const accountView = z.object({
  login: z.string(),
  organisation: z.string(),
  kind: z.string(),
  state: z.string(),
  ends: time.optional().meta({
    description: 'Until then its owner collects what waits, and it can be resumed; it no longer accepts mail.',
  }),
  addresses: z.array(addressOfAccount),
  passwords: z.array(passwordView),
  appPasswords: z.array(appPasswordView),
  certificates: z.array(certificateView),
  codes: z.array(codeView),
  sendsAs: z.array(z.string()).readonly().meta({ description: 'Addresses of others that it may send as.' }),
  used: z.number(),
  messages: z.number(),
  lastLogin: z.iso.date().optional().meta({ description: 'The last day on which it logged in.' }),
  lastUsed: z.iso.date().optional().meta({ description: 'The last day on which it logged in, sent or accepted mail.' }),
  scanExempt: z.string().optional().meta({
    description: 'Until when what it submits is not scanned for malware; "no end".',
  }),
  scanExemptEdi: z
    .array(z.object({ ediFrom: z.string(), ediTo: z.string().optional(), until: z.string() }))
    .optional()
    .meta({ description: 'Interchanges that are not scanned for malware: of whom, for whom, and until when.' }),
  settings: stored,
});
export type AccountView = z.infer<typeof accountView>;

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

export const viewAppPasswords = (passwords: AccountSummary['appPasswords']): AppPasswordView[] =>
  passwords.map((p) => ({
    name: p.name,
    id: grouped(p.id),
    scope: p.scope,
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

/** The end of the exemption as it is stored, even if it has passed. */
export function exemptionView(account: Pick<Account, 'settings'>): string | undefined {
  const until = exemptUntil(account);
  return until === 'no end' || until === undefined ? until : iso(until);
}

/**
 * Exemptions of interchanges as they are stored, even if their end has passed; undefined if there
 * are none.
 */
function ediExemptionViews({ settings }: Pick<Account, 'settings'>): AccountView['scanExemptEdi'] {
  const all = ediExemptions(settings);
  return all.length === 0
    ? undefined
    : all.map(({ from, to, until }) => ({ ediFrom: from, ...(to !== '' && { ediTo: to }), until: iso(until) }));
}

export const viewAccount = (summary: AccountSummary, now: Instant): AccountView => ({
  login: summary.account.login,
  organisation: summary.organisation,
  kind: summary.account.kind,
  state: stateWhile(summary.account.state, summary.account.endsAt),
  ...defined({ ends: iso(summary.account.endsAt) }),
  addresses: summary.addresses.map(addressView),
  passwords: viewPasswords(summary.passwords),
  appPasswords: viewAppPasswords(summary.appPasswords),
  certificates: viewCertificates(summary.certificates, now),
  codes: viewCodes(summary.codes),
  sendsAs: summary.sendsAs,
  used: summary.used,
  messages: summary.messages,
  ...defined({ lastLogin: isoDay(summary.lastLogin), lastUsed: isoDay(summary.lastUsed) }),
  ...defined({ scanExempt: exemptionView(summary.account), scanExemptEdi: ediExemptionViews(summary.account) }),
  settings: summary.account.settings,
});
