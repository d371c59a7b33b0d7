/** `sluis organisation suspend`, `resume` and `end`: all its accounts at once. */
import type { Command } from 'commander';
import type { OrganisationChanged } from '../admin/organisations.ts';
import { many } from '../domain/counted.ts';
import { askToDestroy } from './ask.ts';
import { withAdmin } from './connect.ts';
import { type EndOptions, ending, endingInput } from './ending.ts';
import { backText, sendersText } from './ending-text.ts';
import { type ChangeOptions, changing } from './options.ts';
import { print, readableTime } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';

interface StateOptions extends ChangeOptions {
  readonly dryRun?: boolean;
}

const told = {
  suspend: ({ name, accounts, addresses, waiting }: OrganisationChanged) => [
    `Organisation ${name} is suspended:`,
    `- ${many(accounts, 'account')} log in no more, and open sessions are cut`,
    `- mail for ${many(addresses, 'address')} is refused (550 5.2.1)`,
    `- ${many(waiting, 'message')} in its mailboxes wait until "sluis organisation resume ${name}"`,
  ],
  resume: ({ name, state, takenBack, accounts, suspended = 0 }: OrganisationChanged) => [
    state === 'ending'
      ? `Organisation ${name} is not suspended any more; it is ending still, and its accounts collect what waits. Once more "sluis organisation resume ${name}" takes that back.`
      : `${takenBack === true ? `The end of organisation ${name} is taken back. It` : `Organisation ${name}`} is active: ${many(accounts - suspended, 'account')} log in and take mail again.`,
    ...(suspended === 0 ? [] : [`${many(suspended, 'account')} stay suspended, each by itself.`]),
  ],
} as const;

function endText(done: OrganisationChanged, ends: string): string {
  const { name, accounts, addresses, waiting, certificates, identities, closes, successor, problem } = done;
  const accountsText = many(accounts, 'account');
  return [
    `Organisation ${name} ${ends}:`,
    `- ${sendersText(many(addresses, 'address'), successor)}`,
    ...(closes === undefined
      ? [
          `- ${accountsText} log in no more, and open sessions are cut`,
          `- ${many(waiting, 'message')} in its mailboxes stay for their time; "sluis mailbox export" writes them to a file`,
        ]
      : [
          `- ${accountsText} send nothing any more, and collect what waits (${many(waiting, 'message')}) until ${readableTime(closes)}`,
        ]),
    `- ${closes === undefined ? '' : 'then '}${many(certificates, 'certificate')} for log-in, ${many(identities, 'EDI identity')} and all rights to send end`,
    backText(closes, `organisation resume ${name}`),
    ...(problem === undefined ? [] : [problem]),
  ].join('\n');
}

export function addStateCommands(terminal: Terminal, group: Command): void {
  for (const [name, about] of [
    ['suspend', 'refuse log-ins and mail of all its accounts, until it is resumed; what waits stays'],
    ['resume', 'take back a suspension, or an end that is not final'],
  ] as const)
    changing(group.command(name))
      .description(about)
      .argument('<name>', 'the organisation')
      .option('--dry-run', 'say what would be done, and do nothing')
      .action(async (organisation: string, options: StateOptions) => {
        const input = { name: organisation, 'dry-run': options.dryRun };
        const done = await withAdmin(options, (client) => client.call(`organisation.${name}`, input));
        print(terminal, options, done, () =>
          [...(options.dryRun === true ? ['Nothing was done. It would be so:'] : []), ...told[name](done)].join('\n'),
        );
      });

  ending(group.command('end'))
    .description('end an organisation with all its accounts and addresses; "resume" takes it back for 30 days')
    .argument('<name>', 'the organisation')
    .action((name: string, options: EndOptions) => end(terminal, name, options));
}

async function end(terminal: Terminal, name: string, given: EndOptions): Promise<void> {
  const { dryRun = false } = given;
  const input = { name, ...endingInput(given) };
  const look = () => withAdmin(given, (client) => client.call('organisation.end', { ...input, 'dry-run': true }));
  if (dryRun) {
    const planned = await look();
    print(terminal, given, planned, () => `Nothing was done. ${endText(planned, 'would end')}`);
    return;
  }
  const options = await askToDestroy(terminal, given, {
    what: `end organisation "${name}"`,
    goes: async () => endText(await look(), 'will end'),
    name,
  });
  const progress = showProgress('Ending', 'accounts');
  const done = await withAdmin(options, (client) =>
    client.call('organisation.end', input, { progress: progress.show }),
  ).finally(() => progress.end());
  print(terminal, options, done, () => endText(done, done.closes === undefined ? 'has ended' : 'is ending'));
}
