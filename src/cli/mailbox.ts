/** `sluis mailbox`: what a mailbox holds and who empties it. */
import type { Command } from 'commander';
import { many } from '../domain/counted.ts';
import { addMailboxExportCommand } from './account-end.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { addMailboxImportCommand } from './mailbox-import.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { print, readableTime, table, readableDay } from './output.ts';
import type { Terminal } from './terminal.ts';

interface RestoreOptions extends ChangeOptions {
  readonly since?: string;
  readonly message?: string;
}

export function addMailboxCommands(terminal: Terminal, program: Command): void {
  const group = program.command('mailbox').description('what an account has in its mailbox, and who fetches it');

  changing(group.command('restore'))
    .description('hand out again what was deleted over POP3; it comes back as new messages, and the owner is told')
    .argument('<login>', 'the account')
    .option('--since <moment>', 'deleted since then, such as 2026-11-25 or 2026-11-25T08:00:00+01:00')
    .option('--message <id>', 'this message: its id or its Message-ID')
    .action(async (login: string, options: RestoreOptions) => {
      if (options.reason === undefined)
        throw new CommandError('usage', 'Cannot restore without --reason TEXT: the owner of the mailbox reads it');
      const input = { login, since: options.since, message: options.message, reason: options.reason };
      const done = await withAdmin(options, (client) => client.call('mailbox.restore', input));
      print(
        terminal,
        options,
        done,
        () =>
          `${many(done.messages, 'message')} of ${done.login} can be fetched again${done.messages === 0 ? '' : `, until ${readableDay(done.until)}`}.`,
      );
    });

  addMailboxImportCommand(terminal, group);
  addMailboxExportCommand(terminal, group);

  reading(group.command('consumers'))
    .description('the networks a mailbox is fetched from, and what they do')
    .argument('<login>', 'the account')
    .action(async (login: string, options: CommonOptions) => {
      const all = await withAdmin(options, (client) => client.call('mailbox.consumers', { login }));
      print(terminal, options, all, () =>
        all.length === 0
          ? 'Nobody has opened this mailbox yet.'
          : table(
              ['NETWORK', 'FIRST', 'LAST', 'SESSIONS', 'FETCHED', 'DELETED'],
              all.map((c) => [
                c.network,
                readableTime(c.first),
                readableTime(c.last),
                c.sessions,
                c.retrieved,
                c.deleted,
              ]),
            ),
      );
    });
}
