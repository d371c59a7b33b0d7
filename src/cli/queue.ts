/** `sluis queue`: what waits for partners, and what is held. */
import type { Command } from 'commander';
import type { AdminClient } from '../admin/client.ts';
import type { DeliveryView, QueueView } from '../admin/delivery-views.ts';
import { agree, many } from '../domain/counted.ts';
import { type SureOptions, askToDestroy, destroying } from './ask.ts';
import { allRows, withAdmin } from './connect.ts';
import { CommandError } from './exit.ts';
import { type ChangeOptions, type CommonOptions, changing, reading } from './options.ts';
import { facts, print, readableSize, readableTime, table } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface WhichOptions extends ChangeOptions {
  readonly partner?: string;
  readonly message?: string;
}

export function addQueueCommands(terminal: Terminal, program: Command): void {
  const group = program.command('queue').description('deliveries that wait for partners, or are held');

  reading(group.command('list'))
    .description('how much waits for each partner, and each delivery')
    .option('--partner <name>', 'of this partner only')
    .option('--message <id>', 'of this message only: its id or its Message-ID')
    .option('--all', 'also those that ended')
    .action((options: WhichOptions & { readonly all?: boolean }) => list(terminal, options));

  reading(group.command('show'))
    .description('show one delivery')
    .argument('<number>', 'of the delivery')
    .action(async (number: string, options: CommonOptions) => {
      const shown = await withAdmin(options, (client) => client.call('queue.show', { id: deliveryNumber(number) }));
      print(terminal, options, shown, () => deliveryText(shown));
    });

  for (const [name, about, effect] of [
    ['hold', 'make deliveries wait until they are released', 'held'],
    ['release', 'let held deliveries go on, into a mailbox too', 'released'],
    ['retry', 'attempt deliveries now', 'due now'],
  ] as const)
    choosing(changing(group.command(name)).description(about)).action(
      async (numbers: readonly string[], options: WhichOptions) => {
        const done = await withAdmin(options, (client) => client.call(`queue.${name}`, chosen(numbers, options)));
        print(
          terminal,
          options,
          done,
          () => `${many(done.changed, 'delivery')} ${agree(done.changed, 'is', 'are')} ${effect}.`,
        );
      },
    );

  choosing(
    destroying(changing(group.command('fail'))).description(
      'give deliveries up; their senders get a notice with the reason',
    ),
  ).action(async (numbers: readonly string[], given: WhichOptions & SureOptions) => {
    const which = chosen(numbers, given);
    const options = await askToDestroy(terminal, given, {
      what: 'give deliveries up',
      goes: () => failText(given, which),
      name: given.partner ?? given.message ?? numbers[0] ?? 'fail',
    });
    const input = { ...which, reason: options.reason };
    const progress = showProgress('Giving up', 'deliveries');
    const done = await withAdmin(options, (client) =>
      client.call('queue.fail', input, { progress: progress.show }),
    ).finally(progress.end);
    print(terminal, options, done, () =>
      [
        `${many(done.failed, 'delivery')} ${agree(done.failed, 'was given up; its sender is', 'were given up; their senders are')} told.`,
        ...(done.busy.length === 0
          ? []
          : [`Being attempted at this moment, try again in a minute: ${done.busy.join(' ')}`]),
      ].join('\n'),
    );
  });
}

/** What a person sees before deliveries are given up; the reason is read by their senders. */
async function failText(options: WhichOptions, { ids, partner, message }: ReturnType<typeof chosen>): Promise<string> {
  const found = await withAdmin(options, (client) =>
    allRows(
      (page) => client.call('queue.list', { ...page, partner, message }),
      (d) => String(d.id),
    ),
  );
  const going = ids.length === 0 ? found : found.filter((d) => ids.includes(d.id));
  return `${many(going.length, 'delivery')} ${agree(going.length, 'is', 'are')} given up, and the senders read your reason:\n${deliveryTable(going.slice(0, 20))}${going.length > 20 ? `\n... and ${going.length - 20} more` : ''}`;
}

const choosing = (command: Command): Command =>
  command
    .argument('[numbers...]', 'of the deliveries')
    .option('--partner <name>', 'all that wait for this partner')
    .option('--message <id>', 'all of this message: its id or its Message-ID');

const chosen = (numbers: readonly string[], { partner, message }: WhichOptions) => ({
  ids: numbers.map(deliveryNumber),
  partner,
  message,
});

function deliveryNumber(text: string): number {
  if (!/^[1-9]\d{0,15}$/.test(text))
    throw new CommandError('usage', `Cannot use "${text}" as the number of a delivery; "sluis queue list" shows them`);
  return Number(text);
}

async function list(terminal: Terminal, options: WhichOptions & { readonly all?: boolean }): Promise<void> {
  const { partner, message, all } = options;
  const [partners, deliveries] = await withAdmin(options, async (client: AdminClient) => [
    (await client.call('queue.partners', {})).filter((q) => partner === undefined || q.partner === partner),
    await allRows(
      (page) => client.call('queue.list', { ...page, partner, message, all }),
      (d) => String(d.id),
    ),
  ]);
  print(terminal, options, { partners, deliveries }, () =>
    partners.length + deliveries.length === 0
      ? 'Nothing waits.'
      : [queueTable(partners), deliveryTable(deliveries)].filter((part) => part !== '').join('\n\n'),
  );
}

const queueTable = (queues: readonly QueueView[]): string =>
  queues.length === 0
    ? ''
    : table(
        ['PARTNER', 'WAITING', 'HELD', 'OLDEST', 'NEXT ATTEMPT'],
        queues.map((q) => [q.partner, q.waiting, q.held, readableTime(q.oldest), readableTime(q.due)]),
      );

const deliveryTable = (deliveries: readonly DeliveryView[]): string =>
  deliveries.length === 0
    ? ''
    : table(
        ['NUMBER', 'MESSAGE', 'PARTNER OR MAILBOX', 'RECIPIENT', 'STATE', 'ATTEMPTS', 'NEXT ATTEMPT', 'LAST REPLY'],
        deliveries.map((d) => [
          d.id,
          d.message,
          d.partner ?? `mailbox ${d.account ?? ''}`,
          d.recipient,
          d.state,
          d.attempts,
          readableTime(d.due),
          d.lastReply?.slice(0, 60),
        ]),
      );

export const deliveryText = (d: DeliveryView): string =>
  facts([
    ['Delivery', d.id],
    ['Message', d.message],
    ['Partner', d.partner],
    ['Mailbox', d.account],
    ['Sender', d.sender],
    ['Recipient', d.recipient],
    ['State', d.state],
    ['Size', readableSize(d.octets)],
    ['Accepted', readableTime(d.accepted)],
    ['Attempts', d.attempts],
    ['Next attempt', readableTime(d.due)],
    ['Sender told of the delay', readableTime(d.delayed)],
    ['Ended', readableTime(d.settled)],
    ['Last reply', d.lastReply],
  ]);
