/** `sluis account contain`: the first thing to do when somebody else may be in. */
import type { Command } from 'commander';
import type { ContainedView, ContainmentView } from '../admin/contain.ts';
import { agree, many } from '../domain/counted.ts';
import { manyAccounts, manyInput } from './account-states.ts';
import { withAdmin } from './connect.ts';
import { type ChangeOptions, changing } from './options.ts';
import { facts, print } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface ContainOptions extends ChangeOptions {
  readonly from?: string;
  readonly dryRun?: boolean;
}

export function addContainCommand(terminal: Terminal, accounts: Command): void {
  manyAccounts(changing(accounts.command('contain')))
    .description(
      'somebody else may be in: suspend, end its sessions, remove its passwords, revoke its certificates, void TLS tickets',
    )
    .action(async (logins: readonly string[], options: ContainOptions) => {
      const upload = manyInput(terminal, 'contain', logins, options);
      const progress = showProgress('Containing', 'accounts');
      const done = await withAdmin(options, (client) =>
        client.call(
          'account.contain',
          { logins, 'dry-run': options.dryRun === true },
          { ...upload, progress: progress.show },
        ),
      ).finally(progress.end);
      print(terminal, options, done, () => containmentText(done));
    });
}

const names = (of: readonly string[]): string => (of.length === 0 ? 'none' : of.join(', '));

const accountText = (a: ContainedView, applied: boolean): string =>
  [
    `Account ${a.login} of ${a.organisation} ${applied ? 'is contained' : 'would be contained'}.`,
    facts([
      ['  State', `suspended; was ${a.was}`],
      ['  Passwords removed', names(a.passwords)],
      ['  Certificates revoked', names(a.certificates)],
      [
        '  Sessions ended',
        names(
          a.sessions.map(
            (s) => `${s.protocol} from ${s.address}${s.state === 'content' ? ' in the middle of a message' : ''}`,
          ),
        ),
      ],
      ['  Could send as', a.sendsAs.join(', ')],
    ]),
  ].join('\n');

function containmentText(done: ContainmentView): string {
  const each = done.contained.map((a) => accountText(a, done.applied));
  const together =
    done.accounts === 1
      ? []
      : [
          `${many(done.accounts, 'account')} ${done.applied ? 'are' : 'would be'} contained, ${many(done.sessions, 'session')} ${done.applied ? agree(done.sessions, 'was', 'were') : 'would be'} ended.`,
          ...(done.applied && done.changed < done.accounts
            ? [`${done.accounts - done.changed} of them had nothing left to take.`]
            : []),
        ];
  if (!done.applied) return [...each, ...together, 'Nothing was changed.'].join('\n');
  const login = done.contained.length === 1 ? (done.contained[0]?.login ?? 'LOGIN') : 'LOGIN';
  return [
    ...each,
    ...together,
    done.tickets
      ? 'TLS tickets of all listeners are void: each client makes one full handshake.'
      : 'No gateway was running: no session was open, and a start makes new TLS ticket keys.',
    ...(done.problem === undefined ? [] : [done.problem]),
    '',
    'Mail for it is refused meanwhile (550 5.2.1), and its senders know. What to do next:',
    `  sluis report incident --account ${login} --from DATE     what was exposed, for the report of a breach`,
    `  sluis account password add ${login} --name first --generate --out FILE     when its machines are clean`,
    `  sluis account resume ${login}     and certificates anew: sluis cert issue --account ${login} --for login --code`,
  ].join('\n');
}
