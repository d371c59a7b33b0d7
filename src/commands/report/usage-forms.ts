/** The figures of a month as text, JSON or CSV. They are written while the rows come. */
import type { z } from '../../config/zod.ts';
import { JsonLines, TableLines } from '../../cli/listing.ts';
import { type Cell, csv, readableSize, readableTime } from '../../cli/output.ts';
import { many } from '../../domain/counted.ts';
import { visibleJson } from '../../domain/visible.ts';
import { NO_USAGE, USAGE_COUNTS, type UsageCounts } from '../../store/usage.ts';
import type { UsageView, period } from './usage-rows.ts';

type Period = z.infer<typeof period>;
/** The form in which the report is wanted. */
export interface Wish {
  readonly csv: string | undefined;
  readonly json: boolean | undefined;
  readonly totals: boolean;
}

/** The sums of one organisation, or of all. */
interface Total extends UsageCounts {
  readonly organisation: string;
  readonly accounts: number;
  /** How many of these accounts did something in the month. */
  readonly active: number;
}
type Sums = { -readonly [K in keyof Total]: Total[K] };

type Row = { readonly account: UsageView } | { readonly total: Total };

/** Adds up the rows while they come by, sorted by organisation. */
export class Totals {
  readonly all: Sums = nothing('');
  #one: Sums | undefined;

  /** The rows, with the sum of each organisation after its last row. */
  among(rows: readonly UsageView[]): readonly Row[] {
    return rows.flatMap((account) => {
      const ended = this.#one?.organisation === account.organisation ? [] : this.last();
      this.#one ??= nothing(account.organisation);
      for (const sums of [this.#one, this.all]) add(sums, account);
      return [...ended, { account }];
    });
  }

  last(): readonly Row[] {
    const total = this.#one;
    this.#one = undefined;
    return total === undefined ? [] : [{ total }];
  }
}

const nothing = (organisation: string): Sums => ({ organisation, accounts: 0, active: 0, ...NO_USAGE });

function add(sums: Sums, row: UsageView): void {
  for (const name of USAGE_COUNTS) sums[name] += row[name];
  sums.accounts += 1;
  if (row.days > 0) sums.active += 1;
}

/** How a report prints its rows and its end. */
export interface Form {
  rows(rows: readonly Row[]): string;
  end(all: Total): string;
}

export function formOf({ csv: path, json, totals }: Wish, report: Period): Form {
  return json === true
    ? jsonForm(report, totals)
    : path === undefined
      ? textForm(report, totals)
      : csvForm(report, totals);
}

const numbers = (row: UsageCounts): number[] => USAGE_COUNTS.map((name) => row[name]);

const NUMBERS = [
  ...['sent', 'recipients', 'sent_octets', 'received', 'received_octets', 'notices', 'collected', 'pushed'],
  ...['refused', 'logins_refused'],
];

/**
 * CSV: one line for each account, or one for each organisation. It never has both, since a reader
 * who adds up the lines would count everything twice.
 */
function csvForm({ month, running }: Period, totals: boolean): Form {
  const lines = (rows: readonly Row[]): Cell[][] =>
    rows.flatMap((row) => {
      if ('total' in row) return totals ? [[...begin, ...organisationCells(row.total), ...numbers(row.total)]] : [];
      return totals ? [] : [[...begin, ...accountCells(row.account)]];
    });
  const begin = [month, running ? 'running' : 'complete'];
  const header = totals
    ? ['month', 'status', 'organisation', 'accounts', 'active', ...NUMBERS]
    : [
        ...['month', 'status', 'organisation', 'account', 'kind', 'state', ...NUMBERS],
        ...['login_days', 'days', 'last_login', 'idle_since'],
      ];
  let begun = false;
  return {
    rows: (rows) => {
      const text = lines(rows).map((cells) => `${csv(cells, [])}\n`);
      if (!begun) text.unshift(`${csv(header, [])}\n`);
      begun = true;
      return text.join('');
    },
    end: () => '',
  };
}

const organisationCells = ({ organisation, accounts, active }: Total): Cell[] => [organisation, accounts, active];
const accountCells = (row: UsageView): Cell[] => [
  ...[row.organisation, row.account, row.kind, row.moved === true ? 'moved' : row.state],
  ...[...numbers(row), row.loginDays, row.days, row.lastLogin, row.idleSince],
];

/** JSON. The totals of organisations are kept in memory until the end, the accounts are not. */
function jsonForm({ month, from, to, running }: Period, totals: boolean): Form {
  const accounts = new JsonLines('  ');
  const organisations: Total[] = [];
  const head = visibleJson({ month, from, to, running }, 2).slice(0, -2);
  let begun = false;
  return {
    rows: (rows) => {
      for (const row of rows) if ('total' in row) organisations.push(row.total);
      const text = totals ? '' : accounts.of(rows.flatMap((row) => ('account' in row ? [row.account] : [])));
      const before = begun ? '' : `${head}${totals ? '' : ',\n  "accounts": '}`;
      begun = true;
      return before + text;
    },
    end: ({ organisation: _, ...total }) =>
      `${totals ? '' : accounts.end()},\n${visibleJson({ organisations, total }, 2).slice(2)}\n`,
  };
}

const TEXT = [
  ...['SENT', 'RECIPIENTS', 'SIZE', 'RECEIVED', 'SIZE', 'NOTICES', 'COLLECTED', 'PUSHED', 'REFUSED', 'LOGINS REFUSED'],
];
const textNumbers = (row: UsageCounts): Cell[] => [
  ...[row.sent, row.sentRecipients, readableSize(row.sentOctets), row.received, readableSize(row.receivedOctets)],
  ...[row.notices, row.collected, row.pushed, row.refused, row.loginsRefused],
];

function textForm({ month, from, to, running }: Period, totals: boolean): Form {
  const table = new TableLines(
    totals
      ? ['ORGANISATION', 'ACCOUNTS', 'ACTIVE', ...TEXT]
      : ['ORGANISATION', 'ACCOUNT', ...TEXT, 'DAYS', 'LAST LOGIN', 'IDLE SINCE'],
  );
  const cells = (row: Row): Cell[][] => {
    if ('account' in row) return totals ? [] : [accountText(row.account)];
    const { total } = row;
    if (totals) return [[...organisationCells(total), ...textNumbers(total)]];
    return [
      [total.organisation, `(${many(total.accounts, 'account')}, ${total.active} active)`, ...textNumbers(total)],
    ];
  };
  const still = running ? '; the month is still running: figures so far' : '';
  let before = `Usage in ${month}, from ${readableTime(from)} to ${readableTime(to)}${still}\n\n`;
  return {
    rows: (rows) => {
      const text = before + table.of(rows.flatMap(cells));
      before = '';
      return text;
    },
    end: (all) =>
      `\n${many(all.accounts, 'account')}, ${all.active} of them active: ${many(all.sent, 'message')} sent to ${many(all.sentRecipients, 'recipient')}, ${all.received} received, ${many(all.refused, 'refusal')}.\n`,
  };
}

const accountText = (row: UsageView): Cell[] => [
  ...[
    row.organisation,
    `${row.account ?? '(left it)'}${row.moved === true && row.account !== undefined ? ' (moved)' : ''}`,
  ],
  ...[...textNumbers(row), row.days, row.lastLogin, row.idleSince],
];
