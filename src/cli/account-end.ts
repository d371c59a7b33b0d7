/** `sluis account end`, and what its mailbox holds as a file for the owner: `sluis mailbox export`. */
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import type { Command } from 'commander';
import type { AccountEnd } from '../admin/account-end.ts';
import type { EndingsView } from '../admin/account-end-many.ts';
import type { AdminClient } from '../admin/client.ts';
import { type MailboxExported, exportText } from '../commands/mailbox/export.ts';
import { agree, many } from '../domain/counted.ts';
import { askToDestroy } from './ask.ts';
import { withAdmin } from './connect.ts';
import { type EndOptions, ending, endingInput } from './ending.ts';
import { backText } from './ending-text.ts';
import { CommandError } from './exit.ts';
import { type NewFile, newFile, withFiles } from './new-file.ts';
import type { ChangeOptions } from './options.ts';
import { print, readableTime } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

interface AccountEndOptions extends EndOptions {
  readonly from?: string;
  readonly export?: string;
}

export function addEndCommands(terminal: Terminal, group: Command): void {
  ending(group.command('end'))
    .description('end an account with all its addresses; for 30 days its owner collects, and "resume" takes it back')
    .argument('[login]', 'the account')
    .option('--from <file>', 'many: CSV with the header "login,grace,successor"; - for standard input')
    .option('--export <file>', 'write what waits in its mailbox to a new tar file, for the owner')
    .action((login: string | undefined, options: AccountEndOptions) => {
      const { from } = options;
      if ((login === undefined) === (from === undefined))
        throw new CommandError('usage', 'Cannot end: expected either an account or a file with --from');
      return login === undefined ? endMany(terminal, from ?? '', options) : endAccount(terminal, login, options);
    });
}

/** `--grace` and `--successor` hold for lines that say nothing. */
async function endMany(terminal: Terminal, from: string, given: AccountEndOptions): Promise<void> {
  const { dryRun = false } = given;
  if (given.export !== undefined)
    throw new CommandError(
      'usage',
      'Cannot export the mailboxes of many: end them with a time of grace, and write each with "sluis mailbox export"',
    );
  const upload = readUpload(terminal, from);
  const input = { ...endingInput(given), sha256: createHash('sha256').update(upload).digest('hex') };
  const look = () =>
    withAdmin(given, (client) => client.call('account.end-many', { ...input, 'dry-run': true }, { upload }));
  const options = dryRun
    ? given
    : await askToDestroy(terminal, given, {
        what: `end the accounts of ${from}`,
        goes: async () => endingsText(await look()),
        name: basename(from),
      });
  const progress = showProgress('Ending', 'accounts');
  const done = await withAdmin(options, (client) =>
    client.call('account.end-many', { ...input, 'dry-run': dryRun }, { upload, progress: progress.show }),
  ).finally(progress.end);
  print(terminal, options, done, () => endingsText(done));
}

function endingsText(done: EndingsView): string {
  const { applied, accounts, already, addresses, closed, uncollected, withoutSuccessor, certificates, delegations } =
    done;
  const some = done.contactOf.slice(0, TOLD);
  const ending = accounts - already;
  const lines = [
    applied
      ? `${ending} of ${many(accounts, 'account')} ${agree(ending, 'ends', 'end')}:`
      : `Nothing was done. ${ending} of ${many(accounts, 'account')} would end:`,
    ...(already === 0 ? [] : [`- ${already} had ended, or end so already`]),
    `- ${many(addresses, 'address')} ${agree(addresses, 'takes', 'take')} no mail any more`,
    ...(withoutSuccessor === 0
      ? []
      : [
          `- ${many(withoutSuccessor, 'account')} ${agree(withoutSuccessor, 'has no successor: its', 'have no successor: their')} senders are refused (550 5.1.1)`,
        ]),
    ...(ending === closed
      ? []
      : [
          `- ${many(ending - closed, 'account')} ${agree(ending - closed, 'collects what waits until its time is over, and sends', 'collect what waits until their time is over, and send')} nothing any more; "sluis account resume" takes that back until then`,
        ]),
    ...(closed === 0
      ? []
      : [
          `- ${many(closed, 'account')} ${agree(closed, 'is', 'are')} closed at once: ${many(uncollected, 'message')} in ${agree(closed, 'it', 'them')} cannot be collected`,
        ]),
    ...some.map((name) => `- one of them is the ${contactText(name)}`),
    ...(done.contactOf.length > TOLD ? [`- and so are ${done.contactOf.length - TOLD} more; --json has them all`] : []),
    ...tiesText({ certificates, delegations }),
    ...(done.problem === undefined ? [] : [done.problem]),
  ];
  return lines.join('\n');
}

