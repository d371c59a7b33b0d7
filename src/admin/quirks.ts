/**
 * In what an account deviates from the standards, and what would be refused if the gateway were
 * strict.
 */
import { z } from '../config/zod.ts';
import { defined } from '../domain/defined.ts';
import { type Quirk, quirkFacts, tolerates } from '../domain/quirks.ts';
import { settingOf, settingsTable } from '../domain/settings.ts';
import { formatSetting } from '../domain/settings/value.ts';
import { type Instant, days } from '../domain/units.ts';
import type { QuirkDay } from '../store/quirks.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { AdminContext } from './context.ts';

/** One quirk of one account, summed up over the days that are kept. */
export const quirkView = z.object({
  quirk: z.string(),
  about: z.string(),
  rfc: z.string(),
  tolerated: z.number().meta({ description: 'Messages or sessions.' }),
  refused: z.number(),
  firstDay: z.string(),
  last: z.string(),
  daysAgo: z.number().meta({ description: 'Whole days since `last`, by the calendar in UTC.' }),
  client: z.string().optional().meta({ description: 'What the program calls itself.' }),
  allowed: z.boolean().meta({ description: 'It is tolerated now.' }),
  setting: z.object({ name: z.string(), value: z.string(), other: z.string() }).optional().meta({
    description:
      'Where that is decided, what holds, and what would turn it round. Absent: the listener decides, or it is never tolerated.',
  }),
});
export type QuirkView = Readonly<z.infer<typeof quirkView>>;

/** The quirks since the day of `since`; without it, over all days that are kept. */
export async function quirksOf(
  { store, clock }: AdminContext,
  { account, organisation }: AccountSummary,
  since?: Instant,
): Promise<readonly QuirkView[]> {
  const owner = await store.registry.findOrganisation(organisation);
  if (owner === undefined) return [];
  const byQuirk = new Map<Quirk, QuirkDay[]>();
  const from = since === undefined ? '' : new Date(since).toISOString().slice(0, 10);
  for (const day of await store.quirks.of(account.id))
    if (day.day >= from) byQuirk.set(day.quirk, [...(byQuirk.get(day.quirk) ?? []), day]);
  const today = Math.floor(clock.now() / days(1));
  return [...byQuirk].map(([quirk, counted]) => {
    const allowed = tolerates(account, owner, quirk);
    const { about, rfc, by } = quirkFacts(quirk);
    const lastAt = Math.max(...counted.map((day) => day.lastAt));
    const client = counted.findLast((day) => day.client !== undefined)?.client;
    return {
      quirk,
      about,
      rfc,
      tolerated: counted.reduce((sum, day) => sum + day.tolerated, 0),
      refused: counted.reduce((sum, day) => sum + day.refused, 0),
      firstDay: counted[0]?.day ?? '',
      last: new Date(lastAt).toISOString(),
      daysAgo: Math.max(0, today - Math.floor(lastAt / days(1))),
      ...defined({ client }),
      allowed: by.kind === 'listener' || allowed,
      ...(by.kind === 'setting'
        ? {
            setting: {
              name: by.name,
              value: formatSetting(settingsTable[by.name].type, settingOf(by.name, account.settings, owner.settings)),
              other: allowed ? by.off : by.on,
            },
          }
        : {}),
    };
  });
}
