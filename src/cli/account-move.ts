/** `sluis account move`: an account goes to another organisation. */
import type { Command } from 'commander';
import type { AccountMoveView, AccountMovesView } from '../admin/account-move.ts';
import type { AdminClient } from '../admin/client.ts';
import { many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { withAdmin } from './connect.ts';
import { rowsOf } from './csv-rows.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, guarded, wholeDays } from './options.ts';
import { print, readableSize, readableTime } from './output.ts';
import { showProgress } from './progress.ts';
import { type Terminal, note } from './terminal.ts';

interface MoveOptions extends ChangeOptions {
  readonly organisation?: string;
  readonly from?: string;
  readonly fromFile?: string;
  readonly grace?: number;
  readonly dryRun?: boolean;
}

interface Move {
  readonly login: string;
  readonly organisation: string;
  readonly from: string;
}

/** Accounts of one call; each is moved by itself. */
const AT_ONCE = 100;

export function addAccountMoveCommand(terminal: Terminal, group: Command): void {
  guarded(group.command('move'))
    .description('an account goes to another organisation, with its addresses and the mail since a day')
    .argument('[login]', 'the account')
    .option('--organisation <name>', 'where it goes')
    .option('--from <date>', 'mail received since then goes along: a day such as 2026-11-01, or a moment; not ahead')
    .option('--from-file <file>', 'many: CSV with the header "login,organisation,from"; - for standard input')
    .option('--grace <days>', 'how long the old organisation can collect what stays; default: 30d', wholeDays)
    .option('--dry-run', 'say what would change, and change nothing')
    .action(async (login: string | undefined, options: MoveOptions) => {
      const moves = await movesOf(terminal, login, options);
      const done = await moveAll(moves, options);
      print(terminal, options, done, () => movesText(done));
    });
}

async function movesOf(terminal: Terminal, login: string | undefined, options: MoveOptions): Promise<readonly Move[]> {
  const { organisation, from, fromFile } = options;
  if (fromFile === undefined) {
    if (login === undefined || organisation === undefined || from === undefined)
      throw new CommandError(
        'usage',
        'Cannot move: expected LOGIN --organisation NAME --from DATE, or a file with --from-file',
      );
    return [{ login, organisation, from }];
  }
  if (login !== undefined || organisation !== undefined || from !== undefined)
    throw new CommandError(
      'usage',
      'Cannot move with --from-file and an account, --organisation or --from: the file names them; leave one out',
    );
  const rows = await rowsOf(terminal, fromFile, ['login', 'organisation', 'from']);
  return rows.map((cell) => ({ login: cell('login'), organisation: cell('organisation'), from: cell('from') }));
}

async function moveAll(moves: readonly Move[], options: MoveOptions): Promise<AccountMovesView> {
  const progress = showProgress('Moving', moves.length === 1 ? 'messages' : 'accounts');
  const { grace, dryRun = false } = options;
  return await withAdmin(options, async (client) => {
    const accounts: AccountMoveView[] = [];
    let problem: string | undefined;
    for (let at = 0; at < moves.length; at += AT_ONCE) {
      const input = { moves: moves.slice(at, at + AT_ONCE), ...defined({ 'grace-days': grace }) };
      const show = (done: number, total: number): void =>
        moves.length === 1 ? progress.show(done, total) : progress.show(at + done, moves.length);
      const done = await call(client, input, dryRun, show).catch((error: unknown) => {
        if (at > 0 && !dryRun) noteDone(at);
        throw error;
      });
      accounts.push(...done.accounts);
      problem = done.problem ?? problem;
    }
    return { applied: !dryRun, accounts, ...defined({ problem }) };
  }).finally(progress.end);
}

const call = (
  client: AdminClient,
  input: Readonly<Record<string, unknown>>,
  dryRun: boolean,
  progress: (done: number, total: number) => void,
): Promise<AccountMovesView> =>
  dryRun ? client.call('account.move-plan', input, { progress }) : client.call('account.move', input, { progress });

/** What went before stays: said where a person looks. */
const noteDone = (done: number): void =>
  note(`Moved before that: ${many(done, 'account')}; run the same command again after the correction.\n`);

function movesText({ applied, accounts, problem }: AccountMovesView): string {
  const [only] = accounts;
  const lines =
    accounts.length === 1 && only !== undefined ? oneText(only, applied) : accounts.map((a) => lineOf(a, applied));
  const moved = accounts.filter(({ already }) => already !== true).length;
  if (accounts.length > 1) lines.push(`${many(moved, 'account')} ${applied ? 'moved' : 'would move'}.`);
  if (!applied && accounts.length > 1) lines.push('Nothing was changed.');
  const revoked = accounts.flatMap((a) => a.revoked ?? []);
  if (applied && revoked.length > 0) {
    lines.push(
      '',
      'New certificates: sluis cert issue --account LOGIN --for login (or mail) --code, and hand the code to their owners.',
    );
    if (revoked.some(({ own }) => !own))
      lines.push('Tell the issuers of the others as well: this gateway can only refuse them itself.');
  }
  if (problem !== undefined) lines.push(problem);
  return lines.join('\n');
}

const lineOf = (a: AccountMoveView, applied: boolean): string =>
  a.already === true
    ? `${a.login}: belongs to ${a.organisation} already`
    : `${a.login}: ${applied ? 'moved' : 'would move'} from ${a.from ?? ''} to ${a.organisation}; ${many(a.moved?.messages ?? 0, 'message')} along, ${many(a.left?.messages ?? 0, 'message')} left in ${a.former ?? ''}; ${many(a.revoked?.length ?? 0, 'certificate')} revoked, ${many(a.delegations?.length ?? 0, 'delegation')} ended`;

function oneText(a: AccountMoveView, applied: boolean): string[] {
  const { login, organisation, from = '', former = '' } = a;
  if (a.already === true) return [`Account ${login} belongs to ${organisation} already; nothing was changed.`];
  const keys = [
    many(a.passwords ?? 0, 'password'),
    many(a.certificates ?? 0, 'certificate'),
    ...(a.pgpKeys === undefined || a.pgpKeys === 0 ? [] : [many(a.pgpKeys, 'OpenPGP key')]),
  ].join(', ');
  const sessions = a.sessions ?? 0;
  const held = a.moved?.held ?? 0;
  return [
    applied
      ? `Moved account ${login} from ${from} to ${organisation}:`
      : `Nothing was done. Account ${login} would move from ${from} to ${organisation}:`,
    `- it logs in as before (${keys})${sessions === 0 ? '' : `; ${many(sessions, 'open session')} ended`}`,
    `- addresses that go along: ${a.addresses?.join(', ') || 'none'}`,
    `- mail received since ${readableTime(a.since)} goes along: ${sizeOf(a.moved)}${held === 0 ? '' : `, and ${many(held, 'held message')}`}; programs fetch nothing twice`,
    `- earlier mail, what can be handed out again and the trail stay with ${from}, as account ${former}: ${sizeOf(a.left)}`,
    `- ${former} closes ${readableTime(a.closes)}; until then: sluis mailbox export ${former} FILE --reason TEXT, or sluis account password add ${former} --name NAME`,
    ...(a.revoked ?? []).map(
      ({ use, name, subject }) => `- revoked, since it names ${from}: certificate ${name} for ${use}, ${subject}`,
    ),
    ...(a.codes === undefined || a.codes === 0
      ? []
      : [`- void: ${many(a.codes, 'one-time code')}, for passwords and certificates`]),
    ...(a.delegations ?? []).map((d) => `- taken back: ${d.login} may send as ${d.address}`),
    ...(a.substitutes ?? []).map((s) => `- taken back: ${s.substitute} stands in for ${s.address}`),
    ...(a.identities ?? []).map(
      (identity) =>
        `- stays with ${from}: EDI identity ${identity}; for ${organisation}: sluis organisation edi remove ${identity}, then sluis organisation edi add ${organisation} ${identity}`,
    ),
  ];
}

const sizeOf = (share: { readonly messages: number; readonly octets: number } | undefined): string =>
  share === undefined ? '' : `${many(share.messages, 'message')} (${readableSize(share.octets)})`;
