/** `sluis account password`: named passwords, so that each workplace can have its own and lose it alone. */
import type { Command } from 'commander';
import type { CodeView, PasswordView } from '../admin/views.ts';
import { withAdmin } from './connect.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { print, readableTime, table } from './output.ts';
import { type SecretOptions, readSecret, secretOptions, withSecret, written } from './secret.ts';
import type { Terminal } from './terminal.ts';

interface AddOptions extends ChangeOptions, SecretOptions {
  readonly name: string;
  readonly ends?: string;
}

export function addPasswordCommands(terminal: Terminal, accounts: Command): void {
  const group = accounts.command('password').description('the passwords of an account');

  const add = changing(group.command('add'))
    .description('add a password; the others stay valid')
    .argument('<login>', 'the account')
    .requiredOption('--name <name>', 'what it is called, such as the workplace that uses it')
    .option('--ends <date>', 'when it ends, such as 2027-12-31');
  secretOptions(add).action(async (login: string, options: AddOptions) => {
    const secret = await readSecret(terminal, options);
    const { name, ends } = options;
    const added = await withSecret(secret, () =>
      withAdmin(options, (client) =>
        client.call('account.password.add', { login, 'password-name': name, ends, password: secret.password }),
      ),
    );
    print(terminal, options, added, () =>
      [`Added password ${added.name} of account ${added.login}.`, ...written(options)].join('\n'),
    );
  });

  reading(group.command('list'))
    .description('list names, ends and last use')
    .argument('<login>', 'the account')
    .action(async (login: string, options: CommonOptions) => {
      const { passwords, codes } = await withAdmin(options, async (client) => ({
        passwords: await client.call('account.password.list', { login }),
        codes: await client.call('account.code.list', { login }),
      }));
      const open = codes.filter((code) => code.for === 'password');
      print(terminal, options, passwords, () =>
        [passwordTable(passwords), ...(open.length === 0 ? [] : ['', codeTable(open)])].join('\n'),
      );
    });

  changing(group.command('revoke'))
    .description('end a password at once')
    .argument('<login>', 'the account')
    .requiredOption('--name <name>', 'which one')
    .action(async (login: string, options: ChangeOptions & { readonly name: string }) => {
      const done = await withAdmin(options, (client) =>
        client.call('account.password.revoke', { login, 'password-name': options.name }),
      );
      print(terminal, options, done, () => `Revoked password ${done.name} of account ${done.login}.`);
    });
}

/** Codes that nobody has used yet, without what is secret of them. */
export const codeTable = (codes: readonly CodeView[]): string =>
  table(
    ['OPEN CODE', 'FOR', 'PASSWORD', 'MADE', 'HOLDS UNTIL', 'TRIES LEFT'],
    codes.map((c) => [
      `${c.id.slice(0, 4)}-${c.id.slice(4)}-...`,
      c.for === 'password' ? 'a password' : `a certificate, ${c.for}`,
      c.password,
      readableTime(c.created),
      readableTime(c.expires),
      c.tries,
    ]),
  );

export const passwordTable = (passwords: readonly PasswordView[]): string =>
  passwords.length === 0
    ? 'Passwords: none'
    : table(
        ['PASSWORD', 'CREATED', 'ENDS', 'LAST USED', 'SCRAM'],
        passwords.map((p) => [
          p.name,
          readableTime(p.created),
          readableTime(p.ends),
          readableTime(p.lastUsed),
          p.scram ? 'yes' : 'no',
        ]),
      );
