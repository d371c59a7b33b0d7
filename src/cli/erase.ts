/** `sluis organisation erase`: the end of a contract, with a signed statement. */
import type { Command } from 'commander';
import { agree, many } from '../domain/counted.ts';
import type { AdminClient } from '../admin/client.ts';
import type { OperationResult } from '../admin/operations.ts';
import { type SureOptions, askToDestroy, destroying } from './ask.ts';
import { withAdmin } from './connect.ts';
import { newFile, withFiles } from './new-file.ts';
import { guarded } from './options.ts';
import { facts, print, readableSize } from './output.ts';
import type { Terminal } from './terminal.ts';

interface EraseOptions extends SureOptions {
  readonly statement?: string;
  readonly discardMail?: boolean;
}

export function addEraseCommand(terminal: Terminal, group: Command): void {
  destroying(guarded(group.command('erase')))
    .description('erase an organisation whose contract ended; without --statement it only says what would go')
    .argument('<name>', 'the organisation; its accounts must be suspended or ended')
    .option('--statement <file>', 'erase, and write the signed statement of deletion here')
    .option('--discard-mail', 'also erase messages that nobody has fetched')
    .action((name: string, options: EraseOptions) =>
      options.statement === undefined
        ? plan(terminal, name, options)
        : erase(terminal, name, options.statement, options),
    );
}

async function plan(terminal: Terminal, name: string, options: EraseOptions): Promise<void> {
  const found = await withAdmin(options, (client) => planOf(client, name));
  print(terminal, options, found, () =>
    [
      planText(found),
      'Nothing was erased. To erase for good: suspend its accounts, then add --statement FILE --reason TEXT (and --discard-mail where mail waits).',
    ].join('\n\n'),
  );
}

const planOf = (client: AdminClient, name: string): Promise<Plan> => client.call('organisation.erase-plan', { name });
type Plan = OperationResult<'organisation.erase-plan'>;

const planText = (found: Plan): string =>
  facts([
    ['Organisation', found.organisation],
    ['Accounts', `${found.accounts}, active: ${found.active.length === 0 ? 'none' : found.active.join(' ')}`],
    ...(found.former === 0
      ? []
      : [
          [
            'Gone before',
            `${many(found.former, 'account')} ${agree(found.former, 'is', 'are')} of other organisations now, with ${agree(found.former, 'its', 'their')} mail`,
          ] as const,
        ]),
    ['Addresses', `${found.addresses}, which stay blocked`],
    ['In mailboxes', `${many(found.messages, 'message')}, ${readableSize(found.octets)}`],
    ['For its partner', `${many(found.waiting, 'message')} ${agree(found.waiting, 'waits', 'wait')}`],
  ]);

async function erase(terminal: Terminal, name: string, path: string, given: EraseOptions): Promise<void> {
  const options = await askToDestroy(terminal, given, {
    what: `erase organisation "${name}"`,
    goes: async () => planText(await withAdmin(given, (client) => planOf(client, name))),
    name,
  });
  const file = newFile(path, 0o600);
  const done = await withFiles([file], async () => {
    const receive = (piece: string): void => file.append(Buffer.from(piece, 'latin1'));
    const input = { name, 'discard-mail': options.discardMail === true };
    const told = await withAdmin(options, (client) => client.call('organisation.erase', input, { receive }));
    file.end();
    return told;
  });
  print(
    terminal,
    options,
    { file: path, ...done },
    () =>
      `Erased organisation ${done.organisation}: ${many(done.accounts, 'account')}, ${many(done.messages, 'message')}, ${many(done.rows, 'row')}. The signed statement is "${path}"; "sluis trace --verify ${path}" checks it.`,
  );
}
