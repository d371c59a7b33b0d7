/** `sluis organisation edi`: what organisations are called in the envelopes of interchanges. */
import type { Command } from 'commander';
import type { IdentityView } from '../admin/edi-identities.ts';
import { agree, many } from '../domain/counted.ts';
import { allRows, withAdmin } from './connect.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { print, table } from './output.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

export function addEdiCommands(terminal: Terminal, organisations: Command): void {
  const group = organisations.command('edi').description('what organisations are called in EDIFACT and HL7 envelopes');

  changing(group.command('add', { isDefault: true }))
    .description('register an identity, such as 500123456:ZZ; without a qualifier any qualifier means the same party')
    .argument('<organisation>', 'whose it is')
    .argument('<identity>', 'ID or ID:QUALIFIER, as UNB or MSH has it')
    .option('--account <login>', 'of this account alone, not of the whole organisation')
    .action(async (organisation: string, identity: string, options: ChangeOptions & { readonly account?: string }) => {
      const { account } = options;
      const added = await withAdmin(options, (client) =>
        client.call('organisation.edi.add', { organisation, identity, account }),
      );
      print(
        terminal,
        options,
        added,
        () => `${added.identity} is ${account === undefined ? added.organisation : `account ${account}`}.`,
      );
    });

  changing(group.command('import'))
    .description('register many identities from a CSV file: all or none; what is registered already stays')
    .argument('<file>', 'header "organisation,identity,account"; - for standard input')
    .action(async (file: string, options: ChangeOptions) => {
      const upload = readUpload(terminal, file);
      const done = await withAdmin(options, (client) => client.call('organisation.edi.import', {}, { upload }));
      print(
        terminal,
        options,
        done,
        () => `The ${many(done.read, 'identity')} of the file ${agree(done.read, 'is', 'are')} registered.`,
      );
    });

  reading(group.command('list'))
    .description('list identities and whose they are')
    .option('--organisation <name>', 'of this organisation only')
    .option('--id <id>', 'who is called so, with any qualifier')
    .action(async (options: CommonOptions & { readonly organisation?: string; readonly id?: string }) => {
      const { organisation, id } = options;
      const all = await withAdmin(options, (client) =>
        allRows<IdentityView>(
          (page) => client.call('organisation.edi.list', { ...page, organisation, id }),
          (i) => i.identity,
        ),
      );
      print(terminal, options, all, () =>
        table(
          ['IDENTITY', 'ORGANISATION', 'ACCOUNT'],
          all.map((i) => [i.identity, i.organisation, i.account]),
        ),
      );
    });

  changing(group.command('remove'))
    .description('take an identity away')
    .argument('<identity>', 'ID or ID:QUALIFIER, as "list" shows it')
    .action(async (identity: string, options: ChangeOptions) => {
      const removed = await withAdmin(options, (client) => client.call('organisation.edi.remove', { identity }));
      print(terminal, options, removed, () => `${removed.identity} is nobody's now.`);
    });
}
