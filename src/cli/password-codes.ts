/** `sluis account reset` and `account enrol`: one-time codes that set a password. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { CodeView } from '../admin/password-codes.ts';
import { agree, many } from '../domain/counted.ts';
import { CODE_DAYS } from '../domain/password-codes.ts';
import { type LetterFiles, letterFiles } from './letter-files.ts';
import { allRows, withAdmin } from './connect.ts';
import { CommandError, exitCodes } from './exit.ts';
import { type ChangeOptions, changing, wholeDays } from './options.ts';
import { print, table, readableDay } from './output.ts';
import { type Codes, makeCodes } from './make-codes.ts';
import { type SecretOptions, readSecret, secretOptions, withSecret, written } from './secret.ts';
import { loginsOfFile } from './login-list.ts';
import type { Terminal } from './terminal.ts';

interface ResetOptions extends ChangeOptions {
  readonly name?: string;
  readonly ends?: string;
  readonly all?: boolean;
  readonly valid: number;
  readonly letter?: string;
  readonly letters?: string;
  readonly from?: string;
  readonly organisation?: string;
  readonly resume?: boolean;
  readonly dryRun?: boolean;
}

export function addPasswordCodeCommands(terminal: Terminal, accounts: Command): void {
  changing(accounts.command('reset'))
    .description(
      "a password was lost: send a one-time code for a new one to the organisation's registered contact, or write it into a letter",
    )
    .argument('[logins...]', 'the accounts')
    .option('--name <name>', 'which password; needed where the account has several')
    .option('--ends <date>', 'when the new password ends, such as 2027-12-31')
    .option('--all', 'when the code is used, all other passwords of the account go as well')
    .option('--valid <days>', `how long the code holds, at most ${CODE_DAYS.most}d`, wholeDays, CODE_DAYS.initial)
    .option('--letter <file>', 'write a letter for the post; of several accounts with a form feed between two')
    .option('--letters <folder>', 'write a letter for each account into this folder')
    .option('--from <file>', 'CSV with the header "account", one a line; - for standard input')
    .option('--organisation <name>', 'all accounts of this organisation')
    .option('--resume', 'leave out those whose letter is there, or whose code can still be used')
    .option('--dry-run', 'show who would get a code and change nothing')
    .action((logins: readonly string[], options: ResetOptions) => reset(terminal, logins, options));

  const enrol = changing(accounts.command('enrol'))
    .description('use up a one-time code: sets the password that it is for')
    .argument('<code>', 'six groups of four characters; - for the first line of standard input');
  secretOptions(enrol).action(async (given: string, options: ChangeOptions & SecretOptions) => {
    const { code, rest } = codeOf(terminal, given, options);
    const secret = await readSecret(rest, options);
    const done = await withSecret(secret, () =>
      withAdmin(options, (client) => client.call('account.enrol', { code, password: secret.password })),
    );
    print(terminal, options, done, () =>
      [`Set password ${done.name} of account ${done.login}. The code is used up.`, ...written(options)].join('\n'),
    );
  });
}

/** Arguments are seen by every user of the machine; of standard input the code is the first line, and a password the second. */
function codeOf(terminal: Terminal, given: string, options: SecretOptions): { code: string; rest: Terminal } {
  if (given !== '-') return { code: given, rest: terminal };
  if (options.passwordFile === '-' || (options.passwordFile === undefined && options.generate !== true)) {
    const [code = '', ...more] = (terminal.input ?? readFileSync(0, 'utf8')).split(/\r?\n/);
    return { code, rest: { ...terminal, input: more.join('\n') } };
  }
  return { code: (terminal.input ?? readFileSync(0, 'utf8')).split(/\r?\n/)[0] ?? '', rest: terminal };
}

async function reset(terminal: Terminal, named: readonly string[], options: ResetOptions): Promise<void> {
  const { from, organisation, letter, letters } = options;
  if ([named.length > 0, from !== undefined, organisation !== undefined].filter(Boolean).length !== 1)
    throw new CommandError('usage', 'Cannot make codes: name accounts, or a file with --from, or an --organisation');
  if (letter !== undefined && letters !== undefined)
    throw new CommandError('usage', 'Cannot write letters twice: give --letter FILE or --letters FOLDER');
  if (letter !== undefined && options.resume === true)
    throw new CommandError('usage', 'Cannot go on in a file of letters: give --letters FOLDER with --resume');
  const read = from === undefined ? named : await loginsOfFile(terminal, from);
  const dryRun = options.dryRun === true;
  const files = dryRun ? undefined : letterFiles({ letter, letters });
  const made = await withAdmin(options, async (client) => {
    const logins =
      organisation === undefined
        ? read
        : (
            await allRows(
              (page) => client.call('account.list', { ...page, organisation }),
              (a) => a.login,
            )
          )
            .filter(({ state }) => state !== 'ended' && state !== 'ending')
            .map(({ login }) => login);
    return await makeCodes(client, logins, {
      name: options.name,
      ends: options.ends,
      all: options.all === true,
      valid: options.valid,
      dryRun,
      by: letter === undefined && letters === undefined ? 'contact' : 'letter',
      files,
      resume: options.resume === true,
    });
  }).finally(() => files?.end());
  print(terminal, options, made, () => madeText(made, files, options));
  if (made.refused.length > 0) terminal.code = exitCodes.conflict;
}

