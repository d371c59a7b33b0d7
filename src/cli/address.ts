/** `sluis address`: where mail may go, and who may send as it. */
import type { Command } from 'commander';
import type { AddressEnd } from '../admin/addresses.ts';
import { addAbsenceCommands, addConsentCommands } from './absence.ts';
import { addAddressMoveCommand } from './address-move.ts';
import { pages, withAdmin } from './connect.ts';
import { printPages } from './listing.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { facts, print, readableTime } from './output.ts';
import { addSetCommand, settingsPart, shownSettings } from './settings.ts';
import type { Terminal } from './terminal.ts';

interface EndOptions extends ChangeOptions {
  readonly successor?: string;
  readonly dryRun?: boolean;
}

function endText({ address, applied, successor, account, left }: AddressEnd): string {
  const [ends, are] = applied ? ['has ended', 'are'] : ['would end', 'would be'];
  return [
    ...(applied ? [] : ['Nothing was done.']),
    `Address ${address} ${ends}.`,
    `Senders ${are} ${successor === undefined ? 'refused (550 5.1.1).' : `told to write to ${successor} (551 5.1.6).`}`,
    ...(left === 0 ? [`No address leads to account ${account} then: it takes no mail, and sends none.`] : []),
  ].join(' ');
}

export function addAddressCommands(terminal: Terminal, program: Command): void {
  const group = program.command('address').description('registered addresses');

  changing(group.command('add'))
    .description('register an address that leads to an account')
    .argument('<login>', 'the account')
    .argument('<address>', 'such as name@example.nl')
    .action(async (login: string, address: string, options: ChangeOptions) => {
      const added = await withAdmin(options, (client) => client.call('address.add', { login, address }));
      print(
        terminal,
        options,
        added,
        () => `Registered address ${added.address}; its mail goes to account ${added.account}.`,
      );
    });

  reading(group.command('list'))
    .description('list addresses')
    .option('--account <login>', 'of this account only')
    .action(async (options: CommonOptions & { readonly account?: string }) => {
      await withAdmin(options, async (client) => {
        const all = pages(
          (page) => client.call('address.list', { ...page, login: options.account }),
          (a) => a.address,
        );
        await printPages(terminal, options, all, {
          header: ['ADDRESS', 'ACCOUNT', 'STATE'],
          row: (a) => [a.address, a.account, a.state],
        });
      });
    });

  reading(group.command('show'))
    .description('show one address and its settings')
    .argument('<address>', 'the address')
    .option('--all', 'show every setting, also those that are default')
    .action(async (address: string, options: CommonOptions & { readonly all?: boolean }) => {
      const [a, settings] = await withAdmin(options, async (client) => [
        await client.call('address.show', { address }),
        await shownSettings(client, 'address', address, options.all),
      ]);
      print(terminal, options, { ...a, settings }, () =>
        [
          facts([
            ['Address', a.address],
            ['Account', a.account],
            ['State', a.state],
            ['Ends', readableTime(a.ends)],
            ['Successor', a.successor],
          ]),
          settingsPart(settings, options.all),
        ].join('\n'),
      );
    });

  for (const [name, about, effect] of [
    ['suspend', 'refuse its mail, until it is resumed', 'is suspended'],
    ['resume', 'take back a suspension', 'is active'],
  ] as const)
    changing(group.command(name))
      .description(about)
      .argument('<address>', 'the address')
      .action(async (address: string, options: ChangeOptions) => {
        const done = await withAdmin(options, (client) => client.call(`address.${name}`, { address }));
        print(terminal, options, done, () => `Address ${done.address} ${effect}.`);
      });

  changing(group.command('end'))
    .description('end an address for ever: it is never given to anybody again')
    .argument('<address>', 'the address')
    .option('--successor <address>', 'who takes its mail: senders are told')
    .option('--dry-run', 'say what would be done, and do nothing')
    .action(async (address: string, options: EndOptions) => {
      const { successor, dryRun = false } = options;
      const input = { address, successor, 'dry-run': dryRun };
      const done = await withAdmin(options, (client) => client.call('address.end', input));
      print(terminal, options, done, () => endText(done));
    });

  changing(group.command('delegate'))
    .description('let another account send as an address')
    .argument('<address>', 'the address')
    .argument('<login>', 'the account that may send as it')
    .option('--take-back', 'end the delegation')
    .action(async (address: string, login: string, options: ChangeOptions & { readonly takeBack?: boolean }) => {
      const done = await withAdmin(options, (client) =>
        client.call('address.delegate', { address, login, 'take-back': options.takeBack === true }),
      );
      print(terminal, options, done, () =>
        done.allowed
          ? `Account ${done.account} may send as ${done.address}.`
          : `Account ${done.account} may no longer send as ${done.address}.`,
      );
    });

  addAddressMoveCommand(terminal, group);
  addAbsenceCommands(terminal, group);
  addConsentCommands(terminal, group);
  addSetCommand(terminal, group, 'address');
}
