/** `sluis organisation merge A --into B`: one practice becomes part of another. */
import { address, login, organisation } from '../core/kinds.ts';
import { ends } from '../core/moments.ts';
import { arg, flag, need, opt } from '../core/params.ts';
import { changes } from '../core/row.ts';
import { mergeText } from './merge-text.ts';
import { mergeView } from './merge-view.ts';

export const merge = changes({
  about: 'an organisation becomes part of another, with all its accounts, addresses and EDI identities',
  in: {
    name: arg(organisation, 'the organisation that ends'),
    into: need(organisation, 'the organisation that it becomes part of'),
    until: opt(ends, 'its addresses accept mail until then; without it they stay for good'),
    successor: opt(address, 'the successor of all addresses that the file does not name'),
    mailbox: opt(login, 'where mail for all addresses that the file does not name is filed from now on'),
    keepSettings: flag('accounts keep settings that held for the organisation and differ'),
    revoke: flag('revoke certificates of the own authority that name the organisation'),
    dryRun: flag('say all that would change, and change nothing'),
  },
  check: ({ successor, until }) =>
    successor !== undefined && until === undefined
      ? 'Cannot merge: a successor is told of when an address has ended, and no end was given; add --until DATE'
      : undefined,
  upload: { as: 'successors', about: 'which address succeeds which: CSV with the header "old,new,mailbox"' },
  out: mergeView,
  right: 'registry',
  trail: ['registry.organisation-merging', 'registry.account-organisation', 'registry.organisation-state'],
  // A merge sends mail for addresses elsewhere, as `address move` does.
  second: 'address-move',
  isLook: ({ dryRun }) => dryRun,
  progress: { phase: 'Merging', unit: 'accounts' },
  examples: [
    'praktijk-oost --into praktijk-jansen --dry-run',
    'praktijk-oost --into praktijk-jansen --until 90d --successor huisarts@huisarts.example',
  ],
  run: async (context, input, call) => await (await import('./merge-run.ts')).merge(context, input, call),
  say: mergeText,
});
