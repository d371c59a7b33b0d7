/** `sluis account observed`: which imported accounts would break under which rule, and the rules on for the others. */
import type { Command } from 'commander';
import type { AdminClient } from '../admin/client.ts';
import type { ObservedAccount } from '../admin/observed.ts';
import { agree, many } from '../domain/counted.ts';
import { withAdmin } from './connect.ts';
import { type ChangeOptions, changing } from './options.ts';
import { print, readableTime, table } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface ObservedOptions extends ChangeOptions {
  readonly enforce?: boolean;
  readonly early?: boolean;
}

const PAGE = 500;

export function addObservedCommand(terminal: Terminal, group: Command): void {
  changing(group.command('observed'))
    .description('accounts imported with --observe: who would break under which rule')
    .option('--enforce', 'where the time is over: take back each tolerance that the account did not need')
    .option('--early', 'with --enforce: also where the time is not over yet')
    .action(async (options: ObservedOptions) => {
      if (options.enforce === true) return await enforce(terminal, options);
      const all = await withAdmin(options, observedIn);
      print(terminal, options, all, () => observedText(all));
    });
}

async function observedIn(client: AdminClient): Promise<readonly ObservedAccount[]> {
  const all: ObservedAccount[] = [];
  for (let after: string | undefined; ;) {
    const { accounts, next } = await client.call('account.observed', { limit: PAGE, after });
    all.push(...accounts);
    if (next === undefined) return all;
    after = next;
  }
}

async function enforce(terminal: Terminal, options: ObservedOptions): Promise<void> {
  const progress = showProgress('Setting', 'accounts');
  const sum = { accounts: 0, tolerant: 0 };
  await withAdmin(options, async (client) => {
    for (let after: string | undefined; ;) {
      const done = await client.call('account.enforce', { limit: PAGE, after, early: options.early === true });
      sum.accounts += done.accounts;
      sum.tolerant += done.tolerant;
      progress.show(sum.accounts, 0);
      if (done.next === undefined) return;
      after = done.next;
    }
  }).finally(progress.end);
  print(terminal, options, sum, () =>
    sum.accounts === 0
      ? 'No account is observed whose time is over; --early does not wait for it.'
      : observedNoMore(sum.accounts, sum.tolerant),
  );
}

function observedNoMore(accounts: number, tolerant: number): string {
  const [usual, verb] = [accounts - tolerant, agree(accounts, 'is', 'are')];
  return `${many(accounts, 'account')} ${verb} no longer observed: ${usual} ${agree(usual, 'follows', 'follow')} the usual rules, ${tolerant} ${agree(tolerant, 'keeps the tolerances that it', 'keep the tolerances that they')} needed.`;
}

function observedText(all: readonly ObservedAccount[]): string {
  if (all.length === 0) return 'No account is observed.';
  const breaking = all.filter(({ deviations }) => deviations.length > 0);
  const over = all.filter((account) => account.over).length;
  return [
    `${many(all.length, 'account')} ${agree(all.length, 'is', 'are')} observed, ${over} of them longer than was asked for. ${breaking.length === 0 ? 'None would break.' : `${breaking.length} would break:`}`,
    ...(breaking.length === 0
      ? []
      : [
          table(
            ['ACCOUNT', 'UNTIL', 'RULE', 'TIMES', 'LAST', 'PROGRAM'],
            breaking.flatMap(({ login, until, deviations }) =>
              deviations.map((d) => [login, until, d.quirk, d.count, readableTime(d.last), d.client]),
            ),
          ),
        ]),
  ].join('\n');
}
