/** `sluis report usage`: the figures of a month for the invoice, as they come. */
import type { Command } from 'commander';
import type { UsageReport, UsageView } from '../admin/usage.ts';
import { NO_USAGE, USAGE_COUNTS, type UsageCounts } from '../store/usage.ts';
import { many } from '../domain/counted.ts';
import { visibleJson } from '../domain/visible.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { JsonLines, TableLines } from './listing.ts';
import { newFile, withFiles } from './new-file.ts';
import { type CommonOptions, reading } from './options.ts';
import { type Cell, csv, readableSize, readableTime } from './output.ts';
import type { Terminal } from './terminal.ts';

interface UsageOptions extends CommonOptions {
  readonly month: string;
  readonly organisation?: string;
  readonly csv?: string;
  readonly totals?: boolean;
}

/** What an organisation, or all of them, did. */
interface Total extends UsageCounts {
  readonly organisation: string;
  readonly accounts: number;
  /** Those of them that did something. */
  readonly active: number;
}
type Sums = { -readonly [K in keyof Total]: Total[K] };

export function addUsageCommand(terminal: Terminal, group: Command): void {
  reading(group.command('usage'))
    .description('the figures of a month by organisation and account, for the invoice')
    .requiredOption('--month <month>', 'such as 2026-11; it begins and ends at midnight in Amsterdam')
    .option('--organisation <name>', 'of this organisation only')
    .option('--totals', 'one line for each organisation')
    .option('--csv <file>', 'write CSV to this new file; - for standard output')
    .action((options: UsageOptions) => usage(terminal, options));
}

async function usage(terminal: Terminal, options: UsageOptions): Promise<void> {
  const { month, organisation, csv: path } = options;
  if (path !== undefined && options.json === true)
    throw new CommandError('usage', 'Cannot use --csv with --json: they are two forms of the same; give one of them');
  const file = path === undefined || path === '-' ? undefined : newFile(path, 0o600);
  const out = file === undefined ? terminal.out : (text: string): void => file.append(text);
  await withFiles([file], async () => {
    await withAdmin(options, async (client) => {
      const totals = new Totals();
      let form: Form | undefined;
      for (let after: string | undefined; ;) {
        const report = await client.call('report.usage', { month, organisation, limit: 500, after });
        form ??= formOf(options, report);
        out(form.rows(totals.among(report.rows)));
        after = report.next;
        if (after === undefined) break;
      }
      out(form.rows(totals.last()) + form.end(totals.all));
    });
    file?.end();
  });
  if (file !== undefined) terminal.out(`Wrote ${file.path}.\n`);
}

type Row = { readonly account: UsageView } | { readonly total: Total };

/** Sums up as rows come by, which they do by organisation. */
class Totals {
  readonly all: Sums = nothing('');
  #one: Sums | undefined;

  /** The rows, with the sum of an organisation behind its last one. */
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

/** What is printed of rows, and at the end. */
interface Form {
  rows(rows: readonly Row[]): string;
  end(all: Total): string;
}

function formOf({ csv: path, json, totals = false }: UsageOptions, report: UsageReport): Form {
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

/** One line for each account, or for each organisation: sums among what they sum would be counted twice. */
function csvForm({ month, running }: UsageReport, totals: boolean): Form {
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

/** Totals of organisations are held until the end; accounts are not. */
function jsonForm({ month, from, to, running }: UsageReport, totals: boolean): Form {
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
  ...['SENT', 'RECIPIENTS', 'SIZE', 'RECEIVED', 'SIZE', 'NOTICES', 'COLLECTED', 'PUSHED', 'REFUSED', 'LOG-INS REFUSED'],
];
const textNumbers = (row: UsageCounts): Cell[] => [
  ...[row.sent, row.sentRecipients, readableSize(row.sentOctets), row.received, readableSize(row.receivedOctets)],
  ...[row.notices, row.collected, row.pushed, row.refused, row.loginsRefused],
];

function textForm({ month, from, to, running }: UsageReport, totals: boolean): Form {
  const table = new TableLines(
    totals
      ? ['ORGANISATION', 'ACCOUNTS', 'ACTIVE', ...TEXT]
      : ['ORGANISATION', 'ACCOUNT', ...TEXT, 'DAYS', 'LAST LOG-IN', 'IDLE SINCE'],
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
