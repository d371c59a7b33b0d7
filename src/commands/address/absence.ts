/**
 * `sluis address absence`: who is away, and what happens to the mail meanwhile. Days are calendar
 * days in Amsterdam; the first and the last day are included.
 */
import { z } from '../../config/zod.ts';
import { type AbsenceView, viewAbsence } from '../../admin/absences.ts';
import { recipientOf } from '../../admin/addresses.ts';
import type { AdminContext } from '../../admin/context.ts';
import { AdminError } from '../../admin/error.ts';
import { readableTime } from '../../cli/output.ts';
import { type Address, addressKey } from '../../domain/address.ts';
import { many } from '../../domain/counted.ts';
import type { CsvProblem } from '../../domain/csv-problem.ts';
import { defined } from '../../domain/defined.ts';
import { type Instant, type Milliseconds, days, instant } from '../../domain/units.ts';
import { dayOf, instantOf, isoDay } from '../../domain/working-days.ts';
import type { AbsenceQuery, AddressAbsence } from '../../store/absences.ts';
import { allOrLines, recordsOf, refuseEntries } from '../core/csv.ts';
import { address } from '../core/kinds.ts';
import { day } from '../core/moments.ts';
import { type Values, arg, flag, need, old, opt } from '../core/params.ts';
import { changes, lists } from '../core/row.ts';
import { subject } from '../core/subject.ts';

export const absenceView = z.object({
  address: z.string(),
  from: z.string(),
  until: z.string().meta({ description: 'The first moment at which the addressee is back.' }),
  lastDay: z.string().meta({ description: 'In Amsterdam.' }),
  mode: z.string(),
  substitute: z.string().optional(),
  state: z.enum(['now', 'ahead']),
});

/** Most lines of one file. */
const MAX_LINES = 5000;
/** A date that lies further ahead is most likely a mistake. */
const MAX_AHEAD = days(400);

const who = { address: arg(address, 'who is away') };
const mail = {
  substitute: opt(address, 'who gets the mail; with --refuse, who senders are told to write to'),
  refuse: flag('refuse mail meanwhile'),
};
export const absenceInput = {
  ...who,
  since: old(opt(day, 'first day; default: now'), 'from'),
  until: need(day, 'last day, included'),
  ...mail,
};
/** A line of the file. Its column `from` is the option `since` of the command. */
const absenceLine = { ...who, from: opt(day, 'first day'), until: need(day, 'last day, included'), ...mail };

export interface Bounds {
  readonly now: Instant;
  readonly longest: Milliseconds;
}
const boundsOf = ({ clock, longestAbsence }: AdminContext): Bounds => ({ now: clock.now(), longest: longestAbsence });

/** The absence that the input describes. Without `since` it begins now. */
export function absenceOf(input: Values<typeof absenceInput>, bounds: Bounds): AddressAbsence {
  const { address: of, since, until, substitute, refuse } = input;
  const cannot = `Cannot note the absence of "${of}"`;
  if (substitute === undefined && !refuse)
    throw new AdminError(
      'invalid',
      `${cannot}: expected a substitute who gets the mail, or that it is refused meanwhile`,
    );
  const from = since === undefined ? bounds.now : instantOf(since);
  const absence = { address: of, from, until: instantOf(until + 1) };
  const wrong = timeProblem(absence, bounds);
  if (wrong !== undefined)
    throw new AdminError(
      'invalid',
      `${cannot} from ${isoDay(dayOf(from))} up to and including ${isoDay(until)}: ${wrong}`,
    );
  return { ...absence, mode: refuse ? 'refuse' : 'substitute', ...defined({ substitute }) };
}

function timeProblem(
  { from, until }: Pick<AddressAbsence, 'from' | 'until'>,
  { now, longest }: Bounds,
): string | undefined {
  if (until <= from) return 'it ends before it begins';
  if (until <= now) return 'it is over';
  if (dayOf(from) < dayOf(now)) return 'it begins in the past; leave the first day out for now';
  if (from > now + MAX_AHEAD) return 'it begins more than 400 days ahead; check the year';
  // Counts calendar days, so that the hour of a clock change does not make one more.
  const length = dayOf(instant(until - 1)) - dayOf(from) + 1;
  const most = Math.floor(longest / days(1));
  return length > most
    ? `that is ${length} days, and ${most} are the most (absence.longest); note the rest when it comes nearer`
    : undefined;
}

/**
 * The absences of a file. If `problems` is given, mistakes are put there and the right lines are
 * returned; without it, a file with mistakes is refused. Two lines with the same address and
 * beginning are a mistake.
 */
export async function absencesIn(
  upload: AsyncIterable<string> | undefined,
  bounds: Bounds,
  problems?: CsvProblem[],
): Promise<readonly (AddressAbsence & { readonly line: number })[]> {
  const absencesOf = new Map<string, AddressAbsence & { readonly line: number }>();
  await recordsOf(upload, {
    action: 'note absences',
    columns: absenceLine,
    most: MAX_LINES,
    now: () => bounds.now,
    ...defined({ problems }),
    check: ({ from, line, ...rest }) => {
      const absence = absenceOf({ ...rest, since: from }, bounds);
      const name = `${addressKey(absence.address)} ${absence.from}`;
      const before = absencesOf.get(name);
      if (before !== undefined) throw new AdminError('invalid', `It is in line ${before.line} already`);
      absencesOf.set(name, { ...absence, line });
    },
  });
  return [...absencesOf.values()];
}

const period = ({ from, lastDay, state }: AbsenceView): string =>
  `${state === 'now' ? 'now' : `from ${readableTime(from)}`}, up to and including ${lastDay}`;

