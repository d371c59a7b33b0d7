/** `sluis trace` and `sluis message`: every step of one message, and taking one back. */
import type { Command } from 'commander';
import {
  type CopyView,
  type EventView,
  type FoundView,
  type RefusedView,
  type TraceView,
  copyStates,
  factText,
} from '../admin/delivery-views.ts';
import type { WithdrawnView } from '../admin/messages.ts';
import { type SureOptions, askToDestroy, destroying } from './ask.ts';
import { withAdmin } from './connect.ts';
import { verifyEvidence, writeBundle } from './evidence.ts';
import { CommandError, exitCodes } from './exit.ts';
import { type ChangeOptions, changing, collect, guarded } from './options.ts';
import { facts, print, readableSize, readableTime, table } from './output.ts';
import { partsText } from './parts-text.ts';
import type { Terminal } from './terminal.ts';

interface SearchOptions extends ChangeOptions {
  readonly bundle?: string;
  readonly verify?: string;
  readonly certificate?: readonly string[];
  readonly timestampAuthority?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: string;
}

export function addTraceCommands(terminal: Terminal, program: Command): void {
  guarded(program.command('trace'))
    .description(
      'every step of one message; or the messages of a sender, an addressee or a time, with the attempts that were refused',
    )
    .argument('[message]', 'its id, as the 250 told it, or its Message-ID')
    .option('--from <address>', 'messages of this sender')
    .option('--to <address>', 'messages for this addressee')
    .option('--since <moment>', 'accepted or refused since then, such as 2026-11-25 or 2026-11-25T08:00:00+01:00')
    .option('--until <moment>', 'accepted or refused until then')
    .option('--limit <number>', 'most messages to list, newest first', '100')
    .option('--bundle <file>', 'write all evidence about the message into one signed file; needs --reason')
    .option('--verify <file>', 'check such a file, or a statement of deletion; needs no gateway')
    .option(
      '--certificate <pem>',
      "with --verify: the gateway's evidence certificate; may be given several times",
      collect,
    )
    .option(
      '--timestamp-authority <pem>',
      'with --verify: certificate of the authority whose time stamps are in it; may be given several times',
      collect,
    )
    .action((message: string | undefined, options: SearchOptions) => run(terminal, message, options));

  const group = program.command('message').description('messages that were accepted');
  changing(group.command('withdraw'))
    .description('take a message back wherever it was not collected yet')
    .argument('<message>', 'its id, as the 250 told it, or its Message-ID')
    .option('--to <address>', 'for this recipient only; may be given several times', collect)
    .action(async (message: string, options: ChangeOptions & { readonly to?: readonly string[] }) => {
      if (options.reason === undefined)
        throw new CommandError(
          'usage',
          'Cannot withdraw a message without --reason TEXT: it stands in the audit trail',
        );
      const input = { message, recipients: options.to ?? [], reason: options.reason };
      const done = await withAdmin(options, (client) => client.call('message.withdraw', input));
      print(terminal, options, done, () => done.copies.map(withdrawnLine).join('\n'));
      // Somebody has it: whoever asked must see that in a script too, and call.
      if (done.copies.some((copy) => copy.done === 'too-late')) terminal.code = exitCodes.conflict;
    });
  destroying(guarded(group.command('erase')))
    .description('erase what is kept of a message for good, in backups too; its facts stay in the trace')
    .argument('<message>', 'its id, as the 250 told it, or its Message-ID')
    .action((message: string, options: SureOptions) => erase(terminal, message, options));
}

const BACKUPS =
  'It goes from every mailbox now. From the second day on no backup opens it either, also not one of before. Who sent it to whom, and the hashes of its parts, stay in the trace; what was fetched is with whoever fetched it.';

async function erase(terminal: Terminal, message: string, given: SureOptions): Promise<void> {
  const options = await askToDestroy(terminal, given, {
    what: `erase message ${message}`,
    goes: async () => {
      const shown = await withAdmin(given, (client) => client.call('trace.show', { message }));
      return `${facts([
        ['Message', shown.id],
        ['Received', readableTime(shown.received)],
        ['Sender', shown.sender],
        ['Size', readableSize(shown.octets)],
        ...shown.copies.map((copy) => ['For', `${copy.recipient}: ${stateText(copy)}`] as const),
      ])}\n${BACKUPS}`;
    },
    name: message,
  });
  const done = await withAdmin(options, (client) =>
    client.call('message.erase', { message, reason: options.reason ?? '' }),
  );
  print(terminal, options, done, () =>
    Date.parse(done.closedFrom) <= Date.now()
      ? `Erased message ${done.message}. No backup opens it any more.`
      : `Erased message ${done.message}. No backup opens it from ${readableTime(done.closedFrom)} on.`,
  );
}

