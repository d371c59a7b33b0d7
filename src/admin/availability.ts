/** The availability of each site in a period, from what its probe saw. */
import { type Availability, type ProbeSpan, availabilityOf } from '../domain/availability.ts';
import { type Month, monthStart } from '../domain/months.ts';
import { type Instant, instant } from '../domain/units.ts';
import type { Store } from '../store/port/store.ts';

/** Most spans that are read. A site that changes every minute for a month has 45 thousand. */
const MOST = 200_000;

/**
 * Availability up to now, if the period is not over. Sites of which nothing is known are left out.
 */
export async function availabilityIn(
  { availability }: Pick<Store, 'availability'>,
  period: { readonly since: Instant; readonly until: Instant },
  now: Instant,
): Promise<readonly Availability[]> {
  const bySite = new Map<string, ProbeSpan[]>();
  let next: { readonly site: string; readonly since: Instant } | undefined;
  let seen = 0;
  do {
    const page = await availability.spans(period, next);
    for (const span of page.spans) {
      const known = bySite.get(span.site);
      if (known === undefined) bySite.set(span.site, [span]);
      else known.push(span);
    }
    seen += page.spans.length;
    next = page.next;
  } while (next !== undefined && seen < MOST);
  const end = instant(Math.min(period.until, now));
  return [...bySite.values()].flatMap((spans) => availabilityOf(spans, end) ?? []);
}

export const monthPeriod = (month: Month): { readonly since: Instant; readonly until: Instant } => ({
  since: monthStart(month),
  until: monthStart(month + 1),
});
