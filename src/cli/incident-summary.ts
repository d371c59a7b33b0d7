/** Sums up what was exposed, by organisation and account. */
import type { Exposure } from '../admin/incident.ts';
import { defined } from '../domain/defined.ts';

/** Different messages, addresses and networks that are told apart in all; beyond it each counts as a new one. */
const TOLD_APART = 2_000_000;

export interface AccountExposure {
  readonly account: string;
  /** The organisation that it became part of since. */
  readonly now?: string;
  readonly logins: number;
  readonly refusedLogins: number;
  /** Different ones that logged in, fetched or sent. */
  readonly networks: number;
  /** Messages that were fetched to their end, each once. */
  readonly fetched: number;
  /** Messages that were looked at in part, by session. */
  readonly previewed: number;
  /** Messages that were deleted without being fetched. */
  readonly removed: number;
  /** Different senders of what was fetched. */
  readonly senders: number;
  readonly sent: number;
  readonly refused: number;
  /** Different addresses that something was sent to. */
  readonly recipients: number;
  /** Of what was fetched and sent. */
  readonly octets: number;
  readonly first: string;
  readonly last: string;
}

export interface IncidentSummary {
  readonly account?: string;
  readonly network?: string;
  /** ISO 8601. */
  readonly since: string;
  readonly until: string;
  readonly organisations: readonly { readonly name: string; readonly accounts: readonly AccountExposure[] }[];
  /** Rows without who and where. */
  readonly erased: number;
}

type Sums = { -readonly [K in keyof AccountExposure]: AccountExposure[K] };

export interface Summing {
  add(row: Exposure): void;
  result(period: Pick<IncidentSummary, 'since' | 'until'>): IncidentSummary;
}

export function summarised(about: Pick<IncidentSummary, 'account' | 'network'>): Summing {
  const organisations = new Map<string, Map<string, Sums>>();
  const seen = new Set<string>();
  let erased = 0;
  const isNew = (...parts: readonly string[]): boolean => {
    const key = parts.join('\0');
    if (seen.has(key)) return false;
    if (seen.size < TOLD_APART) seen.add(key);
    return true;
  };
  const sumsOf = ({ organisation, account, at, now }: Exposure): Sums => {
    let accounts = organisations.get(organisation);
    if (accounts === undefined) organisations.set(organisation, (accounts = new Map<string, Sums>()));
    let sums = accounts.get(account);
    if (sums === undefined) accounts.set(account, (sums = { ...nothing(account, at), ...defined({ now }) }));
    return sums;
  };
  return {
    add: (row) => {
      const sums = sumsOf(row);
      const { organisation, account, kind, count, message = '', sender, recipients = [], octets = 0, network } = row;
      sums.last = row.at;
      if (row.erased) erased += 1;
      if (network !== undefined && kind !== 'refused-login' && isNew('n', organisation, account, network))
        sums.networks += 1;
      if (kind === 'login') sums.logins += count;
      else if (kind === 'refused-login') sums.refusedLogins += count;
      else if (kind === 'previewed') sums.previewed += count;
      else if (kind === 'removed') sums.removed += count;
      else if (kind === 'refused') sums.refused += count;
      else if (kind === 'sent') {
        sums.sent += 1;
        sums.octets += octets;
        for (const recipient of recipients)
          if (isNew('r', organisation, account, recipient.toLowerCase())) sums.recipients += 1;
      } else if (isNew('f', organisation, account, message)) {
        sums.fetched += 1;
        sums.octets += octets;
        if (sender !== undefined && sender !== '' && isNew('s', organisation, account, sender.toLowerCase()))
          sums.senders += 1;
      }
    },
    result: (period) => ({
      ...about,
      ...period,
      organisations: [...organisations]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, accounts]) => ({ name, accounts: [...accounts.values()] })),
      erased,
    }),
  };
}

const nothing = (account: string, at: string): Sums => ({
  account,
  logins: 0,
  refusedLogins: 0,
  networks: 0,
  fetched: 0,
  previewed: 0,
  removed: 0,
  senders: 0,
  sent: 0,
  refused: 0,
  recipients: 0,
  octets: 0,
  first: at,
  last: at,
});