function run(terminal: Terminal, message: string | undefined, options: SearchOptions): Promise<void> {
  const { bundle, verify } = options;
  if (verify !== undefined) return verifyEvidence(terminal, verify, options);
  if (bundle !== undefined && message === undefined)
    throw new CommandError('usage', 'Cannot write evidence without a message: name its id, or its Message-ID');
  if (message === undefined) return search(terminal, options);
  return bundle === undefined ? show(terminal, message, options) : writeBundle(terminal, message, bundle, options);
}

async function search(terminal: Terminal, options: SearchOptions): Promise<void> {
  const { from, to, since, until } = options;
  if (from === undefined && to === undefined && since === undefined)
    throw new CommandError('usage', 'Cannot search without a message, --from, --to or --since');
  const limit = Number(options.limit);
  const { found, refusedFrom } = await withAdmin(options, (client) =>
    client.call('trace.search', { from, to, since, until, limit }),
  );
  print(terminal, options, found, () => messageTable(found));
  if (refusedFrom !== undefined)
    terminal.err(
      `Refused attempts before ${readableTime(refusedFrom)} were not looked at, there are too many; search a shorter time with --since and --until\n`,
    );
}

async function show(terminal: Terminal, message: string, options: SearchOptions): Promise<void> {
  const shown = await withAdmin(options, (client) => client.call('trace.show', { message }));
  print(terminal, options, shown, () => traceText(shown));
}

const messageTable = (found: readonly FoundView[]): string =>
  found.length === 0
    ? 'Nothing was found, accepted or refused.'
    : table(
        ['MESSAGE', 'RECEIVED', 'SENDER', 'SIZE', 'RECIPIENTS', ...(found.some(isRefused) ? ['REPLY'] : [])],
        found.map((f) =>
          isRefused(f)
            ? ['refused', readableTime(f.received), f.sender, undefined, shownRecipients(f), replyText(f)]
            : [f.id, readableTime(f.received), f.sender, readableSize(f.octets), shownRecipients(f)],
        ),
      );

const isRefused = (found: FoundView): found is RefusedView => found.kind === 'refused';
const replyText = ({ reply, count }: RefusedView): string => (count === 1 ? reply : `${reply} (${count} times)`);

const shownRecipients = ({ recipients }: Pick<FoundView, 'recipients'>): string =>
  recipients.length > 3
    ? `${recipients.slice(0, 3).join(' ')} and ${recipients.length - 3} more`
    : recipients.join(' ');

const stateText = (copy: CopyView): string =>
  copy.state === 'waiting'
    ? copy.partner === undefined
      ? `in the mailbox${againText(copy)}, not collected yet${copy.expires === undefined ? '' : `, kept until ${readableTime(copy.expires)}`}`
      : `waits, next attempt ${readableTime(copy.delivery?.due) ?? 'soon'}`
    : `${copyStates[copy.state] ?? copy.state}${againText(copy)}`;

const againText = ({ restored }: CopyView): string =>
  restored === undefined ? '' : `, handed out again ${readableTime(restored)}`;

const isProtected = ({ copies }: TraceView): boolean => copies.some(({ protection }) => protection !== undefined);

const traceText = (t: TraceView): string =>
  [
    facts([
      ['Message', t.id],
      ['Message-ID', t.messageId],
      ['Received', readableTime(t.received)],
      ['Account', t.account],
      ['Sender', t.sender],
      ['Size', readableSize(t.octets)],
      ['SHA-256', t.sha256],
    ]),
    table(
      ['RECIPIENT', 'WHERE', 'STATE', ...(isProtected(t) ? ['PROTECTION'] : [])],
      t.copies.map((c) => [
        c.recipient,
        c.partner === undefined ? c.account : `partner ${c.partner}`,
        stateText(c),
        ...(isProtected(t) ? [c.protection ?? 'none'] : []),
      ]),
    ),
    ...partsText(t),
    table(
      ['TIME', 'EVENT', 'OUTCOME', 'FACTS'],
      t.events.map((e) => [e.at.replace('T', ' '), e.event, e.outcome, factsText(e)]),
    ),
    ...(t.more ? ['There are more events: "sluis trace --json" shows the same first ones; ask the audit trail.'] : []),
  ].join('\n\n');

const factsText = (e: EventView): string =>
  [...(e.account === undefined ? [] : [`account=${e.account}`]), ...Object.entries(e.facts).map(factText)].join(' ');

function withdrawnLine(copy: WithdrawnView): string {
  if (copy.done === 'withdrawn') return `${copy.recipient}: withdrawn.`;
  const who = copy.collected
    .map(({ at, from }) => `${readableTime(at)}${from === undefined ? '' : ` from ${from}`}`)
    .join(', ');
  return `${copy.recipient}: too late, ${stateText(copy)}${who === '' ? '' : `; collected by ${copy.account ?? ''} at ${who}`}.`;
}
