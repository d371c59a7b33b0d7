/** `sluis organisation merge A --into B`: a practice becomes part of another. */
import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import type { MergePlan, SettingDifference } from '../admin/merge-plan.ts';
import type { MergeView } from '../admin/organisation-merge.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { withAdmin } from './connect.ts';
import { type ChangeOptions, guarded } from './options.ts';
import { print, readableSize, readableTime, readableDay } from './output.ts';
import { showProgress } from './progress.ts';
import type { Terminal } from './terminal.ts';
import { readUpload } from './upload.ts';

interface MergeOptions extends ChangeOptions {
  readonly into: string;
  readonly until?: string;
  readonly successors?: string;
  readonly successor?: string;
  readonly mailbox?: string;
  readonly keepSettings?: boolean;
  readonly revoke?: boolean;
  readonly dryRun?: boolean;
}

export function addMergeCommand(terminal: Terminal, group: Command): void {
  guarded(group.command('merge'))
    .description('an organisation becomes part of another, with all its accounts, addresses and EDI identities')
    .argument('<name>', 'the organisation that ends')
    .requiredOption('--into <name>', 'the organisation that it becomes part of')
    .option('--until <date>', 'its addresses take mail until then; without it they go on for good')
    .option(
      '--successors <file>',
      'which address succeeds which: CSV with the header "old,new,mailbox"; - for standard input',
    )
    .option('--successor <address>', 'the successor of all addresses that the file does not name')
    .option('--mailbox <login>', 'where mail for all addresses that the file does not name is filed from now on')
    .option('--keep-settings', 'accounts keep settings that held for the organisation and differ')
    .option('--revoke', 'revoke certificates of the own authority that name the organisation')
    .option('--dry-run', 'say all that would change, and change nothing')
    .action(async (name: string, options: MergeOptions) => {
      const { into, until, successor, mailbox, keepSettings, revoke, dryRun } = options;
      const upload = options.successors === undefined ? undefined : readUpload(terminal, options.successors);
      const input = {
        name,
        into,
        until,
        successor,
        mailbox,
        'keep-settings': keepSettings,
        revoke,
        'successors-sha256': upload === undefined ? undefined : createHash('sha256').update(upload).digest('hex'),
      };
      const progress = showProgress('Merging', 'accounts');
      const operation = dryRun === true ? 'organisation.merge-plan' : 'organisation.merge';
      const done = await withAdmin(options, (client) =>
        client.call(operation, input, { progress: progress.show, ...defined({ upload }) }),
      ).finally(progress.end);
      print(terminal, options, done, () => mergeText(done));
    });
}

/** Lines of one list; all of them are in the JSON. */
const SHOWN = 20;

function listed(lines: readonly string[]): string[] {
  const rest = lines.length - SHOWN;
  return [
    ...lines.slice(0, SHOWN).map((line) => `    ${line}`),
    ...(rest > 0 ? [`    and ${rest} more; --json has them`] : []),
  ];
}

function mergeText(view: MergeView): string {
  const { organisation: a, into: b, applied, merged, resumed, problem } = view;
  if (merged !== undefined)
    return `Organisation ${a} became part of ${b} on ${readableTime(merged)}; nothing was left to do.`;
  return [
    applied
      ? `Organisation ${a} has become part of ${b}:`
      : `Nothing was done. Organisation ${a} would become part of ${b}:`,
    ...(resumed ? ['- it had been begun before; this is what was left of it'] : []),
    ...accountLines(view),
    ...addressLines(view),
    ...identityLines(view),
    ...settingLines(view),
    ...tieLines(view),
    `- ${a} ${applied ? 'has ended' : 'ends'}; its trail until now stays its own ("organisation export ${a}", "organisation erase ${a}")`,
    ...(problem === undefined ? [] : [problem]),
  ].join('\n');
}

function accountLines({ into, accounts, suspended, stay, messages, octets, applied }: MergePlan & MergeView): string[] {
  const stays = suspended === 0 ? '' : `, ${suspended} of them suspended as before`;
  return [
    `- ${many(accounts, 'account')} ${applied ? agree(accounts, 'belongs', 'belong') : 'would belong'} to ${into}${stays}, with passwords, certificates and ${many(messages, 'message')} (${readableSize(octets)}); mail programs go on as before`,
    ...(stay === 0
      ? []
      : [`- ${many(stay, 'account')} that had ended before ${agree(stay, 'stays as it is', 'stay as they are')}`]),
  ];
}