const effect = ({ mode, substitute }: AbsenceView): string =>
  mode === 'substitute'
    ? `goes to ${substitute ?? ''}`
    : `is refused${substitute === undefined ? '' : `, naming ${substitute}`}`;

/** Reads the `after` of a listing: an address and a moment. */
function afterIn(text: string | undefined): Pick<AbsenceQuery, 'after'> {
  if (text === undefined) return {};
  const [, of = '', from = ''] = /^(\S+) (\S+)$/.exec(text) ?? [];
  const read = address.schema.safeParse(of);
  const at = Date.parse(from);
  if (!read.success || Number.isNaN(at))
    throw new AdminError('invalid', 'Cannot continue the listing: expected an address and a moment');
  return { after: { address: read.data, from: instant(at) } };
}

export const absences = subject(
  'absence',
  'who is away, and what becomes of the mail meanwhile',
  {
    add: changes({
      api: {
        method: 'POST',
        path: '/accounts/{accountId}/addresses/{addressId}/absences',
        ids: { addressId: 'address' },
      },
      about: 'note an absence; its mail goes to a substitute who agreed, or is refused',
      in: absenceInput,
      out: absenceView,
      right: 'registry',
      trail: ['registry.absence-added'],
      undo: 'address absence end',
      examples: [
        'lab@huisarts.example --until 14d --refuse',
        'assistent@huisarts.example --since tomorrow --until 14d --refuse --substitute huisarts@huisarts.example',
      ],
      run: async (context, input, { actor }) => {
        const absence = absenceOf(input, boundsOf(context));
        await recipientOf(context.store.registry, absence.address);
        await context.store.registry.addAbsences([absence], actor);
        return viewAbsence(absence, context.clock.now());
      },
      say: (noted) => `${noted.address} is away ${period(noted)}: ${effect(noted)}.`,
    }),

    import: changes({
      api: { method: 'POST', path: '/absence-imports', without: ['dryRun'] },
      about: 'note many absences from a CSV file, such as those of the holidays: all or none',
      in: { dryRun: flag('check every line and change nothing') },
      isLook: ({ dryRun }) => dryRun,
      upload: { about: 'header "address,from,until,substitute,refuse"', needed: true, as: 'argument' },
      out: z.object({ absences: z.number() }),
      right: 'registry',
      trail: ['registry.absence-added'],
      undo: 'address absence end, for each',
      examples: ['absences.csv --dry-run', 'absences.csv'],
      run: async (context, { dryRun }, { actor, upload }) => {
        const { registry } = context.store;
        const problems: CsvProblem[] = [];
        const lines = await absencesIn(upload, boundsOf(context), dryRun ? problems : undefined);
        const noted = lines.map(({ line: _, ...absence }) => absence);
        const action = 'note absences';
        if (dryRun) refuseEntries(action, problems, lines, await registry.judgeAbsences(noted));
        else if (noted.length > 0)
          await allOrLines(
            action,
            lines,
            () => registry.addAbsences(noted, actor),
            () => registry.judgeAbsences(noted),
          );
        return { absences: noted.length };
      },
      say: ({ absences: n }, { dryRun }) =>
        dryRun
          ? `The file is right: it would note ${many(n, 'absence')}. Nothing was changed.`
          : `Noted ${many(n, 'absence')}.`,
    }),

    list: lists({
      api: {
        method: 'GET',
        path: '/accounts/{accountId}/addresses/{addressId}/absences',
        id: 'listAbsences',
        ids: { addressId: 'address' },
      },
      about: 'list absences, now and ahead',
      in: { address: opt(address, 'of this address only') },
      out: absenceView,
      right: 'read',
      examples: ['', '--address lab@huisarts.example'],
      run: async ({ store, clock }, { limit, after, address: of }) => {
        if (of !== undefined) await recipientOf(store.registry, of);
        const now = clock.now();
        const query = { limit, ...afterIn(after), ...defined({ address: of }), endsAfter: now };
        return (await store.registry.listAbsences(query)).map((one) => viewAbsence(one, now));
      },
      header: ['ADDRESS', 'STATE', 'FROM', 'LAST DAY', 'MAIL'],
      cells: (a) => [a.address, a.state, readableTime(a.from), a.lastDay, effect(a)],
      after: (a) => `${a.address} ${a.from}`,
    }),

    end: changes({
      api: {
        method: 'POST',
        path: '/accounts/{accountId}/addresses/{addressId}/absence-endings',
        ids: { addressId: 'address' },
      },
      about: 'end the absence that is under way, or else take back the next one',
      in: { address: arg(address, 'who is back') },
      out: absenceView,
      right: 'registry',
      trail: ['registry.absence-ended'],
      undo: 'address absence add',
      examples: ['lab@huisarts.example'],
      run: async (context, { address: of }, { actor }) => {
        const { registry } = context.store;
        await recipientOf(registry, of);
        const ended = await nextOf(context, of);
        await registry.endAbsence(of, ended.from, actor);
        return viewAbsence(ended, context.clock.now());
      },
      say: (ended) =>
        ended.state === 'now'
          ? `${ended.address} is back: its mail goes to its own mailbox.`
          : `${ended.address} will not be away ${period(ended)}.`,
    }),
  },
  { initial: 'add' },
);

/** The absence that is under way, or else the next one. */
async function nextOf({ store, clock }: AdminContext, of: Address): Promise<AddressAbsence> {
  const [next] = await store.registry.listAbsences({ limit: 1, endsAfter: clock.now(), address: of });
  if (next !== undefined) return { ...next, address: of };
  throw new AdminError(
    'unknown',
    `Cannot end an absence of "${of}": it has none, now or ahead; "sluis address absence list" shows them`,
  );
}