function oneText(code: CodeView, files: LetterFiles | undefined, applied: boolean): string[] {
  const { login, organisation, name, replaces, expires, to, toOrganisation, toPartner } = code;
  const what = `a code for password ${name} of account ${login}`;
  const stays = replaces ? ['The old password works until the code is used.'] : [];
  if (to !== undefined)
    return [
      applied
        ? `Sent ${what} to ${to}, the contact of ${organisation}. It holds until ${readableDay(expires)}.`
        : `Would send ${what} to ${to}, the contact of ${organisation}.`,
      // Whoever calls may have had the contact changed a minute ago, to an address of his own.
      ...(toOrganisation === undefined
        ? []
        : [
            `That address belongs to ${toOrganisation}, not to ${organisation}. Is it not meant to be? Correct the contact: "sluis organisation set ${organisation} --contact ADDRESS"${
              applied ? ', and ask for the code again at once, which voids this one' : ''
            }.`,
          ]),
      ...(toPartner === true
        ? [
            'It leaves the gateway: that address is pushed, by verified TLS, to a partner, and who reads it there is not known here.',
          ]
        : []),
      ...stays,
    ];
  return [
    applied
      ? `Wrote a letter with ${what} to ${files?.where ?? ''}. It holds until ${readableDay(expires)}.`
      : `Would write a letter with ${what}.`,
    ...stays,
    ...(applied
      ? [
          'Whoever reads it can set that password: put it into the post to the organisation, and delete the file. The trail says that you held the code.',
        ]
      : []),
    ...(code.noPost === true
      ? [`The letter has no postal address: "sluis organisation set ${organisation} --post LINE" registers one.`]
      : []),
  ];
}

function madeText(
  { applied, codes, refused, waiting }: Codes,
  files: LetterFiles | undefined,
  options: ResetOptions,
): string {
  const [only] = codes;
  const none = applied ? [] : ['Nothing was changed.'];
  if (only !== undefined && codes.length === 1 && refused.length === 0 && waiting === 0)
    return [...oneText(only, files, applied), ...none].join('\n');
  const by = options.letter === undefined && options.letters === undefined ? 'contacts' : 'letters';
  const organisations = [...new Set(codes.filter((c) => c.noPost === true).map((c) => c.organisation))];
  const elsewhere = [
    ...new Set(
      codes.flatMap((c) => (c.toOrganisation === undefined ? [] : [`${c.organisation} (${c.toOrganisation})`])),
    ),
  ];
  const pushed = [...new Set(codes.filter((c) => c.toPartner === true).map((c) => c.organisation))];
  return [
    by === 'contacts'
      ? `${applied ? 'Sent' : 'Would send'} ${many(codes.length, 'code')} to the registered contacts.`
      : applied
        ? `Wrote ${many(codes.length, 'letter')} to ${files?.where ?? ''}: put ${agree(codes.length, 'it', 'them')} into the post, and delete the ${agree(codes.length, 'file', 'files')}. The trail says that you held ${agree(codes.length, 'this code', 'these codes')}.`
        : `Would write ${many(codes.length, 'letter')}.`,
    ...(elsewhere.length === 0
      ? []
      : [
          `To a contact of another organisation: ${elsewhere.slice(0, 20).join(', ')}${elsewhere.length > 20 ? ' and others' : ''}.`,
        ]),
    ...(pushed.length === 0
      ? []
      : [
          `To a contact that is pushed to a partner: ${pushed.slice(0, 20).join(', ')}${pushed.length > 20 ? ' and others' : ''}.`,
        ]),
    ...(waiting === 0 ? [] : [`${waiting} were left out: their code can still be used, or their letter is there.`]),
    ...(organisations.length === 0
      ? []
      : [
          `Without a postal address: ${organisations.slice(0, 20).join(', ')}${organisations.length > 20 ? ' and others' : ''}.`,
        ]),
    ...(refused.length === 0
      ? []
      : [
          `${refused.length} got none:`,
          table(
            ['ACCOUNT', 'WHY'],
            refused.map(({ login, why }) => [login, why]),
          ),
        ]),
    ...none,
  ].join('\n');
}
