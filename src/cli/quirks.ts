/** `sluis account quirks`: what an account deviates in, and what strictness would cost it. */
import type { Command } from 'commander';
import type { QuirkView } from '../admin/quirks.ts';
import { withAdmin } from './connect.ts';
import { type CommonOptions, reading } from './options.ts';
import { print } from './output.ts';
import type { Terminal } from './terminal.ts';

export function addQuirksCommand(terminal: Terminal, group: Command): void {
  reading(group.command('quirks'))
    .description('how its programs deviate from the standards, how often, and what switching that off would refuse')
    .argument('<login>', 'the account')
    .action(async (login: string, options: CommonOptions) => {
      const all = await withAdmin(options, (client) => client.call('account.quirks', { login }));
      print(terminal, options, all, () =>
        all.length === 0 ? 'No deviation was seen in the last 100 days.' : all.map(quirkText).join('\n\n'),
      );
    });
}

const ago = ({ daysAgo, last }: QuirkView): string =>
  daysAgo === 0 ? 'today' : daysAgo === 1 ? 'yesterday' : last.slice(0, 10);

const times = (n: number): string => (n === 1 ? 'once' : `${n} times`);

function quirkText(view: QuirkView): string {
  const { quirk, about, rfc, tolerated, refused, firstDay, client, allowed, setting } = view;
  const seen = [
    ...(tolerated === 0 ? [] : [`seen ${times(tolerated)}`]),
    ...(refused === 0 ? [] : [`refused ${times(refused)}`]),
  ].join(', ');
  const by = client === undefined ? '' : `, by ${client}`;
  return [
    `${quirk}: ${seen} since ${firstDay}, last ${ago(view)}${by}: ${about} (${rfc})`,
    `  ${advice(allowed, setting)}`,
  ].join('\n');
}

function advice(allowed: boolean, setting: QuirkView['setting']): string {
  if (setting === undefined)
    return allowed ? 'allowed by the listener; another port would refuse these' : 'no account is allowed this';
  return allowed
    ? `allowed (${setting.name}=${setting.value}); switching it off (${setting.name}=${setting.other}) would refuse these`
    : `refused (${setting.name}=${setting.value}); ${setting.name}=${setting.other} would allow these`;
}
