/**
 * `sluis directory`: the addresses that every account of the group may look up. An address is
 * listed only if its organisation agreed.
 */
import { hash } from 'node:crypto';
import { z } from '../config/zod.ts';
import { recipientOf } from '../admin/addresses.ts';
import { Directory } from '../admin/directory.ts';
import { facts, readableTime } from '../cli/output.ts';
import { addressKey } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import { type DirectoryRecord, isRemoved } from '../domain/directory.ts';
import { ACCOUNT_KINDS } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import { iso } from '../domain/units.ts';
import type { Recipient } from '../store/registry.ts';
import { address } from './core/kinds.ts';
import { choice, text } from './core/kind.ts';
import { arg, flag, maybe, opt } from './core/params.ts';
import { lists, reads } from './core/row.ts';
import { subject } from './core/subject.ts';

const view = z.object({
  address: z.string(),
  state: z.enum(['listed', 'removed', 'not-listed']).meta({
    description: '`removed`: it was listed, and whoever has a copy hears for 400 days that it no longer is.',
  }),
  version: z.string().optional().meta({ description: 'Number of the last change of what is shown.' }),
  modified: z.string().optional(),
  removed: z.string().optional(),
  organisation: z.string().optional(),
  title: z.string().optional(),
  kind: z.string().optional(),
  role: z.string().optional(),
  agb: z.string().optional(),
  telephone: z.string().optional(),
  edi: z.array(z.string()).optional().meta({ description: 'Kinds of messages that it takes; empty: all.' }),
  certificate: z.string().optional().meta({ description: 'SHA-256 of the mail certificate that is shown.' }),
  ends: z.string().optional().meta({ description: 'It accepts mail until then.' }),
  why: z.string().optional().meta({ description: 'Why it is not listed.' }),
});
type View = z.infer<typeof view>;

function viewOf(record: DirectoryRecord): View {
  const { address: of, version, modifiedAt } = record;
  const said = { address: of, version: String(version), modified: iso(modifiedAt) };
  if (isRemoved(record)) return { ...said, state: 'removed', removed: iso(record.removedAt) };
  const { organisation, kind, role, agb, telephone, edi, certificate, endsAt } = record;
  const fingerprint = certificate && hash('sha256', certificate);
  return {
    ...said,
    state: 'listed',
    organisation: organisation.name,
    title: organisation.title,
    kind,
    edi: [...edi],
    ...defined({ role, agb, telephone, certificate: fingerprint, ends: iso(endsAt) }),
  };
}

/** The first reason why an address is not listed. */
function whyNot({ address: at, account, organisation }: Recipient): string {
  if (!settingOf('directory-listing', organisation.settings))
    return `organisation ${organisation.name} did not agree to be listed: sluis organisation set ${organisation.name} directory-listing=yes`;
  if (account.state !== 'active' || account.endsAt !== undefined) return `account ${account.login} is not active`;
  return at.state === 'active' ? 'its partner accepts no mail' : 'the address accepts no mail';
}

const stateText = ({ state, removed }: View): string =>
  state === 'removed' ? `removed ${readableTime(removed) ?? ''}` : state === 'listed' ? 'listed' : 'not listed';

export const directory = subject('directory', 'addresses that every account may look up', {
  list: lists({
    about: 'list what the directory shows, in the order of the last changes',
    in: {
      text: maybe(text('text', 100), 'part of an address, title, role, AGB code or telephone number'),
      kind: opt(choice('kind', ACCOUNT_KINDS), 'accounts of this kind only'),
      removed: flag('show also what is no longer listed'),
    },
    out: view,
    right: 'read',
    examples: ['', 'jansen --kind mail', '--removed'],
    run: async ({ store }, { text: wanted, kind, removed, limit, after }) => {
      const shown = new Directory(store);
      await shown.current();
      const query = { after: Number(after ?? 0) || 0, limit, removed, ...defined({ text: wanted, kind }) };
      return (await shown.page(query)).map(viewOf);
    },
    header: ['ADDRESS', 'STATE', 'ORGANISATION', 'KIND', 'ROLE', 'AGB', 'TELEPHONE', 'EDI', 'CERTIFICATE', 'CHANGED'],
    cells: (one) => [
      ...[one.address, stateText(one), one.title, one.kind, one.role, one.agb, one.telephone, one.edi?.join(' ')],
      ...[one.certificate === undefined ? undefined : 'yes', readableTime(one.modified)],
    ],
    after: (one) => one.version ?? '',
    none: 'The directory is empty: no organisation agreed to be listed (setting directory-listing).',
  }),

  show: reads({
    about: 'show what the directory shows of one address, or why it is not listed',
    in: { address: arg(address, 'the address') },
    out: view,
    right: 'read',
    examples: ['lab@huisarts.example'],
    run: async ({ store }, { address: of }): Promise<View> => {
      const registered = await recipientOf(store.registry, of);
      const record = await new Directory(store).find(addressKey(of));
      const known = record === undefined ? undefined : viewOf(record);
      if (known?.state === 'listed') return known;
      const { address: shown } = registered.address;
      return { address: shown, state: 'not-listed', ...known, why: whyNot(registered) };
    },
    say: (one) =>
      facts([
        ['Address', one.address],
        ['State', stateText(one)],
        ['Why', one.why],
        ['Organisation', one.title],
        ['Kind', one.kind],
        ['Role', one.role],
        ['AGB', one.agb],
        ['Telephone', one.telephone],
        ['Takes', one.edi === undefined ? undefined : one.edi.join(' ') || 'every kind of message'],
        ['Certificate', one.certificate],
        ['Ends', readableTime(one.ends)],
        ['Changed', readableTime(one.modified)],
      ]),
  }),
});
