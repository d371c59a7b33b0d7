/** Changes to what the probes of the sites measured. */
import { MINUTE, type ProbeFault, type ProbeSpan, UNMEASURED } from '../../domain/availability.ts';
import { monthOf } from '../../domain/months.ts';
import { days, instant } from '../../domain/units.ts';
import { SPAN, spanOf } from '../reads/availability.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { factOf, setFact } from './facts.ts';
import type { ChangeContext } from './change-context.ts';

/**
 * How long spans are kept: 13 months, so that a month can be compared with the same one a year
 * before.
 */
const KEPT = days(400);
/** Spans that one call writes at most. */
const MOST = 200;
/** Rows that one step removes. */
const DROPPED = 1000;
const STOP = 'availability-stop';

export class AvailabilityChanges {
  /**
   * Writes spans of any sites, each site's in order; the first 200 of them. What is written stays:
   * a minute that two gateways probed, or that comes again after an answer was lost, counts once.
   * Minutes without a measurement are written as such.
   */
  *note(context: ChangeContext, spans: readonly ProbeSpan[]): Change<void> {
    const stop = yield* factOf(STOP);
    for (const span of spans.slice(0, MOST)) yield* noteOne(span, stop === undefined ? 0 : Number(stop));
    yield* sql.run`
      DELETE FROM availability WHERE (site, since_at) IN (
        SELECT site, since_at FROM availability WHERE until_at < ${context.at - KEPT} ORDER BY until_at LIMIT ${DROPPED})`;
  }

  /**
   * A gateway stops because it was told to: what is not measured from here on is a planned stop.
   */
  *stopping(context: ChangeContext): Change<void> {
    yield* setFact(STOP, String(context.at));
  }
}

function* noteOne(span: ProbeSpan, stop: number): Change<void> {
  const row = yield* sql.first(SPAN)`
    SELECT site, since_at, until_at, cause, detail FROM availability
     WHERE site = ${span.site} ORDER BY since_at DESC LIMIT 1 ${locked}`;
  const last = row === undefined ? undefined : spanOf(row);
  const since = instant(Math.max(span.since, last?.until ?? 0));
  if (since >= span.until) return;
  if (last !== undefined && last.until < since) {
    // The planned stop was the last thing that was known.
    const planned = stop >= last.until - MINUTE && stop < since;
    const fault: ProbeFault = planned ? { cause: 'stopped', detail: '' } : UNMEASURED;
    yield* write({ site: span.site, since: last.until, until: since, fault }, last);
    yield* insert(span, since);
  } else yield* write({ ...span, since }, last);
}

/**
 * Extends the last span if the new one is the same and in the same month: a span that never ended
 * would never be removed.
 */
function* write(span: ProbeSpan, last: ProbeSpan | undefined): Change<void> {
  const same =
    last?.until === span.since &&
    last.fault?.cause === span.fault?.cause &&
    monthOf(last.since) === monthOf(span.since);
  if (!same) yield* insert(span, span.since);
  else
    yield* sql.run`
      UPDATE availability SET until_at = ${span.until} WHERE site = ${span.site} AND since_at = ${last.since}`;
}

function* insert({ site, until, fault }: ProbeSpan, since: number): Change<void> {
  yield* sql.run`
    INSERT INTO availability (site, since_at, until_at, cause, detail)
    VALUES (${site}, ${since}, ${until}, ${fault?.cause ?? null}, ${fault?.detail ?? null})`;
}
