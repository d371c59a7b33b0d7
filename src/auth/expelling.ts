/**
 * Ends open sessions whose right has ended: a suspended or ended account, a revoked certificate or
 * a replaced password must not be used further in a session that is already open.
 */
import type { AccountId } from '../domain/ids.ts';
import { turns } from '../platform/turns.ts';
import type { Registry } from '../store/port/registry.ts';
import type { Authenticator, UsedPassword } from './authenticator.ts';
import { passwordStands } from './candidates.ts';

export type Expelled = 'account-closed' | 'certificate-ended' | 'password-ended';

/** One session, as far as its right to the account goes. */
export interface LoggedInSession {
  /** Absent before the login. */
  readonly account?: { readonly id: AccountId; readonly login: string } | undefined;
  /** The password that opened the session, if one did. */
  readonly password?: UsedPassword | undefined;
  /** The login rests on a client certificate. */
  readonly byCertificate: boolean;
  /** False once that certificate is no longer accepted. */
  stands(): Promise<boolean>;
  /**
   * The right of the session is judged until `until` resolves. Before that the session answers
   * nothing more, not even a command that came in the same moment.
   */
  judged(until: Promise<void>): void;
  expel(ending: Expelled): void;
}

/** Expels sessions from now on. `failed` is called if the registry cannot be asked. */
export function expelWhoseRightEnds(
  sessions: ReadonlySet<LoggedInSession>,
  {
    registry,
    authenticator,
  }: { readonly registry: Pick<Registry, 'findLogin' | 'onChange'>; readonly authenticator: Authenticator },
  failed: (error: unknown) => void,
): void {
  registry.onChange((changed) => {
    const whose = [...sessions].filter(
      ({ account }) => account !== undefined && (changed === 'many' || changed.includes(account.id)),
    );
    const judged = expel(registry, whose).catch(failed);
    for (const session of whose) session.judged(judged);
  });
  authenticator.onTrustChange(() => {
    expelUntrusted([...sessions]).catch(failed);
  });
}

async function expel(registry: Pick<Registry, 'findLogin'>, sessions: readonly LoggedInSession[]): Promise<void> {
  for (const session of sessions) {
    const { account } = session;
    if (account === undefined) continue;
    if (turns.over()) await turns.rest();
    const record = await registry.findLogin(account.login);
    if (record?.account.state !== 'active') session.expel('account-closed');
    else if (!passwordStands(record, session.password)) session.expel('password-ended');
    else if (!(await session.stands().catch(() => false))) session.expel('certificate-ended');
  }
}

/**
 * A revocation list that names the certificate of an open session ends it, as the registry's own
 * revocation does.
 */
async function expelUntrusted(sessions: readonly LoggedInSession[]): Promise<void> {
  for (const session of sessions) {
    if (!session.byCertificate) continue;
    // For each session a certificate path is verified again, which takes a millisecond; there may
    // be thousands.
    if (turns.over()) await turns.rest();
    if (!(await session.stands().catch(() => false))) session.expel('certificate-ended');
  }
}
