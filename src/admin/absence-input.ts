/**
 * Reads absences: from an operation's input, or from the lines of a CSV file. Days are calendar days in Amsterdam, both ends included.
 */
import { type Instant, type Milliseconds, days, instant } from '../domain/units.ts';
import { dayFrom, dayOf, instantOf, isoDay } from '../domain/working-days.ts';
import type { AddressAbsence } from '../store/absences.ts';
import { AdminError } from './context.ts';
import { type CsvProblem, readTable } from './csv-table.ts';
import { type Input, addressOf, flag, optionalText } from './input.ts';

/** Most lines of one file. */
const MAX_ABSENCE_LINES = 5000;
/** Further ahead a date is a slip of the pen. */
const MAX_AHEAD = days(400);

export interface Bounds {
  readonly now: Instant;
  readonly longest: Milliseconds;
}

const refuse = (text: string): never => {
  throw new AdminError('invalid', text);
};

/** The first moment of the day, or of the day after it. */
function moment(text: string, what: string, end: boolean): Instant {
  const [, year = '', month = '', day = ''] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text) ?? [];
  const read = dayFrom(Number(year), Number(month), Number(day));
  // 2026-02-30 would become 2 March.
  if (year === '' || isoDay(read) !== text)
    return refuse(`Cannot use "${text.slice(0, 40)}" as ${what}: expected a day such as 2026-12-24`);
  return instantOf(end ? read + 1 : read);
}

/** `from` left out: from now on. */
export function absenceIn(input: Input, bounds: Bounds): AddressAbsence {
  const address = addressOf(input.address, 'address');
  const from = optionalText(input, 'from');
  const until = optionalText(input, 'until');
  if (until === undefined)
    return refuse(`Cannot note the absence of "${address}": its last day is missing; give until`);
  const substitute = optionalText(input, 'substitute');
  const refusing = flag(input, 'refuse');
  if (substitute === undefined && !refusing)
    return refuse(
      `Cannot note the absence of "${address}": expected a substitute who gets the mail, or that it is refused meanwhile`,
    );
  const absence: AddressAbsence = {
    address,
    from: from === undefined ? bounds.now : moment(from, 'from', false),
    until: moment(until, 'until', true),
    mode: refusing ? 'refuse' : 'substitute',
    ...(substitute === undefined ? {} : { substitute: addressOf(substitute, 'substitute') }),
  };
  checkTime(absence, bounds);
  return absence;
}

function checkTime({ address, from, until }: AddressAbsence, { now, longest }: Bounds): void {
  const cannot = `Cannot note the absence of "${address}"`;
  const period = `from ${isoDay(dayOf(from))} up to and including ${isoDay(dayOf(instant(until - 1)))}`;
  if (until <= from) refuse(`${cannot} ${period}: it ends before it begins`);
  if (until <= now) refuse(`${cannot} ${period}: it is over`);
  if (dayOf(from) < dayOf(now)) refuse(`${cannot} ${period}: it begins in the past; leave from out for now`);
  if (from > now + MAX_AHEAD) refuse(`${cannot} ${period}: it begins more than 400 days ahead; check the year`);
  // The hour of a change of the clock is no day more.
  const length = dayOf(instant(until - 1)) - dayOf(from) + 1;
  const most = Math.floor(longest / days(1));
  if (length > most)
    refuse(
      `${cannot} ${period}: that is ${length} days, and ${most} are the most (absence.longest); note the rest when it comes nearer`,
    );
}

/** Header `address,from,until` and where wanted `substitute`, `refuse`. Every bad line is told; where there is one nothing may be noted. */
export async function absencesIn(source: AsyncIterable<string>, bounds: Bounds) {
  const absences: AddressAbsence[] = [];
  const problems: CsvProblem[] = [];
  const seen = new Map<string, number>();
  const shape = {
    required: ['address', 'from', 'until'],
    optional: ['substitute', 'refuse'],
    records: MAX_ABSENCE_LINES,
  };
  for await (const item of readTable(source, shape)) {
    if (item.kind === 'problem') problems.push(item.problem);
    if (item.kind !== 'record') continue;
    const { record } = item;
    try {
      const cell = (name: string): string | undefined => record.cell(name) || undefined;
      const absence = absenceIn(
        {
          address: record.cell('address'),
          from: cell('from'),
          until: cell('until'),
          substitute: cell('substitute'),
          refuse: yes(record.cell('refuse')),
        },
        bounds,
      );
      const name = `${absence.address.toLowerCase()} ${absence.from}`;
      const before = seen.get(name);
      if (before !== undefined) refuse(`It stands in line ${before} already`);
      seen.set(name, record.line);
      absences.push(absence);
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      problems.push({ line: record.line, text: error.message });
    }
  }
  return { absences, problems };
}

function yes(text: string): boolean {
  if (text !== '' && text !== 'yes' && text !== 'no')
    refuse(`Cannot use "${text.slice(0, 40)}" as refuse: expected yes or no`);
  return text === 'yes';
}