function addressLines(view: MergePlan): string[] {
  const { addresses, ending, ends, registered, elsewhere, changed, withoutAddress, into } = view;
  const on = addresses - ending;
  return [
    ...(on === 0 ? [] : [`- ${many(on, 'address')} ${agree(on, 'goes', 'go')} on for good`]),
    ...(ending === 0
      ? []
      : [
          `- ${many(ending, 'address')} ${agree(ending, 'takes', 'take')} mail until ${readableTime(ends)}; then senders are told of the successor (551 5.1.6)`,
        ]),
    ...(registered === 0
      ? []
      : [`- ${registered} of the addresses that succeed them ${agree(registered, 'is', 'are')} new`]),
    ...(elsewhere === 0
      ? []
      : [`- mail for ${many(elsewhere, 'address')} is filed in mailboxes of ${into} from now on`]),
    ...listed(
      changed.map(({ address, successor, registered: made, mailbox, account }) =>
        [
          address,
          ...(successor === undefined ? [] : [`-> ${successor}${made === true ? ' (new)' : ''}`]),
          mailbox === undefined ? `in the mailbox of ${account}` : `in the mailbox of ${mailbox}, until now ${account}`,
        ].join(' '),
      ),
    ),
    ...(withoutAddress.length === 0
      ? []
      : [
          `- no address leads to these accounts any more: they collect what waits, and send nothing`,
          ...listed(withoutAddress),
        ]),
  ];
}

function identityLines({ identities, sharedIdentities: shared, organisation, into }: MergePlan): string[] {
  if (identities.length === 0) return [];
  return [
    `- ${many(identities.length, 'EDI identity')} of ${organisation} ${agree(identities.length, 'is', 'are')} carried over; what is bound to no account may name any of ${into} from now on`,
    ...listed(identities),
    ...(shared.length === 0
      ? []
      : [`- ${into} had these with another qualifier: ${shared.slice(0, SHOWN).join(', ')}`]),
  ];
}

function settingLines({ settings, lockedOut, into, contact, language }: MergePlan): string[] {
  const line = ({ name, was, becomes, accounts, kept }: SettingDifference): string =>
    kept
      ? `${name}: ${was}, kept (set on ${many(accounts, 'account')})`
      : `${name}: ${was} -> ${becomes} (${many(accounts, 'account')})`;
  const unkept = settings.some(({ kept }) => !kept);
  return [
    ...(settings.length === 0
      ? []
      : [
          `- settings that differ${unkept ? '; those of the account level stay with --keep-settings' : ''}:`,
          ...listed(settings.map(line)),
        ]),
    ...(lockedOut.length === 0
      ? []
      : ['- these accounts cannot log in by that: they lack what the setting "login" asks for', ...listed(lockedOut)]),
    `- purpose, legal basis, agreement and telephone are those of ${into}; notices go to ${contact ?? 'nobody outside: it has no contact'}, in ${language}`,
  ];
}

function tieLines(view: MergePlan): string[] {
  const { certificates, revoke, partners, sendsAs, organisation, into } = view;
  return [
    ...(certificates.length === 0
      ? []
      : [
          revoke
            ? `- ${certificates.length} certificates that name ${organisation} are revoked`
            : `- ${certificates.length} certificates name ${organisation} and hold until they end or are renewed; --revoke ends them at once`,
          ...listed(certificates.map((c) => `${c.login}, for ${c.use}, ${c.serial}, until ${readableDay(c.ends)}`)),
        ]),
    ...partners.map(
      ({ name, domains }) =>
        `- partner ${name} is of ${into}, with its server, secrets and queue${domains.length === 0 ? '' : `; its domains lead to it without an end: ${domains.join(', ')}`}`,
    ),
    '- absences, delegations and certificates of addresses stay with them',
    ...(sendsAs.length === 0
      ? []
      : [
          '- accounts may send as addresses of other organisations, as before; "address delegate --take-back" ends that',
          ...listed(sendsAs.map((s) => `${s.login} as ${s.address} of ${s.organisation}`)),
        ]),
  ];
}
