/** `sluis account`: who logs in. Its passwords are in password.ts, the import of many in import.ts. */
import { type Command, Option } from 'commander';
import type { RecentViews } from '../admin/account-recent.ts';
import type { AccountView } from '../admin/views.ts';
import { parseAddress } from '../domain/address.ts';
import { many } from '../domain/counted.ts';
import { addCertificateCommands, certificateTable } from './certificate.ts';
import { fetchedText, recentText, withMeanings } from './account-recent.ts';
import { addContainCommand } from './contain.ts';
import { type AdminClient } from '../admin/client.ts';
import type { IdleView } from '../admin/usage.ts';
import { pages, withAdmin } from './connect.ts';
import { stateText } from './ending-text.ts';
import { CommandError } from './exit.ts';
import { addImportCommand } from './import.ts';
import { printPages } from './listing.ts';
import { type ChangeOptions, type CommonOptions, changing, collect, reading, wholeDays } from './options.ts';
import { facts, print, readableSize, readableTime, table } from './output.ts';
import { addPasswordCodeCommands } from './password-codes.ts';
import { addPasswordCommands, codeTable, passwordTable } from './password.ts';
import { type SecretOptions, readSecret, secretOptions, withSecret, written } from './secret.ts';
import { addEndCommands } from './account-end.ts';
import { addStateCommands } from './account-states.ts';
import { addAccountMoveCommand } from './account-move.ts';
import { addObservedCommand } from './observed.ts';
import { addQuirksCommand } from './quirks.ts';
import { addSetCommand, shownSettings } from './settings.ts';
import { settingsPart } from './settings-text.ts';
import type { Terminal } from './terminal.ts';

interface AddOptions extends ChangeOptions, SecretOptions {
  readonly organisation: string;
  readonly kind: string;
  readonly address?: readonly string[];
  readonly passwordName: string;
  readonly ends?: string;
  /** commander: false for `--no-password`. */
  readonly password: boolean;
}

interface ListOptions extends CommonOptions {
  readonly organisation?: string;
  readonly idle?: number;
}

export function addAccountCommands(terminal: Terminal, program: Command): void {
  const group = program.command('account').description('who logs in; each owns one mailbox');

  const add = changing(group.command('add'))
    .description('register an account; a log-in name that is an address is registered as its first address')
    .argument('<login>', 'what it logs in with')
    .requiredOption('--organisation <name>', 'whose account it is')
    .addOption(
      new Option('--kind <kind>', 'edi: a system collects the mail; mail: people read it')
        .choices(['edi', 'mail'])
        .default('mail'),
    )
    .option('--address <address>', 'an address that leads to it; may be given several times', collect)
    .option('--password-name <name>', 'name of the password', 'first')
    .option('--ends <date>', 'when the password ends, such as 2027-12-31')
    .option('--no-password', 'add the account without a password');
  secretOptions(add).action((login: string, options: AddOptions) => addAccount(terminal, login, options));

  reading(group.command('list'))
    .description('list accounts')
    .option('--organisation <name>', 'of this organisation only')
    .option('--idle <days>', 'that neither logged in nor sent for so long, such as 30d', wholeDays)
    .action(async (options: ListOptions) => {
      const { organisation, idle } = options;
      await withAdmin(options, async (client) => {
        if (idle !== undefined) return await listIdle(terminal, client, options, idle);
        const all = pages(
          (page) => client.call('account.list', { ...page, organisation }),
          (a) => a.login,
        );
        await printPages(terminal, options, all, {
          header: ['LOGIN', 'ORGANISATION', 'KIND', 'STATE', 'MESSAGES', 'USED', 'ADDRESSES'],
          row: (a) => [
            ...[a.login, a.organisation, a.kind, stateText(a.state, a.ends), a.messages, readableSize(a.used)],
            a.addresses.map((x) => x.address).join(' '),
          ],
        });
      });
    });

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
        () => `${accountText(account, recent)}\n${settingsPart(settings, options.all)}`,
      );
    });

  addStateCommands(terminal, group);
  addEndCommands(terminal, group);
  addAccountMoveCommand(terminal, group);
  addContainCommand(terminal, group);
  addPasswordCodeCommands(terminal, group);
  addQuirksCommand(terminal, group);
  addObservedCommand(terminal, group);
  addImportCommand(terminal, group);
  addPasswordCommands(terminal, group);
  addCertificateCommands(terminal, group);
  addSetCommand(terminal, group, 'account');
}

async function listIdle(terminal: Terminal, client: AdminClient, options: ListOptions, idle: number): Promise<void> {
  const found = async function* (): AsyncGenerator<readonly IdleView[], void, undefined> {
    for (let after: string | undefined; ;) {
      const { organisation } = options;
      const page = await client.call('account.idle', { idle, organisation, limit: 500, after });
      yield page.accounts;
      if (page.next === undefined) return;
      after = page.next;
    }
  };
  await printPages(terminal, options, found(), {
    header: ['LOGIN', 'ORGANISATION', 'KIND', 'STATE', 'WAITING', 'IDLE SINCE'],
    row: (a) => [
      ...[a.login, a.organisation, a.kind, a.state, a.messages],
      a.never ? `never used, registered ${a.since}` : a.since,
    ],
    none: `No account was idle for ${many(idle, 'day')}.`,
  });
}

async function addAccount(terminal: Terminal, login: string, options: AddOptions): Promise<void> {
  const { organisation, kind, passwordName, ends } = options;
  if (!options.password && (options.generate === true || options.passwordFile !== undefined))
    throw new CommandError('usage', 'Cannot use --no-password with a password; leave one of them out');
  const addresses = options.address ?? (parseAddress(login).ok ? [login] : []);
  const secret = options.password ? await readSecret(terminal, options) : undefined;
  const input = {
    login,
    organisation,
    kind,
    addresses,
    'password-name': passwordName,
    ends,
    password: secret?.password,
  };
  const added = await withSecret(secret, () => withAdmin(options, (client) => client.call('account.add', input)));
  const known =
    addresses.length === 0
      ? 'It has no address yet: add one with "sluis address add".'
      : `Its addresses: ${addresses.join(', ')}.`;
  print(terminal, options, { ...added, addresses }, () =>
    [`Registered account ${added.login} of ${organisation}. ${known}`, ...written(options)].join('\n'),
  );
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
