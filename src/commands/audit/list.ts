/** `sluis audit list`: the newest rows of the trail that match. */
import { z } from '../../config/zod.ts';
import { accountOf } from '../../admin/accounts.ts';
import { firstSince } from '../../admin/audit-scan.ts';
import { AdminError } from '../../admin/error.ts';
import { eventView, factText, viewEvent } from '../../admin/delivery-views.ts';
import { Names } from '../../admin/names.ts';
import { readableTime } from '../../cli/output.ts';
import { isBeginningOfEvent, nearestEvent } from '../../domain/audit-events.ts';
import { defined } from '../../domain/defined.ts';
import { instant } from '../../domain/units.ts';
import { login } from '../core/kinds.ts';
import { text } from '../core/kind.ts';
import { since, until } from '../core/moments.ts';
import { opt } from '../core/params.ts';
import { lists } from '../core/row.ts';
import { noteLook } from './look.ts';

/** Rows of the trail that are read at a time. */
const STEP = 1000;

const row = eventView.extend({
  seq: z.number().meta({ description: 'Number of the row.' }),
  message: z.string().optional(),
  erased: z.boolean().meta({ description: 'Who and where were erased.' }),
});
export type AuditRowView = z.infer<typeof row>;

/** The refusal of an unknown event. A mistyped name must not look like "it never happened". */
function wrongEvent(event: string): string {
  const near = nearestEvent(event);
  const remedy = near === undefined ? 'docs/signals.md, "Audit trail", lists them' : `did you mean "${near}"?`;
  return `Cannot list "${event}": expected an event, or how some begin, such as login; ${remedy}`;
}

export const list = lists({
  api: { method: 'GET', path: '/audit-rows', id: 'listAuditRows', ids: { accountId: 'account' } },
  about: 'rows of the trail, oldest first',
  in: {
    account: opt(login, 'about this account'),
    event: opt(text('name', 64), 'events that begin so, such as login or message.accepted'),
    since: opt(since, 'from then on'),
    until: opt(until, 'until then'),
  },
  check: ({ event }) => (event === undefined || isBeginningOfEvent(event) ? undefined : wrongEvent(event)),
  out: row,
  right: 'security',
  reason: 'optional',
  examples: ['--account huisarts --since 14d', '--event message --limit 20'],
  newest: 100,
  header: ['ROW', 'TIME', 'EVENT', 'OUTCOME', 'ACCOUNT', 'MESSAGE', 'FACTS'],
  none: 'No row was found.',
  run: async ({ store: { audit, registry }, gateway }, { limit, after, event, ...of }, call) => {
    const names = new Names(registry);
    const account = of.account === undefined ? undefined : (await accountOf(registry, of.account)).account.id;
    // Counts that wait in memory are written before the first page only, so that later pages do not
    // shift.
    if (after === undefined) gateway?.writeCounted(account === undefined ? undefined : (whose) => whose === account);
    const first = of.since === undefined ? 1 : await firstSince(audit, of.since);
    const end = of.until === undefined ? (await audit.head()).seq + 1 : await firstSince(audit, instant(of.until + 1));
    const rows: AuditRowView[] = [];
    for (let before = Math.min(end, pageEnd(after)); before > first && rows.length < limit; before -= STEP) {
      if (call.gone?.aborted === true) break;
      const found = await audit.read({ fromSeq: Math.max(first, before - STEP), limit: STEP, ...defined({ account }) });
      for (const one of found.toReversed())
        if (one.seq < before && rows.length < limit && (event === undefined || one.event.startsWith(event)))
          rows.push({
            seq: one.seq,
            ...viewEvent(one, one.account === undefined ? undefined : await names.account(one.account)),
            ...defined({ message: one.message }),
            erased: one.erased,
          });
      call.progress(end - before, end - first);
    }
    // The look is noted after the rows were read; otherwise it would be the newest row of every
    // list.
    if (after === undefined) noteLook(audit, call, 'list');
    return rows;
  },
  cells: ({ seq, at, event, outcome, account, message, facts, erased }) => [
    ...[seq, readableTime(at), event, outcome, account, message],
    [...Object.entries(facts).map(factText), ...(erased ? ['(who and where were erased)'] : [])].join(' '),
  ],
  after: ({ seq }) => String(seq),
});

/** The row number before which the page ends. */
function pageEnd(after: string | undefined): number {
  if (after === undefined) return Number.MAX_SAFE_INTEGER;
  if (/^[1-9]\d{0,14}$/.test(after)) return Number(after);
  throw new AdminError('invalid', `Cannot list behind ${JSON.stringify(after)}: expected the number of a row`);
}
