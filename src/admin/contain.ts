/**
 * An account that somebody else got into, or may have: everything that it could be entered by is gone in one go (decision 1304).
 *
 * One transaction suspends it, removes its passwords, revokes its certificates and voids its codes for new ones; what is remembered of its
 * logins goes with that commit. Then its open sessions end, in the middle of a message too, and no TLS ticket given out before opens a
 * session any more. Its own authority's certificates go on the revocation list last: nobody gets in here by them any more.
 *
 * Many are contained one after the other. A second run over the same list does what the first one had not come to.
 */
import { tryToPublish } from '../ca/revocation-lists.ts';
import type { AccountSummary } from '../store/registry.ts';
import { accountOf } from './accounts.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { problemLines, readTable } from './csv-table.ts';
import { type Input, flag, login } from './input.ts';
import { change } from './operation.ts';
import { type SessionView, cutSessions, openSessions } from './sessions.ts';

/** Most accounts of one call. */
export const MAX_CONTAINED = 20_000;
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
  /** Sessions of all of them. */
  readonly sessions: number;
  /** Each account, where there are no more than 1000. */
  readonly contained: readonly ContainedView[];
  /** TLS tickets are void. */
  readonly tickets: boolean;
  /** The revocation list could not be written: why. */
  readonly problem?: string;
}

function loginsOf(input: Input): readonly string[] {
  const { logins = [] } = input;
  if (!Array.isArray(logins) || logins.length > MAX_CONTAINED)
    throw new AdminError('invalid', `Cannot contain those: expected at most ${MAX_CONTAINED} log-in names`);
  return logins.map((name: unknown) => login({ login: name }, 'login'));
}

/** Every name of the file, or all that is wrong with it. */
async function loginsFrom(upload: AsyncIterable<string>): Promise<readonly string[]> {
  const names: string[] = [];
  const problems: { line: number; column?: string; text: string }[] = [];
  for await (const item of readTable(upload, { required: ['account'], optional: [], records: MAX_CONTAINED })) {
    if (item.kind === 'problem') problems.push(item.problem);
    else if (item.kind === 'record')
      try {
        names.push(login({ login: item.record.cell('account') }, 'login'));
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        problems.push({ line: item.record.line, column: 'account', text });
      }
  }
  if (problems.length > 0)
    throw new AdminError('invalid', `Cannot use the file, nothing was changed:\n${problemLines(problems)}`);
  return names;
}

/** All of them before the first is touched: a name that is wrong must not be found half way. */
async function summariesOf({ store }: AdminContext, names: readonly string[]): Promise<readonly AccountSummary[]> {
  const all: AccountSummary[] = [];
  for (const name of new Set(names)) {
    const summary = await accountOf(store.registry, name);
    if (summary.account.state === 'ended')
      throw new AdminError(
        'ended',
        `Cannot contain account "${name}": it has ended, nobody gets in by it; leave it out`,
      );
    all.push(summary);
  }
  return all;
}

/** Certificates of the own authority, which others believe in until they are on its revocation list. */
async function revokeIssued({ store }: AdminContext, name: string, { actor }: Call): Promise<number> {
  let revoked = 0;
  for (
    let after: { notAfter: AccountSummary['certificates'][number]['notAfter']; fingerprint: string } | undefined;
    ;
  ) {
    const found = await store.certificates.listCertificates({
      ...{ login: name, limit: PAGE },
      ...(after === undefined ? {} : { after }),
    });
    for (const { use, fingerprint, revoked: gone } of found) {
      if (use !== 'login' || gone !== undefined) continue;
      await store.certificates.revokeCertificate(fingerprint, 'keyCompromise', actor);
      revoked += 1;
    }
    const last = found.at(-1);
    if (found.length < PAGE || last === undefined) return revoked;
    after = { notAfter: last.notAfter, fingerprint: last.fingerprint };
  }
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

export const containOperations = {
  'account.contain': change(
    (input) => ({ logins: loginsOf(input), dryRun: flag(input, 'dry-run') }),
    async (context, { logins, dryRun }, call): Promise<ContainmentView> => {
      const names = call.upload === undefined ? logins : [...logins, ...(await loginsFrom(call.upload))];
      if (names.length === 0) throw new AdminError('invalid', 'Cannot contain: name an account, or a file with --from');
      const all = await summariesOf(context, names);
      const contained: ContainedView[] = [];
      let [sessions, issued, done] = [0, 0, 0];
      for (const before of all) {
        const { login: name } = before.account;
        if (!dryRun) {
          await context.store.registry.containAccount(name, call.actor);
          // Behind a read: a login that was under way when the commit came has its session by now, or finds the account suspended.
          await context.store.registry.findAccount(name);
        }
        const open = dryRun ? openSessions(context, name) : cutSessions(context, name);
        if (!dryRun) issued += await revokeIssued(context, name, call);
        sessions += open.length;
        if (all.length <= TOLD) contained.push(viewOf(before, open));
        call.progress(++done, all.length);
      }
      if (!dryRun) context.gateway?.voidTickets();
      const problem = issued === 0 ? undefined : await tryToPublish(context.ca);
      return {
        ...{ applied: !dryRun, accounts: all.length, sessions, contained },
        tickets: !dryRun && context.gateway !== undefined,
        ...(problem === undefined ? {} : { problem }),
      };
    },
  ),
};
