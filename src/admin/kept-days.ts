/**
 * Which old days can still be read, and why. The key of a day lives as long as any message of that
 * day. Until then every backup of that day can be opened, including messages in it that other
 * people have deleted since.
 */
import { z } from '../config/zod.ts';
import { type Day, dayOf } from '../domain/utc-day.ts';
import type { AccountId } from '../domain/ids.ts';
import { settingOf } from '../domain/settings.ts';
import type { Settings } from '../domain/settings/setting.ts';
import { type Instant, days, instant } from '../domain/units.ts';
import type { Holding } from '../store/deliveries.ts';
import type { Store } from '../store/port/store.ts';
import { everyOrganisation } from './every-organisation.ts';

const PAGE = 1000;
/** Mailboxes that are named for each day. */
const NAMED = 5;

export const keptDay = z.object({
  day: z.string().meta({ description: 'In UTC, such as `2026-11-25`.' }),
  left: z.number().meta({ description: 'Messages that were fetched and left in a mailbox.' }),
  uncollected: z.number().meta({ description: 'Not fetched.' }),
  deleted: z.number().meta({ description: 'Deleted, and can be handed out again.' }),
  queue: z.number().meta({ description: 'For partners, or held.' }),
  mailboxes: z
    .array(z.string())
    .readonly()
    .meta({ description: 'Login names of those that hold the most of it, at most 5.' }),
  mailboxCount: z.number(),
  until: z.string().optional().meta({
    description:
      'When the last of it goes; absent: nothing says when, since messages were left in mailboxes or wait in the queue.',
  }),
});
type KeptDayView = z.infer<typeof keptDay>;

interface Kept {
  left: number;
  uncollected: number;
  deleted: number;
  queue: number;
  readonly by: Map<AccountId, number>;
  until: number;
}

interface Owner {
  readonly login: string;
  readonly settings: Settings;
  readonly organisation: Settings;
}

/** The days before yesterday that can still be read, oldest first. */
export async function keptDays(store: Store, now: Instant): Promise<readonly KeptDayView[]> {
  const owners = await ownersOf(store);
  const yesterday = dayOf(instant(now - days(1)));
  const kept = new Map<Day, Kept>();
  const of = (day: Day): Kept => {
    const known = kept.get(day) ?? { left: 0, uncollected: 0, deleted: 0, queue: 0, by: new Map(), until: 0 };
    kept.set(day, known);
    return known;
  };
  for (let after: readonly number[] | undefined = [0, 0]; after !== undefined;) {
    const step = await store.deliveries.holdings(after);
    for (const row of step.rows) if (row.day < yesterday) add(of(row.day), row, endOf(row, store, owners));
    after = step.next;
  }
  return [...kept].sort(([a], [b]) => (a < b ? -1 : 1)).map(([day, its]) => viewOf(day, its, owners));
}

function add(kept: Kept, { what, account, messages }: Holding, end: number): void {
  kept[what] += messages;
  if (what !== 'queue') kept.by.set(account, (kept.by.get(account) ?? 0) + messages);
  kept.until = Math.max(kept.until, end);
}

/**
 * When messages of this kind will be gone. Mail that nobody fetches expires, and can then be handed
 * out again for as long as deleted mail. Nobody knows the end of other mail: 0.
 */
function endOf(
  { what, account, latest }: Holding,
  { deletedFor }: Store,
  owners: ReadonlyMap<AccountId, Owner>,
): number {
  const owner = owners.get(account);
  const own = owner?.organisation['keep-deleted'];
  const deleted = typeof own === 'number' ? days(own) : deletedFor;
  if (what === 'deleted') return latest + deleted;
  if (what !== 'uncollected') return 0;
  return latest + days(settingOf('keep-uncollected', owner?.settings, owner?.organisation)) + deleted;
}

function viewOf(day: Day, kept: Kept, owners: ReadonlyMap<AccountId, Owner>): KeptDayView {
  const { left, uncollected, deleted, queue, by, until } = kept;
  const most = [...by].sort(([, a], [, b]) => b - a).slice(0, NAMED);
  return {
    day,
    left,
    uncollected,
    deleted,
    queue,
    mailboxes: most.map(([account]) => owners.get(account)?.login ?? `account ${account}`),
    mailboxCount: by.size,
    ...(left + queue > 0 ? {} : { until: new Date(until).toISOString() }),
  };
}

async function ownersOf({ registry }: Store): Promise<ReadonlyMap<AccountId, Owner>> {
  const organisations = new Map<string, Settings>();
  for await (const page of everyOrganisation(registry))
    for (const { name, settings } of page) organisations.set(name, settings);
  const owners = new Map<AccountId, Owner>();
  for (let after = ''; ;) {
    const page = await registry.listAccounts({ limit: PAGE, ...(after === '' ? {} : { after }) });
    for (const { account, organisation } of page)
      owners.set(account.id, {
        login: account.login,
        settings: account.settings,
        organisation: organisations.get(organisation) ?? {},
      });
    after = page.at(-1)?.account.login ?? '';
    if (page.length < PAGE) return owners;
  }
}
