/** `sluis session`: who is connected to the mail ports now, and how to end such a session. */
import { z } from '../config/zod.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import { type SessionView, type Wanted, sessionView } from '../admin/sessions.ts';
import { readableSize, readableTime, table } from '../cli/output.ts';
import { agree, many } from '../domain/counted.ts';
import { login } from './core/kinds.ts';
import { named } from './core/kind.ts';
import { flag, opt, rest } from './core/params.ts';
import { changes, lists } from './core/row.ts';
import { subject } from './core/subject.ts';

const which = {
  account: opt(login, 'of this account only'),
  network: opt(named('other', 'network'), 'from these addresses only, such as 192.0.2.7 or 192.0.2.0/24'),
};
interface Which {
  readonly account: string | undefined;
  readonly network: string | undefined;
}

const wantedOf = (
  { account, network }: Which,
  networkSet: (text: string) => NonNullable<Wanted['network']>,
): Wanted => ({
  logins: account === undefined ? undefined : new Set([account]),
  network: network === undefined ? undefined : networkSet(network),
});

const endView = z.object({
  sessions: z.array(sessionView),
  unknown: z.array(z.string()).meta({ description: 'Ids that no open session has.' }),
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
});
export type SessionEnd = z.infer<typeof endView>;

const HEADER = ['SESSION', 'PROTOCOL', 'ACCOUNT', 'ADDRESS', 'TLS', 'CLIENT', 'SINCE', 'STATE', 'READ', 'WRITTEN'];
// The cipher suite would double the width of a line, so only --json and "account show" have it.
const cells = (s: SessionView) => [
  ...[s.id, s.protocol, s.account, s.address, s.tls, s.client, readableTime(s.since), s.state],
  ...[readableSize(s.read), readableSize(s.written)],
];

export const sessions = subject('session', 'connections that are open now', {
  list: lists({
    api: { method: 'GET', path: '/sessions', id: 'listSessions', ids: { accountId: 'account' } },
    about: 'who is connected, since when, with what',
    in: which,
    out: sessionView,
    right: 'support',
    examples: ['', '--account huisarts', '--network 192.0.2.0/24'],
    run: async (context, { limit, after = '', ...given }) => {
      const { foundSessions, knownOrOpen, networkSet, viewSession } = await import('../admin/sessions.ts');
      const wanted = wantedOf(given, networkSet);
      const all = foundSessions(context, 'list sessions', wanted);
      await knownOrOpen(context, wanted, all);
      const page = all.filter(([{ id }]) => id > after).slice(0, limit);
      return page.map(([facts]) => viewSession(context, facts));
    },
    header: HEADER,
    cells,
    after: (s) => s.id,
    none: 'No session is open.',
  }),

  end: changes({
    api: {
      method: 'DELETE',
      path: '/sessions/{sessionId}',
      without: ['account', 'network'],
      ids: { 'sessions.accountId': 'account' },
    },
    about: 'end sessions; a client with a valid login may come back at once',
    was: ['kill'],
    in: {
      ids: rest(named('other', 'id'), 'as "sluis session list" shows them'),
      ...which,
      dryRun: flag('show them and end none'),
    },
    out: endView,
    right: 'support',
    trail: [],
    undo: 'not needed: a client with a valid login comes back',
    examples: [
      '--account huisarts --dry-run',
      '--network 192.0.2.0/24 --reason "the stolen laptop connects from there"',
    ],
    check: ({ ids, account, network }) =>
      ids.length === 0 && account === undefined && network === undefined
        ? 'Cannot end sessions: name their ids, --account or --network'
        : undefined,
    run: endSessions,
    say: (done) =>
      [
        ...(done.sessions.length === 0 ? [] : [table(HEADER, done.sessions.map(cells))]),
        `${many(done.sessions.length, 'session')} ${
          done.applied ? `${agree(done.sessions.length, 'was', 'were')} ended.` : 'would be ended. Nothing was changed.'
        }`,
        ...(done.unknown.length === 0 ? [] : [`No longer open: ${done.unknown.join(' ')}`]),
      ].join('\n'),
  }),
});

async function endSessions(
  context: AdminContext,
  { ids, dryRun, ...given }: Which & { readonly ids: readonly string[]; readonly dryRun: boolean },
): Promise<SessionEnd> {
  const { foundSessions, knownOrOpen, networkSet, viewSession } = await import('../admin/sessions.ts');
  const wanted = wantedOf(given, networkSet);
  const all = foundSessions(context, 'end sessions', wanted).filter(([{ id }]) => ids.length === 0 || ids.includes(id));
  if (!dryRun) for (const [, session] of all) session.kill();
  await knownOrOpen(context, wanted, all);
  if (ids.length > 0 && all.length === 0) throw notOpen(ids);
  return {
    sessions: all.map(([facts]) => viewSession(context, facts)),
    unknown: ids.filter((id) => !all.some(([facts]) => facts.id === id)),
    applied: !dryRun,
  };
}

function notOpen(ids: readonly string[]): AdminError {
  const [first = ''] = ids;
  const what =
    ids.length === 1 ? `session "${first}": it is` : `any of ${ids.length} sessions, such as "${first}": they are`;
  return new AdminError('unknown', `Cannot end ${what} not open; "sluis session list" shows those that are`);
}
