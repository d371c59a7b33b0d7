/**
 * `sluis audit erase`: erases the personal fields, who and from where, of old rows or of the rows
 * about one person.
 */
import { z } from '../../config/zod.ts';
import { type Wanted, eraseWanted } from '../../admin/audit-erase.ts';
import { readableTime } from '../../cli/output.ts';
import { AUDIT_LOG_KINDS } from '../../domain/audit-events.ts';
import { many } from '../../domain/counted.ts';
import { defined } from '../../domain/defined.ts';
import { iso } from '../../domain/units.ts';
import { login } from '../core/kinds.ts';
import { text } from '../core/kind.ts';
import { since } from '../core/moments.ts';
import { flag, opt } from '../core/params.ts';
import { changes } from '../core/row.ts';

const count = z.number();
const view = z.object({
  rows: count,
  byLog: z.object({ access: count, change: count, chain: count, technical: count }),
  kept: count.meta({ description: 'Rows that name the person and were left, since they have to be kept.' }),
  dryRun: z.boolean(),
});
export type EraseView = z.infer<typeof view>;

// The row of this call must not name again the person to be forgotten. So the value is marked as
// naming nothing.
const { of: _, ...forgotten } = login;

export const erase = changes({
  about: 'erase who and where from rows of the trail; the chain still verifies',
  in: {
    before: opt(since, 'rows before then, such as 2021-11-25'),
    account: opt(forgotten, 'rows about this account, its login and its addresses'),
    person: opt(text('text', 320), 'rows that name this: a person, an address of mail, an address of the network'),
    alsoKept: flag('also logins, looks and changes that have to be kept (NEN 7513: five years)'),
    dryRun: flag('only count'),
  },
  check: ({ before, account, person }) =>
    before === undefined && account === undefined && person === undefined
      ? 'Cannot erase personal fields without saying whose: expected --before MOMENT, --account LOGIN or --person TEXT'
      : undefined,
  out: view,
  right: 'owner',
  second: 'erase',
  isLook: ({ dryRun }) => dryRun,
  confirm: {
    name: ({ account, person }) => account ?? person ?? 'erase',
    what: ({ before }) =>
      `erase who and where from rows of the trail${before === undefined ? '' : ` before ${readableTime(iso(before))}`}`,
  },
  progress: { phase: 'Looking through', unit: 'rows' },
  trail: ['audit.erased'],
  examples: ['--account huisarts --dry-run', '--before 2021-11-25 --yes --reason "kept for five years"'],
  run: async (context, { before, account, person, alsoKept, dryRun }, call) => {
    const wanted: Wanted = { ...defined({ before, login: account, person }), alsoKept };
    const { rows, byLog, kept } = await eraseWanted(context, wanted, call, dryRun);
    return { rows, byLog, kept, dryRun };
  },
  say: ({ rows, byLog, kept, dryRun }) =>
    [
      `${dryRun ? 'Would erase' : 'Erased'} the personal fields of ${many(rows, 'row')} (${AUDIT_LOG_KINDS.map(
        (log) => `${log} ${byLog[log]}`,
      ).join(', ')}).`,
      ...(kept === 0
        ? []
        : [
            `Left ${many(kept, 'row')} of logins, looks and changes that have to be kept (NEN 7513: five years; GDPR article 17 paragraph 3 b); --also-kept erases them too.`,
          ]),
    ].join('\n'),
});
