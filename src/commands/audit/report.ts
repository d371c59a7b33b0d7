/** `sluis audit report`: sums up a period of the trail. */
import type { z } from '../../config/zod.ts';
import { type ActKind, type AuditSummary, auditSummary, report as summed } from '../../admin/audit-scan.ts';
import { Names } from '../../admin/names.ts';
import { facts, readableTime, table } from '../../cli/output.ts';
import { instant } from '../../domain/units.ts';
import { systemClock } from '../../platform/clock.ts';
import { since, until } from '../core/moments.ts';
import { flag, moved, need, opt } from '../core/params.ts';
import { lookPart, readsHere } from '../core/row.ts';
import { noteLook } from './look.ts';
import { ANCHORS, type Proof, proofFails, proofOf, proofText, proofView } from './proof.ts';

export const summaryOf = lookPart({
  about: 'sum up the trail of a period',
  in: { since: need(since, 'from then on'), until: opt(until, 'until then; default: now') },
  out: auditSummary,
  right: 'security',
  run: async ({ store: { audit, registry }, gateway, clock }, { since: begin, until: end }, call) => {
    gateway?.writeCounted();
    noteLook(audit, call, 'report');
    // The period begins after the rows that were just written, the row of this look among them.
    const { seq: fromSeq } = await audit.head();
    const [newest] = end === undefined ? await audit.chain({ fromSeq, limit: 1 }) : [];
    const period = { since: begin, until: end ?? instant(Math.max(clock.now(), newest?.at ?? 0)) };
    const names = new Names(registry);
    return await summed(audit, period, (id) => names.account(id), call.progress);
  },
});

const reportView = auditSummary.extend({
  verified: proofView.optional().meta({ description: 'With `--verify` or `--anchors`.' }),
});

export const report = readsHere({
  about: 'sum up a period: events by outcome, failed logins, what people did',
  in: {
    since: opt(since, 'from then on, such as 7d'),
    until: opt(until, 'until then; default: now'),
    week: moved(flag('the last seven days'), 'audit report --since 7d'),
    verify: flag('also check the whole trail, as "audit verify" does'),
    ...ANCHORS,
  },
  check: (input) => (input.since === undefined && !input.week ? 'Cannot report without --since' : undefined),
  out: reportView,
  right: 'security',
  reason: 'optional',
  examples: ['--since 7d', '--since 14d --until yesterday --verify'],
  run: async (here, given, { since: begin, until: end }): Promise<z.infer<typeof reportView>> => {
    const week = since.fromText('7d', { textOf: () => '', lineOf: () => '', now: () => systemClock.now() });
    const summary = await here.call(summaryOf, { since: begin ?? week, until: end });
    const isChecked = given.verify || given.anchors.length > 0;
    return isChecked ? { ...summary, verified: await proofOf(here, given) } : summary;
  },
  say: (done) => reportText(done, done.verified),
  fails: ({ verified }) => (verified === undefined ? undefined : proofFails(verified)),
});

/**
 * The tables of the report in their order, each with its head and with the text for an empty one.
 */
const ACTS: readonly (readonly [kind: ActKind, head: string, none: string])[] = [
  ['command', 'COMMANDS', 'Nobody gave a command.'],
  ['look', 'LOOKS AT THE TRAIL', 'Nobody looked at the trail.'],
  ['export', 'GIVEN OUT', 'Nothing was given out.'],
  ['approval', 'SECOND PERSON', 'Nothing was asked of a second person.'],
];

/** `verified`: the result of the check of the chain; undefined if nobody asked for a check. */
export const reportText = (s: AuditSummary, verified: Proof | undefined): string =>
  [
    facts([
      ['From', readableTime(s.since)],
      ['Until', readableTime(s.until)],
      ['Rows', s.rows],
    ]),
    verified === undefined ? 'The chain was not checked: add --verify, or --anchors PATH.' : proofText(verified),
    table(
      ['LOG', 'SUCCESS', 'FAILURE'],
      s.logs.map((l) => [l.log, l.success, l.failure]),
    ),
    table(
      ['EVENT', 'OUTCOME', 'ROWS'],
      s.events.map((e) => [e.event, e.outcome, e.rows]),
    ),
    s.failedLogins.length === 0
      ? 'No login failed.'
      : table(
          ['FAILED LOGINS', 'FROM', 'TRIES'],
          s.failedLogins.map((f) => [f.account, f.network, f.tries]),
        ),
    ...ACTS.map(([kind, head, none]) => actsText(s.acts, kind, head) ?? none),
    ...(s.moreActs ? ['There are more acts than are shown: "sluis audit list" has them all.'] : []),
  ].join('\n\n');

function actsText(acts: AuditSummary['acts'], kind: ActKind, head: string): string | undefined {
  const rows = acts.filter((a) => a.kind === kind);
  return rows.length === 0
    ? undefined
    : table(
        [head, 'WHO', 'EVENT', 'WHAT', 'OUTCOME', 'WHY'],
        rows.map((a) => [readableTime(a.at), a.actor, a.event, a.what, a.outcome, a.reason]),
      );
}
