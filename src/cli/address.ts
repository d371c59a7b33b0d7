/** `sluis address`: where mail may go, and who may send as it. */
import type { Command } from 'commander';
import type { AddressEnd } from '../admin/addresses.ts';
import { agree, many } from '../domain/counted.ts';
import { addAbsenceCommands, addConsentCommands } from './absence.ts';
import { addAddressMoveCommand } from './address-move.ts';
import { askToDestroy } from './ask.ts';
import { pages, withAdmin } from './connect.ts';
import { type EndOptions, backText, ending, endingInput, sendersText, stateText } from './ending.ts';
import { printPages } from './listing.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { facts, print } from './output.ts';
import { addSetCommand, settingsPart, shownSettings } from './settings.ts';
import type { Terminal } from './terminal.ts';

function endText({ address, closes, successor, account, left }: AddressEnd, ends: string): string {
  return [
    `Address ${address} of account ${account} ${ends}:`,
    `- ${sendersText('it', successor)}`,
    left === 0
      ? `- no address leads to account ${account} then: it takes no mail, and sends none`
      : `- ${many(left, 'other address')} ${agree(left, 'leads', 'lead')} to account ${account} as before`,
    backText(closes, `address resume ${address}`),
  ].join('\n');
}

async function endAddress(terminal: Terminal, address: string, given: EndOptions): Promise<void> {
  const input = { address, ...endingInput(given) };
  const look = () => withAdmin(given, (client) => client.call('address.end', { ...input, 'dry-run': true }));
  if (given.dryRun === true) {
    const planned = await look();
    print(terminal, given, planned, () => `Nothing was done. ${endText(planned, 'would end')}`);
    return;
  }
  const options = await askToDestroy(terminal, given, {
    what: `end address ${address}`,
    goes: async () => endText(await look(), 'will end'),
    name: address,
  });
  const done = await withAdmin(options, (client) => client.call('address.end', input));
  print(terminal, options, done, () => endText(done, done.closes === undefined ? 'has ended' : 'is ending'));
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
          row: (a) => [a.address, a.account, stateText(a.state, a.ends)],
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
      print(terminal, options, { ...a, ...settings }, () =>
        [
          facts([
            ['Address', a.address],
            ['Account', a.account],
            ['State', stateText(a.state, a.ends)],
            ['Successor', a.successor],
          ]),
          settingsPart(settings, options.all),
        ].join('\n'),
      );
    });

  for (const [name, about, effect] of [
    ['suspend', 'refuse its mail, until it is resumed', 'is suspended'],
    ['resume', 'take back a suspension, or an end that is not final', 'is active'],
  ] as const)
    changing(group.command(name))
      .description(about)
      .argument('<address>', 'the address')
      .action(async (address: string, options: ChangeOptions) => {
        const done = await withAdmin(options, (client) => client.call(`address.${name}`, { address }));
        print(terminal, options, done, () =>
          name === 'resume' && done.state !== 'active'
            ? `Address ${done.address} is resumed, and takes no mail yet: it is ending still ("sluis address resume ${done.address}" once more), or its account or organisation is.`
            : `Address ${done.address} ${effect}.`,
        );
      });

  ending(group.command('end'))
    .description('end an address: it is never given to anybody else; "resume" takes it back for 30 days')
    .argument('<address>', 'the address')
    .action((address: string, options: EndOptions) => endAddress(terminal, address, options));

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
