/** Reads of what the probes of the sites measured. */
import type { ProbeCause, ProbeSpan } from '../../domain/availability.ts';
import { type Instant, instant } from '../../domain/units.ts';
import { type Row, as, orNull, text, time } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

export const SPAN = {
  site: text,
  sinceAt: time,
  untilAt: time,
  cause: orNull(as<ProbeCause>(text)),
  detail: orNull(text),
};

/** Most spans of one page. */
const MOST = 1000;

export class AvailabilityReads {
  /**
   * Spans of any site that have a part in that time, cut to it, by site and time: at most 1000
   * after `after`, with where the next page begins.
   */
  *spans(
    _now: Now,
    { since, until }: { readonly since: Instant; readonly until: Instant },
    after: { readonly site: string; readonly since: Instant } = { site: '', since: instant(0) },
  ): Change<{
    readonly spans: readonly ProbeSpan[];
    readonly next?: { readonly site: string; readonly since: Instant };
  }> {
    const rows = yield* sql.all(SPAN)`
      SELECT site, since_at, until_at, cause, detail FROM availability
       WHERE until_at > ${since} AND since_at < ${until} AND (site > ${after.site} OR (site = ${after.site} AND since_at > ${after.since}))
       ORDER BY site, since_at LIMIT ${MOST}`;
    const last = rows.length < MOST ? undefined : rows.at(-1);
    return {
      spans: rows.map((row) => {
        const span = spanOf(row);
        return { ...span, since: later(span.since, since), until: earlier(span.until, until) };
      }),
      ...(last === undefined ? {} : { next: { site: last.site, since: last.sinceAt } }),
    };
  }
}

const later = (a: Instant, b: Instant): Instant => (a > b ? a : b);
const earlier = (a: Instant, b: Instant): Instant => (a < b ? a : b);

export const spanOf = ({ site, sinceAt, untilAt, cause, detail }: Row<typeof SPAN>): ProbeSpan => ({
  site,
  since: sinceAt,
  until: untilAt,
  ...(cause === null ? {} : { fault: { cause, detail: detail ?? '' } }),
});
