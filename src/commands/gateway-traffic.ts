/**
 * How much the gateway handled lately, for the first page of the console. It has only counts and
 * names nobody.
 */
import { z } from '../config/zod.ts';
import { firstDay, monthOfDay } from '../domain/months.ts';
import { iso } from '../domain/units.ts';
import { type Day, dayOf, isoDay } from '../domain/working-days.ts';
import type { AdminContext } from '../admin/context.ts';
import { lookPart } from './core/row.ts';

const HOURS = 24;
const DAYS = 30;

export const traffic = lookPart({
  about: 'messages by hour of the last day, and accounts that did anything by day of the last thirty',
  in: {},
  out: z.object({
    hours: z
      .array(z.object({ from: z.string(), messages: z.number() }))
      .meta({ description: 'Earliest first; the last one is not over.' }),
    days: z
      .array(z.object({ day: z.string(), accounts: z.number() }))
      .meta({ description: 'Earliest first; the last one is not over. Days begin at midnight in Amsterdam.' }),
  }),
  right: 'read',
  run: async ({ store, clock }) => {
    const now = clock.now();
    const counted = await store.deliveries.acceptedByHour(now, HOURS);
    const active = await activeByDay(store, dayOf(now));
    return {
      hours: counted.map(({ from, messages }) => ({ from: iso(from), messages })),
      days: Array.from({ length: DAYS }, (_, i) => dayOf(now) - (DAYS - 1 - i)).map((day) => ({
        day: isoDay(day),
        accounts: active.get(day) ?? 0,
      })),
    };
  },
});

/**
 * Active accounts on each day of this month and the previous one. Two months hold the last thirty
 * days, whatever day it is.
 */
async function activeByDay({ usage }: AdminContext['store'], today: Day): Promise<ReadonlyMap<Day, number>> {
  const counts = new Map<Day, number>();
  const month = monthOfDay(today);
  for (const one of [month - 1, month]) {
    const first = firstDay(one);
    for (const { days, accounts } of await usage.activeDays(one))
      for (let bit = 0; bit < 31; bit += 1)
        if (((days >>> bit) & 1) === 1) counts.set(first + bit, (counts.get(first + bit) ?? 0) + accounts);
  }
  return counts;
}
