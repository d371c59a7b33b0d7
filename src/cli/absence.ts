/** `sluis address absence` and `sluis address consent`: who is away, and who gets the mail meanwhile. */
import type { Command } from 'commander';
import type { AbsenceView } from '../admin/absences.ts';
import { many } from '../domain/counted.ts';
import { allRows, withAdmin } from './connect.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { print, readableTime, table } from './output.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

interface AddOptions extends ChangeOptions {
  readonly from?: string;
  readonly until: string;
  readonly substitute?: string;
  readonly refuse?: boolean;
}

export function addAbsenceCommands(terminal: Terminal, addresses: Command): void {
  const group = addresses.command('absence').description('who is away, and what becomes of the mail meanwhile');

  changing(group.command('add', { isDefault: true }))
    .description('note an absence; its mail goes to a substitute who agreed, or is refused')
    .argument('<address>', 'who is away')
    .option('--from <day>', 'first day, such as 2026-12-21; default: now')
    .requiredOption('--until <day>', 'last day, included')
    .option('--substitute <address>', 'who gets the mail; with --refuse, who senders are told to write to')
    .option('--refuse', 'refuse mail meanwhile')
    .action(async (address: string, options: AddOptions) => {
      const { from, until, substitute, refuse } = options;
      const noted = await withAdmin(options, (client) =>
        client.call('address.absence.add', { address, from, until, substitute, refuse: refuse === true }),
      );
      print(terminal, options, noted, () => `${noted.address} is away ${period(noted)}: ${effect(noted)}.`);
    });

  changing(group.command('import'))
    .description('note many absences from a CSV file, such as those of the holidays: all or none')
    .argument('<file>', 'header "address,from,until,substitute,refuse"; - for standard input')
    .action(async (file: string, options: ChangeOptions) => {
      const upload = readUpload(terminal, file);
      const done = await withAdmin(options, (client) => client.call('address.absence.import', {}, { upload }));
      print(terminal, options, done, () => `Noted ${done.absences} absences.`);
    });

  reading(group.command('list'))
    .description('list absences, now and ahead')
    .option('--address <address>', 'of this address only')
    .action(async (options: CommonOptions & { readonly address?: string }) => {
      const all = await withAdmin(options, (client) =>
        allRows<AbsenceView>(
          (page) => client.call('address.absence.list', { ...page, address: options.address }),
          (a) => `${a.address} ${a.from}`,
        ),
      );
      print(terminal, options, all, () =>
        table(
          ['ADDRESS', 'STATE', 'FROM', 'LAST DAY', 'MAIL'],
          all.map((a) => [a.address, a.state, readableTime(a.from), a.lastDay, effect(a)]),
        ),
      );
    });

  changing(group.command('end'))
    .description('end the absence that is under way, or else take back the next one')
    .argument('<address>', 'who is back')
    .action(async (address: string, options: ChangeOptions) => {
      const ended = await withAdmin(options, (client) => client.call('address.absence.end', { address }));
      print(terminal, options, ended, () =>
        ended.state === 'now'
          ? `${ended.address} is back: its mail goes to its own mailbox.`
          : `${ended.address} will not be away ${period(ended)}.`,
      );
    });
}

export function addConsentCommands(terminal: Terminal, addresses: Command): void {
  const group = addresses.command('consent').description('who agreed to stand in for whom');

  changing(group.command('give', { isDefault: true }))
    .description('note that somebody agreed to get the mail of an address while its owner is away')
    .argument('<substitute>', 'who agreed')
    .requiredOption('--for <address>', 'whose mail')
    .option('--take-back', 'end the consent, and the absences that rest on it')
    .action(
      async (substitute: string, options: ChangeOptions & { readonly for: string; readonly takeBack?: boolean }) => {
        const done = await withAdmin(options, (client) =>
          client.call('address.consent.give', {
            substitute,
            address: options.for,
            'take-back': options.takeBack === true,
          }),
        );
        print(terminal, options, done, () =>
          options.takeBack === true
            ? `${done.substitute} no longer stands in for ${done.address}; ${many(done.ended, 'absence')} ended with it.`
            : `${done.substitute} may stand in for ${done.address}.`,
        );
      },
    );

  reading(group.command('list'))
    .description('list consents given for an address, or by it')
    .argument('<address>', 'the address')
    .action(async (address: string, options: CommonOptions) => {
      const all = await withAdmin(options, (client) => client.call('address.consent.list', { address }));
      print(terminal, options, all, () =>
        table(
          ['SUBSTITUTE', 'FOR', 'GIVEN'],
          all.map((c) => [c.substitute, c.address, readableTime(c.given)]),
        ),
      );
    });
}

const period = ({ from, lastDay, state }: AbsenceView): string =>
  `${state === 'now' ? 'now' : `from ${readableTime(from)}`}, up to and including ${lastDay}`;

const effect = ({ mode, substitute }: AbsenceView): string =>
  mode === 'substitute'
    ? `goes to ${substitute ?? ''}`
    : `is refused${substitute === undefined ? '' : `, naming ${substitute}`}`;
