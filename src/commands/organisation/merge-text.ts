/** What a merge did, or would do, as text for people. */
import { readableDay, readableSize, readableTime } from '../../cli/output.ts';
import { agree, many } from '../../domain/counted.ts';
import type { MergePlan, MergeView, SettingDifference } from './merge-view.ts';

/** Most lines of one list; the JSON has all of them. */
const SHOWN = 20;

function listed(lines: readonly string[]): string[] {
  const rest = lines.length - SHOWN;
  return [
    ...lines.slice(0, SHOWN).map((line) => `    ${line}`),
    ...(rest > 0 ? [`    and ${rest} more; --json has them`] : []),
  ];
}

export function mergeText(view: MergeView): string {
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
    ...referenceLines(view),
    `- ${a} ${applied ? 'has ended' : 'ends'}; its trail until now stays its own ("organisation export ${a}", "organisation erase ${a}")`,
    ...(problem === undefined ? [] : [problem]),
  ].join('\n');
}

function accountLines({ into, accounts, suspended, stay, messages, octets, applied }: MergeView): string[] {
  const stays = suspended === 0 ? '' : `, ${suspended} of them suspended as before`;
  return [
    `- ${many(accounts, 'account')} ${applied ? agree(accounts, 'belongs', 'belong') : 'would belong'} to ${into}${stays}, with passwords, certificates and ${many(messages, 'message')} (${readableSize(octets)}); mail programs continue as before`,
    ...(stay === 0
      ? []
      : [`- ${many(stay, 'account')} that had ended before ${agree(stay, 'stays as it is', 'stay as they are')}`]),
  ];
}

function addressLines(view: MergePlan): string[] {
  const { addresses, ending, ends, registered, elsewhere, changed, withoutAddress, into } = view;
  const on = addresses - ending;
  return [
    ...(on === 0 ? [] : [`- ${many(on, 'address')} ${agree(on, 'stays', 'stay')} for good`]),
    ...(ending === 0
      ? []
      : [
          `- ${many(ending, 'address')} ${agree(ending, 'accepts', 'accept')} mail until ${readableTime(ends)}; then senders are told of the successor (551 5.1.6)`,
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
          `- no address leads to these accounts from now on: they collect what waits, and send nothing`,
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

function settingLines({ settings, lockedOut, exemptions, into, contact, language }: MergePlan): string[] {
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
    ...(exemptions.length === 0
      ? []
      : [
          `- what these accounts submit was exempt from scanning, and is scanned at ${into}; two people decide again ("sluis scan exempt add")`,
          ...listed(exemptions),
        ]),
    `- purpose, legal basis, agreement and telephone are those of ${into}; notices go to ${contact ?? 'nobody outside: it has no contact'}, in ${language}`,
  ];
}

function referenceLines(view: MergePlan): string[] {
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
