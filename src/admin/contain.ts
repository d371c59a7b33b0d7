/**
 * An account that somebody else got into, or may have: everything that it could be entered by is gone in one go (decision 1304).
 *
 * One transaction suspends it, removes its passwords, revokes its certificates and voids its codes for new ones; what is remembered of its
 * logins goes with that commit. Then its open sessions end, in the middle of a message too, and no TLS ticket given out before opens a
 * session any more. Its own authority's certificates go on the revocation list last: nobody gets in here by them any more.
 *
 * Many are contained part by part, each in one transaction of 200. A second run over the same list does what the first one had not come to.
 */
import { tryToPublish } from '../ca/revocation-lists.ts';
import { defined } from '../domain/defined.ts';
import { MAX_REVOKED } from '../store/certificates.ts';
import { type AccountSummary, MAX_ACCOUNTS } from '../store/registry.ts';
import { loginsOf, namedAccounts, partsOf } from './account-names.ts';
import { accountOf } from './accounts.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { flag } from './input.ts';
import { change } from './operation.ts';
import { type SessionView, cutSessions, openSessions } from './sessions.ts';

/** Most that are told of one by one; more would be no line of the control socket. */
const TOLD = 1000;
const PAGE = 1000;

export interface ContainedView {
  readonly login: string;
  readonly organisation: string;
  /** Before. */
  readonly was: string;
  /** Names of the passwords that were removed. */
  readonly passwords: readonly string[];
  /** Names of the certificates that were revoked. */
  readonly certificates: readonly string[];
  /** Sessions that were open. */
  readonly sessions: readonly SessionView[];
  /** Addresses of other accounts that it may send as: whoever was in could. */
  readonly sendsAs: readonly string[];
}

export interface ContainmentView {
  /** False where it was only asked what would be. */
  readonly applied: boolean;
  readonly accounts: number;
  /** Those that still had something to take: a second run over the same list finds none. */
  readonly changed: number;
  /** Sessions of all of them. */
  readonly sessions: number;
  /** Each account, where there are no more than 1000. */
  readonly contained: readonly ContainedView[];
  /** TLS tickets are void. */
  readonly tickets: boolean;
  /** The revocation list could not be written: why. */
  readonly problem?: string;
}

/** What is kept of thousands until they are contained. */
function nameOf({ account: { login, state } }: AccountSummary): string {
  if (state !== 'ended') return login;
  throw new AdminError('ended', `Cannot contain account "${login}": it has ended, nobody gets in by it; leave it out`);
}

/** Certificates of the own authority, which others believe in until they are on its revocation list. */
async function issuedTo({ store }: AdminContext, login: string): Promise<readonly string[]> {
  const valid: string[] = [];
  for (
    let after: { notAfter: AccountSummary['certificates'][number]['notAfter']; fingerprint: string } | undefined;
    ;
  ) {
    const found = await store.certificates.listCertificates({ login, limit: PAGE, ...defined({ after }) });
    // Registrations alone are ended with the account's log-in.
    for (const { use, fingerprint, revoked, registered } of found)
      if (use === 'login' && revoked === undefined && registered !== true) valid.push(fingerprint);
    const last = found.at(-1);
    if (found.length < PAGE || last === undefined) return valid;
    after = { notAfter: last.notAfter, fingerprint: last.fingerprint };
  }
}

async function revokeIssued(context: AdminContext, logins: readonly string[], { actor }: Call): Promise<number> {
  const { certificates } = context.store;
  let revoked = 0;
  const issued = await Promise.all(logins.map((login) => issuedTo(context, login)));
  for (const part of partsOf(issued.flat(), MAX_REVOKED))
    revoked += await certificates.revokeCertificates(part, 'keyCompromise', actor);
  return revoked;
}

const viewOf = (before: AccountSummary, sessions: readonly SessionView[]): ContainedView => ({
  login: before.account.login,
  organisation: before.organisation,
  was: before.account.state,
  passwords: before.passwords.map(({ name }) => name),
  certificates: before.certificates.filter(({ revokedAt }) => revokedAt === undefined).map(({ name }) => name),
  sessions,
  sendsAs: before.sendsAs,
});

/** One part of them, and what was open of it. */
async function containPart(
  context: AdminContext,
  logins: readonly string[],
  call: Call,
): Promise<{ readonly changed: number; readonly sessions: readonly SessionView[]; readonly revoked: number }> {
  const { registry } = context.store;
  const changed = await registry.containAccounts(logins, call.actor);
  // Behind a read: a login that was under way when the commit came has its session by now, or finds the account suspended.
  await registry.findAccount(logins[0] ?? '');
  const sessions = cutSessions(context, logins);
  return { changed, sessions, revoked: await revokeIssued(context, logins, call) };
}

export const containOperations = {
  'account.contain': change(
    (input) => ({ logins: loginsOf(input), dryRun: flag(input, 'dry-run') }),
    async (context, { logins, dryRun }, call): Promise<ContainmentView> => {
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
        for (const summary of before)
          contained.push(
            viewOf(
              summary,
              did.sessions.filter(({ account }) => account === summary.account.login),
            ),
          );
        call.progress((done += part.length), all.length);
      }
      if (!dryRun) context.gateway?.voidTickets();
      // A run that was cut short may have revoked without publishing.
      const publish = issued > 0 || (!dryRun && changed < all.length);
      const problem = publish ? await tryToPublish(context.ca) : undefined;
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
  ),
};
