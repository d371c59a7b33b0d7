/** Sums up what was exposed, by organisation and account. */
import { z } from '../../config/zod.ts';
import { facts, localTime, readableSize, readableTime, table } from '../../cli/output.ts';
import { many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import type { Exposure } from './incident-rows.ts';

/**
 * Most messages, addresses and networks that are told apart. Beyond that, each one counts as new.
 */
const TOLD_APART = 2_000_000;

const accountExposure = z.object({
  account: z.string(),
  now: z.string().optional().meta({ description: 'The organisation that it became part of since.' }),
  logins: z.number(),
  refusedLogins: z.number(),
  networks: z.number().meta({ description: 'Different ones that logged in, fetched or sent.' }),
  fetched: z.number().meta({ description: 'Messages that were fetched to their end, each once.' }),
  previewed: z.number().meta({ description: 'Messages that were looked at in part, by session.' }),
  removed: z.number().meta({ description: 'Messages that were deleted without being fetched.' }),
  senders: z.number().meta({ description: 'Different senders of what was fetched.' }),
  sent: z.number(),
  refused: z.number(),
  recipients: z.number().meta({ description: 'Different addresses that something was sent to.' }),
  octets: z.number().meta({ description: 'Of what was fetched and sent.' }),
  first: z.string(),
  last: z.string(),
});

export const summary = z.object({
  account: z.string().optional(),
  network: z.string().optional(),
  since: z.string(),
  until: z.string(),
  organisations: z.array(z.object({ name: z.string(), accounts: z.array(accountExposure) })),
  erased: z.number().meta({ description: 'Rows without who and where.' }),
});
export type IncidentSummary = z.infer<typeof summary>;

type Sums = z.infer<typeof accountExposure>;

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

export function summaryText(s: IncidentSummary): string {
  const head = facts([
    ['Through account', s.account],
    ['From network', s.network],
    ['From', localTime(s.since)],
    ['Until', localTime(s.until)],
  ]);
  if (s.organisations.length === 0) return `${head}\n\nNothing was found: no login, no message.`;
  return [
    head,
    ...s.organisations.map((o) =>
      [
        `Organisation ${o.name}`,
        table(
          [
            'ACCOUNT',
            'LOGINS',
            'FAILED',
            'NETWORKS',
            'FETCHED',
            'LOOKED AT',
            'REMOVED',
            'SENDERS',
            'SENT',
            'RECIPIENTS',
            'OCTETS',
            'FIRST',
            'LAST',
          ],
          o.accounts.map((a) => [
            ...[a.account, a.logins, a.refusedLogins, a.networks, a.fetched, a.previewed, a.removed, a.senders, a.sent],
            ...[a.recipients, readableSize(a.octets), readableTime(a.first), readableTime(a.last)],
          ]),
        ),
        ...o.accounts.flatMap(({ account, now }) => (now === undefined ? [] : [`${account} is now part of ${now}.`])),
      ].join('\n'),
    ),
    ...(s.erased === 0
      ? []
      : [
          `Of ${many(s.erased, 'row')} who and where were erased after their time: networks and recipients are more than are counted.`,
        ]),
    'FETCHED are messages, each once; SENDERS wrote them, RECIPIENTS got what was sent. --csv has every one of them.',
  ].join('\n\n');
}
