/**
 * `sluis account contain`: shuts everybody out of an account that somebody else got into, or may
 * have got into (decision 1304).
 *
 * One transaction suspends the account, removes its passwords, revokes its certificates and voids
 * its codes for new passwords; its remembered logins go with that commit. Then its open sessions
 * end, even in the middle of a message, and TLS tickets from before no longer open a session. Last,
 * certificates of the gateway's own authority go on the revocation list. Nobody can log in here
 * with them any longer by then.
 *
 * Many accounts are contained part by part, 200 in each transaction. After an interruption, a
 * second run over the same list does the rest.
 */
import { z } from '../config/zod.ts';
import { accountOf } from '../admin/accounts.ts';
import type { AdminContext } from '../admin/context.ts';
import { AdminError } from '../admin/error.ts';
import type { Call } from '../admin/call.ts';
import { type SessionView, cutSessions, openSessions, sessionView } from '../admin/sessions.ts';
import { facts } from '../cli/output.ts';
import { agree, many } from '../domain/counted.ts';
import { defined } from '../domain/defined.ts';
import { MAX_REVOKED } from '../store/certificates.ts';
import { type AccountSummary, MAX_ACCOUNTS } from '../store/registry.ts';
import { manyAccounts, namedAccounts, partsOf } from './core/accounts.ts';
import { publishing } from './core/publishing.ts';
import { changes } from './core/row.ts';

/** Most items that are listed one by one. More would not fit in one line of the control socket. */
const TOLD = 1000;
const PAGE = 1000;

const containedView = z.object({
  login: z.string(),
  organisation: z.string(),
  was: z.string().meta({ description: 'Its state before.' }),
  passwords: z.array(z.string()).meta({ description: 'Names of those that were removed.' }),
  appPasswords: z.array(z.string()).meta({ description: 'Names of those of programs that were ended.' }),
  certificates: z.array(z.string()).meta({ description: 'Names of those that were revoked.' }),
  sessions: z.array(sessionView).meta({ description: 'That were open.' }),
  sendsAs: z.array(z.string()).readonly().meta({
    description: 'Addresses of other accounts that it may send as, which an intruder could use.',
  }),
});
const containmentView = z.object({
  applied: z.boolean().meta({ description: 'False if it was a dry run.' }),
  accounts: z.number(),
  changed: z.number().meta({
    description: 'Those that still had something to remove: a second run over the same list finds none.',
  }),
  sessions: z.number().meta({ description: 'Of all of them.' }),
  contained: z.array(containedView).meta({ description: `Each, if there are no more than ${TOLD}.` }),
  tickets: z.boolean().meta({ description: 'TLS tickets are void.' }),
  problem: z.string().optional().meta({ description: 'Why the revocation list could not be written.' }),
});
type ContainedView = z.infer<typeof containedView>;
export type ContainmentView = z.infer<typeof containmentView>;

/**
 * The login name of an account. It is all that is kept of each account until every account is
 * contained, since there may be thousands. Throws AdminError for an account that has ended.
 */
function nameOf({ account: { login, state } }: AccountSummary): string {
  if (state !== 'ended') return login;
  throw new AdminError(
    'ended',
    `Cannot contain account "${login}": it has ended and nobody can log in to it; leave it out`,
  );
}

/**
 * Certificates of the gateway's own authority. Others accept them until they are on its revocation
 * list.
 */
async function issuedTo({ store }: AdminContext, login: string): Promise<readonly string[]> {
  const valid: string[] = [];
  let after: Pick<AccountSummary['certificates'][number], 'notAfter' | 'fingerprint'> | undefined;
  for (;;) {
    const found = await store.certificates.listCertificates({ login, limit: PAGE, ...defined({ after }) });
    // A certificate that is only registered ends together with the account's login.
    for (const { use, fingerprint, revoked, registered } of found)
      if (use === 'login' && revoked === undefined && registered !== true) valid.push(fingerprint);
    const last = found.at(-1);
    if (found.length < PAGE || last === undefined) return valid;
    after = { notAfter: last.notAfter, fingerprint: last.fingerprint };
  }
}

async function revokeIssued(context: AdminContext, logins: readonly string[], { actor }: Call): Promise<number> {
  let revoked = 0;
  const issued = await Promise.all(logins.map((login) => issuedTo(context, login)));
  for (const part of partsOf(issued.flat(), MAX_REVOKED))
    revoked += await context.store.certificates.revokeCertificates(part, 'keyCompromise', actor);
  return revoked;
}

const viewOf = (before: AccountSummary, sessions: readonly SessionView[]): ContainedView => ({
  login: before.account.login,
  organisation: before.organisation,
  was: before.account.state,
  passwords: before.passwords.map(({ name }) => name),
  appPasswords: before.appPasswords.map(({ name }) => name),
  certificates: before.certificates.filter(({ revokedAt }) => revokedAt === undefined).map(({ name }) => name),
  sessions: sessions.filter(({ account }) => account === before.account.login),
  sendsAs: before.sendsAs,
});

