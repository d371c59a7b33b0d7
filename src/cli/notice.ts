/** `sluis notice send`: tells organisations something, such as when the gateway will be down. */
import type { Command } from 'commander';
import type { NotTold, SendingView } from '../admin/notice-send.ts';
import { withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, changing, collect } from './options.ts';
import { print } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

interface SendOptions extends ChangeOptions {
  readonly organisation?: readonly string[];
  readonly all?: boolean;
  readonly en?: string;
  readonly subject?: string;
  readonly id?: string;
  readonly dryRun?: boolean;
}

export function addNoticeCommands(terminal: Terminal, program: Command): void {
  const group = program.command('notice').description('messages of the operator to organisations');
  changing(group.command('send'))
    .description('write to the contacts of organisations, each once; never into the mailbox of a system')
    .argument('<file>', 'plain text, UTF-8, at most 64 KiB; - for standard input')
    .option('--organisation <name>', 'to this organisation; may be given several times', collect)
    .option('--all', 'to all organisations')
    .option('--en <file>', 'the same in English; each gets both, its own language first')
    .option('--subject <text>', 'of the message')
    .option('--id <text>', 'of the sending: whoever has one of this id gets no second; without it the texts decide')
    .option('--dry-run', 'show who would get it and send nothing')
    .action(async (file: string, options: SendOptions) => {
      const { organisation = [], all = false, en, subject, id, dryRun = false } = options;
      if (all === organisation.length > 0)
        throw new CommandError('usage', 'Cannot send: give --organisation NAME or --all');
      const upload = JSON.stringify({
        text: readUpload(terminal, file),
        ...(en === undefined ? {} : { en: readUpload(terminal, en) }),
      });
      const progress = showProgress('Writing', 'organisations');
      const input = { organisations: organisation, all, subject, id, 'dry-run': dryRun };
      const done = await withAdmin(options, (client) =>
        client.call('notice.send', input, { upload, progress: progress.show }),
      ).finally(progress.end);
      print(terminal, options, done, () => sendingText(done));
    });
}

const mailboxes = (n: number): string => `${n} mailbox${n === 1 ? '' : 'es'}`;

function sendingText(done: SendingView): string {
  const { applied, id, told, before, shared, notTold, missing } = done;
  const rest = notTold - missing.length;
  return [
    ...(applied ? [] : done.mailboxes.map(({ organisation, address }) => `${organisation}: ${address}`)),
    `${mailboxes(told)} ${applied ? (told === 1 ? 'was' : 'were') : 'would be'} told. Sending ${id}.`,
    ...(before === 0 ? [] : [`${mailboxes(before)} had it before.`]),
    ...(shared === 0
      ? []
      : [`${shared} organisation${shared === 1 ? '' : 's'} more read${shared === 1 ? 's' : ''} there.`]),
    ...missing.map(missingText),
    ...(rest === 0 ? [] : [`and ${rest} more that are not told; --json has the first 1000`]),
    ...(applied ? [] : ['Nothing was sent.']),
  ].join('\n');
}

const missingText = ({ organisation, why, telephone }: NotTold): string =>
  `not told: ${organisation} (${why}; telephone ${telephone ?? 'unknown'})`;
