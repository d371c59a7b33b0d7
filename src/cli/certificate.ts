/** `sluis account certificate`: the client certificates that log an account in. */
import { readFileSync } from 'node:fs';
import { type Command, Option } from 'commander';
import type { CertificateView } from '../admin/views.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { print, readableTime, table, readableDay } from './output.ts';
import type { Terminal } from './terminal.ts';

interface AddOptions extends ChangeOptions {
  readonly file: string;
  readonly passwordFile?: string;
  readonly match: 'pin' | 'subject' | 'san';
  readonly san?: string;
  readonly name?: string;
}

export function addCertificateCommands(terminal: Terminal, accounts: Command): void {
  const group = accounts.command('certificate').description('the client certificates of an account');

  changing(group.command('add'))
    .description('register a client certificate; the account may then log in with it')
    .argument('<login>', 'the account')
    .requiredOption('--file <file>', 'the certificate: PEM, DER or PKCS #12, of which the private key is left alone')
    .addOption(
      new Option(
        '--match <match>',
        'pin: this certificate alone; subject, san: also renewed ones of the same authority',
      )
        .choices(['pin', 'subject', 'san'])
        .default('pin'),
    )
    .option('--san <name>', 'with --match san: which alternative name, such as email:anna@example.nl')
    .option('--name <name>', 'what it is called; default: the first 8 digits of its fingerprint')
    .option('--password-file <file>', 'first line of this file opens the PKCS #12 file; - for standard input')
    .action(async (login: string, options: AddOptions) => {
      const { match, san, name } = options;
      const { readGivenCertificate } = await import('./given-certificate.ts');
      const given = await readGivenCertificate(terminal, options.file, options.passwordFile);
      const input = { login, match, 'alternative-name': san, 'certificate-name': name, pem: given.pem };
      const added = await withAdmin(options, (client) => client.call('account.certificate.add', input));
      print(terminal, options, added, () =>
        [
          `Registered certificate ${added.name} for account ${added.login}: ${added.about}.`,
          ...given.notes,
          match === 'pin'
            ? `It ends on ${readableDay(added.ends)}; register the renewed one before.`
            : 'Renewed certificates are taken as well. Their authority must stand in tls.client-authorities.',
        ].join('\n'),
      );
    });

  reading(group.command('list'))
    .description('list names, ends and last use, also of revoked ones')
    .argument('<login>', 'the account')
    .action(async (login: string, options: CommonOptions) => {
      const all = await withAdmin(options, (client) => client.call('account.certificate.list', { login }));
      print(terminal, options, all, () => certificateTable(all));
    });

  changing(group.command('revoke'))
    .description('end a certificate at once, also in open sessions')
    .argument('<login>', 'the account')
    .option('--name <name>', 'which one')
    .option('--file <pem>', 'this very certificate, however it is registered')
    .action(async (login: string, options: ChangeOptions & { readonly name?: string; readonly file?: string }) => {
      const { name, file } = options;
      if ((name === undefined) === (file === undefined))
        throw new CommandError('usage', 'Cannot revoke a certificate: give --name or --file, one of the two');
      const pem = file === undefined ? undefined : pemOf(file);
      const done = await withAdmin(options, (client) =>
        client.call('account.certificate.revoke', { login, 'certificate-name': name, pem }),
      );
      print(terminal, options, done, () =>
        [
          `Revoked certificate ${done.name} of account ${done.login}.`,
          ...(done.serial === undefined ? [] : [`Serial number ${done.serial} is revoked in the register as well.`]),
          ...(done.problem === undefined ? [] : [done.problem]),
        ].join('\n'),
      );
    });
}

function pemOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new CommandError('usage', `Cannot read the certificate ${file}: ${code}; name a file that you may read`);
  }
}

export const certificateTable = (certificates: readonly CertificateView[]): string =>
  certificates.length === 0
    ? 'Certificates: none'
    : table(
        ['CERTIFICATE', 'MATCH', 'BEGINS', 'ENDS', 'STATE', 'LAST USED', 'REVOKED', 'ABOUT'],
        certificates.map((c) => [
          c.name,
          c.match,
          readableTime(c.begins),
          readableTime(c.ends),
          c.state,
          readableTime(c.lastUsed),
          readableTime(c.revoked),
          c.about,
        ]),
      );
