/** `sluis account`: who logs in. Its passwords are in password.ts, the import of many in import.ts. */
import type { Command } from 'commander';
import type { RecentViews } from '../admin/account-recent.ts';
import type { AccountView } from '../admin/views.ts';
import { accounts } from '../commands/account.ts';
import { many } from '../domain/counted.ts';
import { addCertificateCommands, certificateTable } from './certificate.ts';
import { fetchedText, recentText, withMeanings } from './account-recent.ts';
import { addContainCommand } from './contain.ts';
import { withAdmin } from './connect.ts';
import { stateText } from './ending-text.ts';
import { addImportCommand } from './import.ts';
import { type CommonOptions, reading } from './options.ts';
import { facts, print, readableSize, readableTime, table } from './output.ts';
import { addPasswordCodeCommands } from './password-codes.ts';
import { addPasswordCommands, codeTable, passwordTable } from './password.ts';
import { addAccountMoveCommand } from './account-move.ts';
import { settingsPart } from '../commands/settings.ts';
import { shownSettings } from './settings.ts';
import { addRows } from './subject.ts';
import type { Terminal } from './terminal.ts';

export function addAccountCommands(terminal: Terminal, program: Command): void {
  const group = program.command('account').description(accounts.about);
  addRows(terminal, group, accounts);

  reading(group.command('show'))
    .description('show one account, its addresses, passwords, certificates and settings')
    .argument('<login>', 'the account')
    .option('--all', 'show every setting, also those that are default')
    .action(async (login: string, options: CommonOptions & { readonly all?: boolean }) => {
      const [account, recent, settings] = await withAdmin(options, async (client) => [
        await client.call('account.show', { login }),
        await withMeanings(await client.call('account.recent', { login })),
        await shownSettings(client, 'account', login, options.all),
      ]);
      print(
        terminal,
        options,
        { ...account, ...recent, ...settings },
        () => `${accountText(account, recent)}\n${settingsPart(settings, options.all === true)}`,
      );
    });

  addAccountMoveCommand(terminal, group);
  addContainCommand(terminal, group);
  addPasswordCodeCommands(terminal, group);
  addImportCommand(terminal, group);
  addPasswordCommands(terminal, group);
  addCertificateCommands(terminal, group);
}

/** What a call is about stands on top, what the account is made of below. */
const accountText = (a: AccountView, recent: RecentViews): string =>
  [
    facts([
      ['Account', a.login],
      ['Organisation', a.organisation],
      ['Kind', a.kind],
      ['State', stateText(a.state, a.ends)],
      ['Mailbox', `${many(a.messages, 'message')}, ${readableSize(a.used)}`],
      ['Oldest not fetched', readableTime(recent.oldest)],
      ['Last fetched', fetchedText(recent)],
      ['Last log-in', a.lastLogin ?? 'never'],
      ['Sends as', a.sendsAs.join(', ')],
    ]),
    '',
    recentText(recent),
    '',
    a.addresses.length === 0
      ? 'Addresses: none'
      : table(
          ['ADDRESS', 'STATE'],
          a.addresses.map((x) => [x.address, stateText(x.state, x.ends)]),
        ),
    '',
    passwordTable(a.passwords),
    ...(a.codes.length === 0 ? [] : ['', codeTable(a.codes)]),
    '',
    certificateTable(a.certificates),
  ].join('\n');
