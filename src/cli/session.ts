/** `sluis session`: who is connected now, and ending that. */
import type { Command } from 'commander';
import type { SessionView } from '../admin/sessions.ts';
import { agree, many } from '../domain/counted.ts';
import { allRows, withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { print, readableSize, table } from './output.ts';
import type { Terminal } from './terminal.ts';

interface WhichOptions {
  readonly account?: string;
  readonly network?: string;
}

export function addSessionCommands(terminal: Terminal, program: Command): void {
  const group = program.command('session').description('connections that are open now');

  which(reading(group.command('list')).description('who is connected, since when, with what')).action(
    async (options: CommonOptions & WhichOptions) => {
      const { account, network } = options;
      const all = await withAdmin(options, (client) =>
        allRows(
          (page) => client.call('session.list', { ...page, account, network }),
          (s) => s.id,
        ),
      );
      print(terminal, options, all, () => (all.length === 0 ? 'No session is open.' : sessionTable(all)));
    },
  );

  which(changing(group.command('kill')).description('end sessions; whoever has a right to may come again at once'))
    .argument('[ids...]', 'as "sluis session list" shows them')
    .option('--dry-run', 'show them and end none')
    .action(async (ids: readonly string[], options: ChangeOptions & WhichOptions & { readonly dryRun?: boolean }) => {
      const { account, network, dryRun } = options;
      if (ids.length === 0 && account === undefined && network === undefined)
        throw new CommandError('usage', 'Cannot end sessions: name their ids, --account or --network');
      const done = await withAdmin(options, (client) =>
        client.call('session.kill', { ids, account, network, 'dry-run': dryRun === true }),
      );
      print(terminal, options, done, () =>
        [
          ...(done.sessions.length === 0 ? [] : [sessionTable(done.sessions)]),
          done.applied
            ? `${many(done.sessions.length, 'session')} ${agree(done.sessions.length, 'was', 'were')} ended.`
            : `${many(done.sessions.length, 'session')} would be ended. Nothing was changed.`,
          ...(done.unknown.length === 0 ? [] : [`Not open any more: ${done.unknown.join(' ')}`]),
        ].join('\n'),
      );
    });
}

const which = (command: Command): Command =>
  command
    .option('--account <login>', 'of this account only')
    .option('--network <network>', 'from these addresses only, such as 192.0.2.7 or 192.0.2.0/24');

export const sessionTable = (sessions: readonly SessionView[]): string =>
  table(
    ['SESSION', 'PROTOCOL', 'ACCOUNT', 'ADDRESS', 'TLS', 'CLIENT', 'SINCE', 'STATE', 'READ', 'WRITTEN'],
    // The suite would double the width of a line: --json and "account show" have it.
    sessions.map((s) => [
      ...[s.id, s.protocol, s.account, s.address, s.tls, s.client, s.since.slice(0, 19).replace('T', ' '), s.state],
      ...[readableSize(s.read), readableSize(s.written)],
    ]),
  );