/** Organisations that are told of one by one. */
const TOLD = 20;

const contactText = (organisation: string): string =>
  `contact of organisation ${organisation}: name another one ("sluis organisation change ${organisation} --contact ADDRESS"), or notices and codes for passwords do not reach it`;

/** When an account is closed. */
const tiesText = ({
  certificates,
  delegations,
}: Readonly<Record<'certificates' | 'delegations', number>>): string[] => [
  ...(certificates === 0
    ? []
    : [
        `- when closed, ${many(certificates, 'certificate')} that we issued ${agree(certificates, 'is', 'are')} revoked`,
      ]),
  ...(delegations === 0
    ? []
    : [
        `- when closed, ${many(delegations, 'right')} to send as somebody else ${agree(delegations, 'is', 'are')} taken back`,
      ]),
];

async function endAccount(terminal: Terminal, login: string, given: AccountEndOptions): Promise<void> {
  const { dryRun = false } = given;
  const input = { login, ...endingInput(given) };
  const options = dryRun
    ? given
    : await askToDestroy(terminal, given, {
        what: `end account ${login}`,
        goes: async () =>
          endText(
            await withAdmin(given, (client) => client.call('account.end', { ...input, 'dry-run': true })),
            'will end',
          ).join('\n'),
        name: login,
      });
  const file = options.export === undefined || dryRun ? undefined : newFile(options.export, 0o600);
  const [ended, exported] = await withFiles([file], () =>
    withAdmin(options, async (client) => {
      // First a look, so that nothing has ended when the export cannot be written.
      const planned = await client.call('account.end', { ...input, 'dry-run': true });
      if (dryRun) return [planned, undefined] as const;
      const written = file === undefined ? undefined : await exportTo(client, file, login, options);
      return [await client.call('account.end', input), written] as const;
    }),
  );
  const value = exported === undefined ? ended : { ...ended, exported: { file: options.export, ...exported } };
  print(terminal, options, value, () => {
    const lines = endText(ended, dryRun ? 'would end' : ended.closes === undefined ? 'has ended' : 'is ending');
    if (dryRun) lines.unshift('Nothing was done.');
    if (exported === undefined) return lines.join('\n');
    const late = ended.waiting - exported.messages;
    if (late > 0)
      lines.push(
        `${late} came after the export: write another one with "sluis mailbox export ${login} FILE --reason TEXT".`,
      );
    return [...lines, exportText(exported, options.export ?? '')].join('\n');
  });
}

function endText(ended: AccountEnd, ends: string): string[] {
  const { login, closes, successor, addresses, waiting, certificates, delegations, contactOf, problem } = ended;
  const senders = successor === undefined ? 'are refused (550 5.1.1)' : `are told to write to ${successor} (551 5.1.6)`;
  const messages = many(waiting, 'message');
  const when = closes === undefined ? '' : 'then ';
  return [
    `Account ${login} ${ends}:`,
    `- senders to ${addresses.length === 0 ? 'it (it has no address that is open)' : addresses.join(', ')} ${senders}`,
    '- it sends nothing any more',
    closes === undefined
      ? `- it logs in no more, and open sessions are cut; ${messages} in its mailbox cannot be collected`
      : `- until ${readableTime(closes)} it collects what waits (${messages}), then it is closed`,
    ...contactOf.map((name) => `- it is the ${contactText(name)}`),
    ...certificates.map(({ use, serial }) => `- ${when}its certificate for ${use} is revoked: ${serial}`),
    ...delegations.map((tie) => `- ${when}${tie.login} may send as ${tie.address} no more`),
    backText(closes, `account resume ${login}`),
    ...(problem === undefined ? [] : [problem]),
  ];
}

async function exportTo(
  client: AdminClient,
  file: NewFile,
  login: string,
  { reason }: ChangeOptions,
): Promise<MailboxExported> {
  const progress = showProgress('Exporting', 'messages');
  try {
    const receive = (piece: string): void => file.append(Buffer.from(piece, 'latin1'));
    const done = await client.call('mailbox.export', { login, reason }, { receive, progress: progress.show });
    file.end();
    return done;
  } finally {
    progress.end();
  }
}
