/** `sluis audit erase`: who and where of old rows, or of one person. */
import type { Command } from 'commander';
import type { EraseView } from '../admin/audit-erase.ts';
import { many } from '../domain/counted.ts';
import { type SureOptions, askToDestroy, destroying } from './ask.ts';
import { withAdmin } from './connect.ts';
import { guarded } from './options.ts';
import { print } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface EraseOptions extends SureOptions {
  readonly before?: string;
  readonly account?: string;
  readonly person?: string;
  readonly alsoKept?: boolean;
  readonly dryRun?: boolean;
}

export function addEraseCommand(terminal: Terminal, group: Command): void {
  destroying(guarded(group.command('erase')))
    .description('erase who and where from rows of the trail; the chain still verifies')
    .option('--before <moment>', 'rows before then, such as 2021-11-25')
    .option('--account <login>', 'rows about this account, its login and its addresses')
    .option('--person <text>', 'rows that name this: a person, an address of mail, an address of the network')
    .option('--also-kept', 'also logins, looks and changes that have to be kept (NEN 7513: five years)')
    .option('--dry-run', 'only count')
    .action(async (given: EraseOptions) => {
      const { before, account, person, alsoKept, dryRun = false } = given;
      const input = { before, account, person, 'also-kept': alsoKept };
      const options = dryRun
        ? given
        : await askToDestroy(terminal, given, {
            what: 'erase who and where from rows of the trail',
            goes: async () => textOf(await withAdmin(given, (client) => client.call('audit.erase.count', input))),
            name: account ?? person ?? before ?? 'erase',
          });
      const { show, end } = showProgress('Looking through', 'rows');
      const done = await withAdmin(options, (client) =>
        dryRun
          ? client.call('audit.erase.count', input, { progress: show })
          : client.call('audit.erase', input, { progress: show }),
      ).finally(end);
      print(terminal, options, done, () => textOf(done));
    });
}

const textOf = ({ rows, byLog, kept, dryRun }: EraseView): string =>
  [
    `${dryRun ? 'Would erase' : 'Erased'} the personal fields of ${many(rows, 'row')} (${Object.entries(byLog)
      .map(([log, n]) => `${log} ${n}`)
      .join(', ')}).`,
    ...(kept === 0
      ? []
      : [
          `Left ${many(kept, 'row')} of logins, looks and changes that have to be kept (NEN 7513: five years; GDPR article 17 paragraph 3 b); --also-kept erases them too.`,
        ]),
  ].join('\n');
