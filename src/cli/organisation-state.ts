/** `sluis organisation suspend`, `resume` and `end`: all its accounts at once. */
import type { Command } from 'commander';
import type { OrganisationChanged } from '../admin/organisations.ts';
import { many } from '../domain/counted.ts';
import { withAdmin } from './connect.ts';
import { type ChangeOptions, changing } from './options.ts';
import { print } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface StateOptions extends ChangeOptions {
  readonly successor?: string;
  readonly dryRun?: boolean;
}

const told = {
  suspend: ({ name, accounts, addresses, waiting }: OrganisationChanged) => [
    `Organisation ${name} is suspended:`,
    `- ${many(accounts, 'account')} log in no more, and open sessions are cut`,
    `- mail for ${many(addresses, 'address')} is refused (550 5.2.1)`,
    `- ${many(waiting, 'message')} in its mailboxes wait until "sluis organisation resume ${name}"`,
  ],
  resume: ({ name, accounts, suspended = 0 }: OrganisationChanged) => [
    `Organisation ${name} is active: ${many(accounts - suspended, 'account')} log in and take mail again.`,
    ...(suspended === 0 ? [] : [`${many(suspended, 'account')} stay suspended, each by itself.`]),
  ],
  end: ({ name, accounts, addresses, waiting, successor, problem }: OrganisationChanged) => [
    `Organisation ${name} has ended, for ever:`,
    `- ${many(accounts, 'account')} log in no more, and open sessions are cut`,
    successor === undefined
      ? `- mail for ${many(addresses, 'address')} is refused (550 5.1.1)`
      : `- senders to ${many(addresses, 'address')} are told to write to ${successor} (551 5.1.6)`,
    `- ${many(waiting, 'message')} in its mailboxes stay for their time; "sluis mailbox export" writes them to a file`,
    ...(problem === undefined ? [] : [problem]),
  ],
} as const;

export function addStateCommands(terminal: Terminal, group: Command): void {
  for (const [name, about] of [
    ['suspend', 'refuse log-ins and mail of all its accounts, until it is resumed; what waits stays'],
    ['resume', 'take back a suspension'],
    ['end', 'end an organisation for ever, with all its accounts and addresses'],
  ] as const) {
    const command = changing(group.command(name))
      .description(about)
      .argument('<name>', 'the organisation')
      .option('--dry-run', 'say what would be done, and do nothing');
    if (name === 'end')
      command.option('--successor <address>', 'who takes the mail of its addresses: senders are told');
    command.action(async (organisation: string, options: StateOptions) => {
      const { successor, dryRun } = options;
      const progress = showProgress({ suspend: 'Suspending', resume: 'Resuming', end: 'Ending' }[name], 'accounts');
      const input = { name: organisation, successor, 'dry-run': dryRun };
      const done = await withAdmin(options, (client) =>
        client.call(`organisation.${name}`, input, { progress: progress.show }),
      ).finally(() => progress.end());
      print(terminal, options, done, () =>
        [...(dryRun === true ? ['Nothing was done. It would be so:'] : []), ...told[name](done)].join('\n'),
      );
    });
  }
}
