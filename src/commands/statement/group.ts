/** The closed group in numbers: how many accounts can log in, and by which means. */
import { everyOrganisation } from '../../admin/every-organisation.ts';
import { accountsOf } from '../../admin/organisation-accounts.ts';
import { OPERATOR_ORGANISATION } from '../../domain/registry.ts';
import type { Settings } from '../../domain/settings/setting.ts';
import { settingOf } from '../../domain/settings.ts';
import type { Instant } from '../../domain/units.ts';
import type { AccountSummary } from '../../store/registry.ts';
import type { Registry } from '../../store/port/registry.ts';

/** By what an account can log in now. `none`: by nothing, for now or for good. */
export const MEANS = ['password', 'certificate', 'either', 'both', 'none'] as const;
export type Means = (typeof MEANS)[number];

export interface Group {
  readonly organisations: number;
  /** Number of active accounts. */
  readonly accounts: number;
  readonly means: Readonly<Record<Means, number>>;
  /** Number of accounts with an app password. */
  readonly programs: number;
  /** Number of active accounts of the organisation that the statement is for. */
  readonly ofOrganisation?: number;
}

export async function countGroup(
  registry: Pick<Registry, 'listOrganisations' | 'listAccounts'>,
  now: Instant,
  organisation?: string,
): Promise<Group> {
  const settings = new Map<string, Settings>();
  for await (const page of everyOrganisation(registry))
    for (const one of page) if (one.state !== 'ended') settings.set(one.name, one.settings);
  const means: Record<Means, number> = { password: 0, certificate: 0, either: 0, both: 0, none: 0 };
  let [accounts, programs, own] = [0, 0, 0];
  const having = new Set<string>();
  for await (const one of accountsOf({ registry })) {
    // The gateway's own account that measures availability belongs to nobody.
    if (one.account.state !== 'active' || one.account.kind === 'probe') continue;
    const how = meansOf(one, settings.get(one.organisation), now);
    // The postmaster of the operator counts as a member only if it can log in.
    if (one.organisation === OPERATOR_ORGANISATION && how === 'none') continue;
    accounts += 1;
    having.add(one.organisation);
    means[how] += 1;
    if (one.appPasswords.some(({ endsAt }) => endsAt === undefined || endsAt > now)) programs += 1;
    if (one.organisation === organisation) own += 1;
  }
  return {
    organisations: having.size,
    accounts,
    means,
    programs,
    ...(organisation === undefined ? {} : { ofOrganisation: own }),
  };
}

/**
 * By what an account can log in. If a setting demands what the account does not have, it cannot log
 * in.
 */
export function meansOf(
  { account, passwords, certificates }: Pick<AccountSummary, 'account' | 'passwords' | 'certificates'>,
  ofOrganisation: Settings | undefined,
  now: Instant,
): Means {
  const asked = settingOf('login', account.settings, ofOrganisation);
  const password = passwords.some(({ endsAt }) => endsAt === undefined || endsAt > now);
  const certificate = certificates.some(({ revokedAt, notAfter }) => revokedAt === undefined && notAfter > now);
  if (asked === 'both') return password && certificate ? 'both' : 'none';
  const mayPassword = password && asked !== 'certificate';
  const mayCertificate = certificate && asked !== 'password';
  if (mayPassword && mayCertificate) return 'either';
  return mayPassword ? 'password' : mayCertificate ? 'certificate' : 'none';
}
