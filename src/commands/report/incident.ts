/** `sluis report incident`: what was exposed, for the report of a data breach. */
import { type Cell, csv } from '../../cli/output.ts';
import { showProgress } from '../../cli/progress.ts';
import type { Input } from '../../admin/input.ts';
import { flag } from '../core/params.ts';
import { type Here, readsHere } from '../core/row.ts';
import { type Exposure, PERIOD, checkPeriod, incidentPage } from './incident-rows.ts';
import { type IncidentSummary, summarised, summary, summaryText } from './incident-summary.ts';

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

export const incident = readsHere({
  about: 'what was exposed through an account or from a network, by organisation: for the report of a breach',
  in: { ...PERIOD, csv: flag('every login and message, one a line, as they are found') },
  check: checkPeriod,
  // With --csv there is no summary: each row is printed as it is found.
  out: summary.optional(),
  right: 'security',
  reason: 'optional',
  examples: [
    '--account huisarts --since 14d --reason "the laptop was stolen"',
    '--network 192.0.2.0/24 --since 14d --csv',
  ],
  run: async (here, { csv: isCsv }, { csv: _, ...asked }) => {
    const summing = summarised(asked);
    if (isCsv) here.terminal.out(`${csv(HEADER, [])}\n`);
    const take = (row: Exposure): void => (isCsv ? here.terminal.out(`${csv(csvRow(row), [])}\n`) : summing.add(row));
    const period = await readAll(here, asked, take);
    return isCsv ? undefined : summing.result(period);
  },
  say: (found) => (found === undefined ? '' : summaryText(found)),
});

/** Reads all pages. Resolves to the period that they cover. */
async function readAll(
  here: Here,
  asked: Input,
  take: (row: Exposure) => void,
): Promise<Pick<IncidentSummary, 'since' | 'until'>> {
  const progress = showProgress('Reading', 'rows of the trail');
  try {
    // All pages cover the same period. If no end was named, the first page ends at the moment of
    // its reading, and the others end there too.
    for (let input = asked; ;) {
      const page = await here.call(incidentPage, input);
      progress.show(page.scanned, page.total);
      page.rows.forEach(take);
      if (page.next === undefined) return { since: page.from, until: page.to };
      input = { until: page.to, ...asked, after: page.next };
    }
  } finally {
    progress.end();
  }
}
