/** `sluis account suspend` and `resume`, of one account or of a list. */
import type { Command } from 'commander';
import type { StatesView } from '../admin/account-states.ts';
import { agree, many } from '../domain/counted.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, changing } from './options.ts';
import { print } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

interface ManyOptions extends ChangeOptions {
  readonly from?: string;
  readonly dryRun?: boolean;
}

/** One or several accounts, or a file of them. */
export const manyAccounts = (command: Command): Command =>
  command
    .argument('[logins...]', 'the accounts')
    .option('--from <file>', 'CSV with the header "account", one a line; - for standard input')
    .option('--dry-run', 'show what would be done and change nothing');

/** What such a command hands over; `verb` for the error. */
export function manyInput(
  terminal: Terminal,
  verb: string,
  logins: readonly string[],
  { from }: Pick<ManyOptions, 'from'>,
): { readonly upload?: string } {
  if (logins.length === 0 && from === undefined)
    throw new CommandError('usage', `Cannot ${verb}: name an account, or a file with --from`);
  return from === undefined ? {} : { upload: readUpload(terminal, from) };
}

export function addStateCommands(terminal: Terminal, accounts: Command): void {
  for (const [name, about] of [
    ['suspend', 'refuse log-ins and mail, until they are resumed; what waits stays'],
    [
      'resume',
      'take back a suspension, or an end that is not final; passwords and certificates that "contain" took stay away',
    ],
  ] as const)
    manyAccounts(changing(accounts.command(name)))
      .description(about)
      .action(async (logins: readonly string[], options: ManyOptions) => {
        const upload = manyInput(terminal, name, logins, options);
        const progress = showProgress(name === 'suspend' ? 'Suspending' : 'Resuming', 'accounts');
        // One by its name: the audit trail says who it was also where the call is refused.
        const which = logins.length === 1 && options.from === undefined ? { login: logins[0] } : { logins };
        const done = await withAdmin(options, (client) =>
          client.call(
            `account.${name}`,
            { ...which, 'dry-run': options.dryRun === true },
            { ...upload, progress: progress.show },
          ),
        ).finally(progress.end);
        print(terminal, options, done, () => [...statesText(done), ...closedText(done)].join('\n'));
      });
}

const WORD = { active: 'active', suspended: 'suspended' } as const;

function statesText(done: StatesView): string[] {
  const { applied, state, accounts, changed, login, ends } = done;
  const before = accounts - changed;
  const were = before === 0 ? '' : login === undefined ? ` ${before} were before.` : ' It was before.';
  const subject = login === undefined ? many(accounts, 'account') : `Account ${login}`;
  const verb = applied ? (login === undefined ? agree(accounts, 'is', 'are') : 'is') : 'would be';
  return [
    `${subject} ${verb} ${WORD[state]}.${ends === undefined ? were : ''}`,
    ...(ends === undefined ? [] : endsText(ends, login)),
    ...(applied ? [] : ['Nothing was changed.']),
  ];
}

/** What became of accounts that are ending: whoever resumes one twice takes both back. */
function endsText({ takenBack, still }: Required<StatesView>['ends'], login: string | undefined): string[] {
  const again = 'and collects what waits; once more "sluis account resume" takes that back';
  return [
    ...(takenBack === 0
      ? []
      : [
          login === undefined
            ? `${many(takenBack, 'end')} ${agree(takenBack, 'is', 'are')} taken back.`
            : 'Its end is taken back.',
        ]),
    ...(still === 0
      ? []
      : [
          login === undefined
            ? `${still} of them ${agree(still, 'is', 'are')} ending still, ${again}.`
            : `It is ending still, ${again}.`,
        ]),
  ];
}

/** Whoever resumes an account must not believe that its people get in again. */
function closedText({ closed, login }: StatesView): string[] {
  if (closed === undefined || closed.accounts === 0) return [];
  const named = closed.logins.slice(0, 10);
  const more = closed.accounts > named.length ? ` and ${closed.accounts - named.length} more` : '';
  return [
    login === undefined
      ? `Nobody can log in to ${closed.accounts} of them, which have neither a password nor a certificate: ${named.join(' ')}${more}`
      : 'Nobody can log in to it: it has neither a password nor a certificate. "account contain" takes them for good; give new ones:',
    ...(login === undefined ? ['"account contain" takes them for good; give each a new one:'] : []),
    `  sluis account password add ${login ?? 'LOGIN'} --name first --generate --out FILE`,
    `  sluis cert issue --account ${login ?? 'LOGIN'} --for login --code`,
  ];
}