/**
 * Contains one part of the accounts. Resolves to the sessions that were open, and to how much
 * changed.
 */
async function containPart(
  context: AdminContext,
  logins: readonly string[],
  call: Call,
): Promise<{ readonly changed: number; readonly sessions: readonly SessionView[]; readonly revoked: number }> {
  const { registry } = context.store;
  const changed = await registry.containAccounts(logins, call.actor);
  // This read comes after the commit. A login that was under way at the commit has opened its
  // session by now, or finds the account suspended.
  await registry.findAccount(logins[0] ?? '');
  const sessions = cutSessions(context, logins);
  return { changed, sessions, revoked: await revokeIssued(context, logins, call) };
}

export const contain = changes({
  ...manyAccounts,
  api: {
    method: 'POST',
    path: '/accounts/{accountId}/containments',
    without: ['upload'],
    ids: { 'contained.accountId': 'login' },
  },
  about:
    'an intruder may have access: suspend it, end its sessions, remove its passwords, revoke its certificates, void TLS tickets',
  out: containmentView,
  right: 'support',
  trail: ['registry.account-contained', 'certificate.revoked'],
  undo: 'account resume; new passwords and certificates are given',
  examples: [
    'huisarts --dry-run',
    'huisarts --reason "its password was read by others"',
    '--from accounts.csv --dry-run',
  ],
  progress: { phase: 'Containing', unit: 'accounts' },
  run: async (context, { login: logins, dryRun }, call) => {
    const all = await namedAccounts(context, { verb: 'contain', logins, keep: nameOf }, call);
    const contained: ContainedView[] = [];
    let [changed, sessions, issued, done] = [0, 0, 0, 0];
    for (const part of partsOf(all, MAX_ACCOUNTS)) {
      const before =
        all.length > TOLD ? [] : await Promise.all(part.map((name) => accountOf(context.store.registry, name)));
      const did = dryRun
        ? { changed: 0, sessions: openSessions(context, part), revoked: 0 }
        : await containPart(context, part, call);
      changed += did.changed;
      sessions += did.sessions.length;
      issued += did.revoked;
      contained.push(...before.map((summary) => viewOf(summary, did.sessions)));
      call.progress((done += part.length), all.length);
    }
    if (!dryRun) context.gateway?.voidTickets();
    // An earlier run that was cut short may have revoked certificates without publishing the list.
    const publish = issued > 0 || (!dryRun && changed < all.length);
    const problem = publish ? await publishing(context) : undefined;
    return {
      applied: !dryRun,
      accounts: all.length,
      changed,
      sessions,
      contained,
      tickets: !dryRun && context.gateway !== undefined,
      ...defined({ problem }),
    };
  },
  say: containmentText,
});

const names = (of: readonly string[]): string => (of.length === 0 ? 'none' : of.join(', '));

const accountText = (a: ContainedView, applied: boolean): string =>
  [
    `Account ${a.login} of ${a.organisation} ${applied ? 'is contained' : 'would be contained'}.`,
    facts([
      ['  State', `suspended; was ${a.was}`],
      ['  Passwords removed', names(a.passwords)],
      ['  App passwords ended', a.appPasswords.length === 0 ? undefined : names(a.appPasswords)],
      ['  Certificates revoked', names(a.certificates)],
      [
        '  Sessions ended',
        names(
          a.sessions.map(
            (s) => `${s.protocol} from ${s.address}${s.state === 'content' ? ' in the middle of a message' : ''}`,
          ),
        ),
      ],
      ['  Could send as', a.sendsAs.join(', ')],
    ]),
  ].join('\n');

function containmentText(done: ContainmentView): string {
  const { applied, accounts, changed, sessions, contained, tickets, problem } = done;
  const each = contained.map((a) => accountText(a, applied));
  const sum = `${many(accounts, 'account')} ${applied ? 'are' : 'would be'} contained, ${many(sessions, 'session')} ${applied ? agree(sessions, 'was', 'were') : 'would be'} ended.`;
  const rest = applied && changed < accounts ? [`${accounts - changed} of them had nothing left to remove.`] : [];
  const together = accounts === 1 ? [] : [sum, ...rest];
  if (!applied) return [...each, ...together, 'Nothing was changed.'].join('\n');
  const login = contained.length === 1 ? (contained[0]?.login ?? 'LOGIN') : 'LOGIN';
  return [
    ...each,
    ...together,
    tickets
      ? 'TLS tickets of all listeners are void: each client makes one full handshake.'
      : 'No gateway was running: no session was open, and a start makes new TLS ticket keys.',
    ...(problem === undefined ? [] : [problem]),
    '',
    'Mail for it is refused meanwhile (550 5.2.1), and its senders know. What to do next:',
    `  sluis report incident --account ${login} --from DATE     what was exposed, for the report of a breach`,
    `  sluis account password add ${login} --name first --generate --out FILE     when its machines are clean`,
    `  sluis account resume ${login}     and new certificates: sluis cert issue --account ${login} --use login --code`,
  ].join('\n');
}
