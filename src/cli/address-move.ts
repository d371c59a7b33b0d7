/** `sluis address move`: mail of addresses goes elsewhere from now on. */
import { type Command, Option } from 'commander';
import type { AddressesMoved } from '../admin/address-move.ts';
import { agree, many } from '../domain/counted.ts';
import { withAdmin } from './connect.ts';
import { rowsOf } from './csv-rows.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, guarded } from './options.ts';
import { print } from './output.ts';
import { showProgress } from './progress.ts';
import { type Terminal, note } from './terminal.ts';

interface MoveOptions extends ChangeOptions {
  readonly toAccount?: string;
  readonly toPartner?: string;
  readonly from?: string;
  readonly queued: 'keep' | 'move';
  readonly dryRun?: boolean;
}
interface Move {
  readonly address: string;
  readonly account?: string;
  readonly partner?: string;
}

/** Each is one transaction, all or nothing. */
const AT_ONCE = 500;

export function addAddressMoveCommand(terminal: Terminal, group: Command): void {
  guarded(group.command('move'))
    .description('mail of addresses goes to another account, or to a partner, from now on')
    .argument('[addresses...]', 'the addresses')
    .option('--to-account <login>', 'file it in the mailbox of this account')
    .addOption(new Option('--to-partner <name>', 'push it to the mail server of this partner').conflicts('toAccount'))
    .option('--from <file>', 'many: CSV with the header "address,account" or "address,partner"; - for standard input')
    .addOption(
      new Option('--queued <what>', 'what waits for the old platform: keep it going there, or move it into the mailbox')
        .choices(['keep', 'move'])
        .default('keep'),
    )
    .option('--dry-run', 'check every address and change nothing')
    .action(async (addresses: readonly string[], options: MoveOptions) => {
      const moves = await movesOf(terminal, addresses, options);
      const done = await moveAll(moves, options);
      print(terminal, options, done, () => movedText(done, options.queued));
    });
}

async function movesOf(
  terminal: Terminal,
  addresses: readonly string[],
  options: MoveOptions,
): Promise<readonly Move[]> {
  const { toAccount: account, toPartner: partner, from } = options;
  if (from === undefined) {
    if (addresses.length === 0)
      throw new CommandError('usage', 'Cannot move: name addresses, or give a file with --from');
    if (account === undefined && partner === undefined)
      throw new CommandError('usage', 'Cannot move: expected --to-account LOGIN or --to-partner NAME');
    return addresses.map((address) => ({
      address,
      ...(account === undefined ? { partner: partner ?? '' } : { account }),
    }));
  }
  if (addresses.length > 0 || account !== undefined || partner !== undefined)
    throw new CommandError(
      'usage',
      'Cannot move with --from and addresses or a target: the file names them; leave one out',
    );
  const rows = await rowsOf(terminal, from, ['address'], ['account', 'partner']);
  return rows.map((cell) => ({
    address: cell('address'),
    ...(cell('account') === '' ? {} : { account: cell('account') }),
    ...(cell('partner') === '' ? {} : { partner: cell('partner') }),
  }));
}

async function moveAll(moves: readonly Move[], options: MoveOptions): Promise<AddressesMoved> {
  const progress = showProgress('Moving', 'addresses');
  const sum = { moved: 0, already: 0, refiled: 0, stillQueued: 0, applied: options.dryRun !== true };
  return await withAdmin(options, async (client) => {
    for (let at = 0; at < moves.length; at += AT_ONCE) {
      progress.show(at, moves.length);
      const input = { moves: moves.slice(at, at + AT_ONCE), queued: options.queued };
      const operation = options.dryRun === true ? 'address.move-plan' : 'address.move';
      const done = await client.call(operation, input).catch((error: unknown) => {
        if (at > 0 && sum.applied) terminalNote(at);
        throw error;
      });
      for (const field of ['moved', 'already', 'refiled', 'stillQueued'] as const) sum[field] += done[field];
    }
    return sum;
  }).finally(progress.end);
}

/** What went before stays: said where a person looks. */
const terminalNote = (done: number): void =>
  note(`Moved before that: ${many(done, 'address')}; run the same command again after the correction.\n`);

function movedText({ moved, already, refiled, stillQueued, applied }: AddressesMoved, queued: string): string {
  const addresses = many(moved, 'address');
  return [
    applied
      ? `Moved ${addresses}; mail that is accepted from now on goes there.`
      : `${addresses} would move. Nothing was changed.`,
    ...(already === 0 ? [] : [`${already} led there already.`]),
    ...(refiled === 0
      ? []
      : [
          `${many(refiled, 'message')} that waited for the old platform ${agree(refiled, 'is', 'are')} in the mailbox now.`,
        ]),
    ...(stillQueued === 0
      ? []
      : [
          queued === 'move' && applied
            ? `${many(stillQueued, 'message')} ${agree(stillQueued, 'is on its', 'are on their')} way to the old platform at this moment; import its mailbox once more afterwards.`
            : `${many(stillQueued, 'message')} that ${agree(stillQueued, 'was accepted before waits for the old platform and still goes', 'were accepted before wait for the old platform and still go')} there${applied ? `; --queued move files ${agree(stillQueued, 'it', 'them')} here instead` : ''}.`,
        ]),
  ].join('\n');
}
