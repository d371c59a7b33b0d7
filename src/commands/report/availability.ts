/**
 * `sluis report availability`: how available each site was in a month, as its probe measured it.
 */
import { z } from '../../config/zod.ts';
import { availabilityIn, monthPeriod } from '../../admin/availability.ts';
import { AdminError } from '../../admin/error.ts';
import { readableTime, table } from '../../cli/output.ts';
import { AVAILABILITY_AIM, PROBE_CAUSES, percentText } from '../../domain/availability.ts';
import { many } from '../../domain/counted.ts';
import { isoMonth, monthOf } from '../../domain/months.ts';
import { reads } from '../core/row.ts';
import { MONTH } from './usage-rows.ts';

const gap = z.object({
  since: z.string(),
  until: z.string(),
  minutes: z.number(),
  cause: z.enum(Object.keys(PROBE_CAUSES) as [keyof typeof PROBE_CAUSES]).meta({
    description:
      'What failed. `submit-...`: submission, `fetch-...`: pickup. `stopped`: a planned stop. `unmeasured`: nobody could try.',
  }),
  detail: z.string().meta({ description: 'What the other side said in its first minute, or what was met.' }),
});
const site = z.object({
  site: z.string(),
  since: z.string().meta({ description: 'What was measured begins here.' }),
  until: z.string(),
  minutes: z.number(),
  available: z.number(),
  planned: z.number().meta({ description: 'Minutes that were not available in planned stops.' }),
  unmeasured: z.number().meta({ description: 'Minutes in which nobody could try: not available.' }),
  ratio: z.number().meta({ description: '0 to 1: available minutes of all, planned stops among them.' }),
  gaps: z.array(gap),
});
const report = z.object({
  month: z.string(),
  running: z.boolean().meta({ description: 'It has not ended: the figures are those so far.' }),
  aim: z.number().meta({ description: 'Aim of the field for a year.' }),
  sites: z.array(site),
});
type Report = z.infer<typeof report>;

export const availability = reads({
  about: 'how available each site was in a month, as its probe measured it, and why it was not',
  in: { month: MONTH.month },
  out: report,
  right: 'read',
  examples: ['--month 2026-11', '--month 2026-11 --csv'],
  run: async ({ store, clock }, { month }) => {
    const now = clock.now();
    if (month > monthOf(now))
      throw new AdminError('invalid', `Cannot report on ${isoMonth(month)}: it has not begun; name an earlier month`);
    const sites = await availabilityIn(store, monthPeriod(month), now);
    const iso = ({ since, until }: Record<'since' | 'until', number>) => ({
      since: new Date(since).toISOString(),
      until: new Date(until).toISOString(),
    });
    return {
      month: isoMonth(month),
      running: month === monthOf(now),
      aim: AVAILABILITY_AIM,
      sites: sites.map((one) => ({ ...one, ...iso(one), gaps: one.gaps.map((g) => ({ ...g, ...iso(g) })) })),
    };
  },
  say: textOf,
  csv: {
    header: ['month', 'site', 'row', 'since', 'until', 'minutes', 'percent', 'cause', 'detail'],
    rows: ({ month, sites }) =>
      sites.flatMap((one) => [
        [month, one.site, 'site', one.since, one.until, one.minutes, percentText(one.ratio).replace(' %', ''), '', ''],
        ...one.gaps.map((g) => [month, one.site, 'gap', g.since, g.until, g.minutes, '', g.cause, g.detail]),
      ]),
  },
});

const GAPS = ['SITE', 'SINCE', 'UNTIL', 'MINUTES', 'WHAT'];

function textOf({ month, running, aim, sites }: Report): string {
  const rows = sites.flatMap((one) =>
    one.gaps.map((g) => [
      ...[one.site, readableTime(g.since), readableTime(g.until), g.minutes],
      g.detail === '' ? PROBE_CAUSES[g.cause] : `${PROBE_CAUSES[g.cause]}: ${g.detail}`,
    ]),
  );
  if (sites.length === 0)
    return `Nothing was measured in ${month}: name the sites in probe.sites, and add the account with "sluis probe add"; what was measured is kept for 13 months.`;
  return [
    `Availability in ${month}${running ? '; the month is still running: figures so far' : ''}. Aim: ${percentText(aim)} of a year.`,
    '',
    ...sites.map(
      (one) =>
        `${one.site}: ${percentText(one.ratio)}, ${one.minutes - one.available} of ${many(one.minutes, 'minute')} not available${one.planned === 0 ? '' : `, ${one.planned} of them in planned stops`}${one.unmeasured === 0 ? '' : `, in ${one.unmeasured} nobody measured`}`,
    ),
    ...(rows.length === 0 ? [] : ['', table(GAPS, rows)]),
  ].join('\n');
}
