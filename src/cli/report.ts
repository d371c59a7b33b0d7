/** `sluis report`: what a breach report needs. Figures are in usage.ts. */
import type { Command } from 'commander';
import type { Exposure, IncidentPage } from '../admin/incident.ts';
import { many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type IncidentSummary, summarised } from './incident-summary.ts';
import { type ChangeOptions, changing } from './options.ts';
import { type Cell, csv, facts, localTime, print, readableSize, table, readableTime } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { addUsageCommand } from './usage.ts';

interface IncidentOptions extends ChangeOptions {
  readonly account?: string;
  readonly network?: string;
  readonly from: string;
  readonly to?: string;
  readonly csv?: boolean;
}

export function addReportCommands(terminal: Terminal, program: Command): void {
  const group = program.command('report').description('figures and findings for others');
  changing(group.command('incident'))
    .description('what was exposed through an account or from a network, by organisation: for the report of a breach')
    .option('--account <login>', 'through this account')
    .option('--network <network>', 'from these addresses, such as 192.0.2.7 or 192.0.2.0/24; reads the whole period')
    .requiredOption(
      '--from <moment>',
      'such as 2026-11-25 (its first moment in Amsterdam) or 2026-11-25T14:00:00+01:00',
    )
    .option('--to <moment>', 'until then; a date alone: its end. Default: now')
    .option('--csv', 'every login and message, one a line, as they are found')
    .action((options: IncidentOptions) => incident(terminal, options));
  addUsageCommand(terminal, group);
}

const HEADER = [
  'at',
  'organisation',
  'account',
  'what',
  'count',
  'message',
  'sender',
  'recipients',
  'octets',
  'network',
];
const csvRow = (e: Exposure): Cell[] => [
  ...[
    e.at,
    e.organisation,
    e.account,
    e.kind,
    e.count,
    e.message,
    e.sender,
    e.recipients?.join(' '),
    e.octets,
    e.network,
  ],
];

async function incident(terminal: Terminal, options: IncidentOptions): Promise<void> {
  const { account: login, network, from, to } = options;
  let read = { since: '', until: '' };
  if (login === undefined && network === undefined)
    throw new CommandError('usage', 'Cannot report: name --account LOGIN, or --network NETWORK');
  if (options.csv === true && options.json === true)
    throw new CommandError(
      'usage',
      'Cannot use --csv with --json: --csv has every line, --json the sums; give one of them',
    );
  const summary = summarised(defined({ account: login, network }));
  if (options.csv === true) terminal.out(`${csv(HEADER, [])}\n`);
  const progress = showProgress('Reading', 'rows of the trail');
  await withAdmin(options, async (client) => {
    let after: number | undefined;
    // Each page is of the same period: where no end was named, of the moment at which the first one was read.
    let end = to;
    do {
      const page: IncidentPage = await client.call('report.incident', { login, network, from, to: end, after });
      end ??= page.to;
      read = { since: page.from, until: page.to };
      progress.show(page.scanned, page.total);
      for (const row of page.rows)
        if (options.csv === true) terminal.out(`${csv(csvRow(row), [])}\n`);
        else summary.add(row);
      after = page.next;
    } while (after !== undefined);
  }).finally(progress.end);
  if (options.csv === true) return;
  const result = summary.result(read);
  print(terminal, options, result, () => summaryText(result));
}

function summaryText(s: IncidentSummary): string {
  const head = facts([
    ['Through account', s.account],
    ['From network', s.network],
    ['From', localTime(s.since)],
    ['Until', localTime(s.until)],
  ]);
  if (s.organisations.length === 0) return `${head}\n\nNothing was found: no login, no message.`;
  return [
    head,
    ...s.organisations.map((o) =>
      [
        `Organisation ${o.name}`,
        table(
          [
            'ACCOUNT',
            'LOGINS',
            'FAILED',
            'NETWORKS',
            'FETCHED',
            'LOOKED AT',
            'REMOVED',
            'SENDERS',
            'SENT',
            'RECIPIENTS',
            'OCTETS',
            'FIRST',
            'LAST',
          ],
          o.accounts.map((a) => [
            ...[a.account, a.logins, a.refusedLogins, a.networks, a.fetched, a.previewed, a.removed, a.senders, a.sent],
            ...[a.recipients, readableSize(a.octets), readableTime(a.first), readableTime(a.last)],
          ]),
        ),
        ...o.accounts.flatMap(({ account, now }) => (now === undefined ? [] : [`${account} is now part of ${now}.`])),
      ].join('\n'),
    ),
    ...(s.erased === 0
      ? []
      : [
          `Of ${many(s.erased, 'row')} who and where were erased after their time: networks and recipients are more than are counted.`,
        ]),
    'FETCHED are messages, each once; SENDERS wrote them, RECIPIENTS got what was sent. --csv has every one of them.',
  ].join('\n\n');
}
