/** Why an account is not active: who made it so, when, and for what reason. */
import { z } from '../config/zod.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { AuditRow } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';

export const standingView = z.object({
  what: z.string().meta({
    description: '`suspended`, `contained`, `ended`, `ending`; those of its organisation begin with `organisation `.',
  }),
  at: z.string(),
  by: z.string().optional().meta({ description: 'Absent if it left the trail after its time.' }),
  reason: z.string().optional(),
});
export type StandingView = z.infer<typeof standingView>;

/**
 * Most changes of organisations among which the one of this account's organisation is looked for.
 */
const LOOKED = 1000;

const viewOf = (what: string, { at, personal = {} }: AuditRow): StandingView => ({
  what,
  at: new Date(at).toISOString(),
  ...(typeof personal.actor === 'string' ? { by: personal.actor } : {}),
  ...(typeof personal.reason === 'string' ? { reason: personal.reason } : {}),
});

/**
 * What keeps an account from logging in or getting mail now: first what concerns the account
 * itself, then what concerns its organisation.
 */
export async function standingOf(
  audit: AuditTrail,
  { account, organisation }: AccountSummary,
  organisationState: string | undefined,
): Promise<readonly StandingView[]> {
  const found: StandingView[] = [];
  const newest = async (event: string): Promise<AuditRow | undefined> =>
    (await audit.latest({ event, account: account.id, limit: 1 }))[0];
  const [state, contained, ending] = await Promise.all([
    newest('registry.account-state'),
    newest('registry.account-contained'),
    newest('registry.account-ending'),
  ]);
  const own = [state, contained].filter((row) => row !== undefined).sort((a, b) => b.seq - a.seq)[0];
  // To contain an account also suspends it. If somebody resumed it since, that row is newer and
  // says `active`.
  if (own !== undefined && own.facts?.to !== 'active')
    found.push(viewOf(own === contained ? 'contained' : String(own.facts?.to), own));
  const isTakenBack = state?.facts?.from === 'ending' && state.seq > (ending?.seq ?? 0);
  if (ending !== undefined && account.endsAt !== undefined && !isTakenBack) found.push(viewOf('ending', ending));
  if (organisationState !== undefined) {
    const rows = await audit.latest({ event: 'registry.organisation-state', limit: LOOKED });
    const row = rows.find(({ personal }) => personal?.organisation === organisation);
    if (row !== undefined) found.push(viewOf(`organisation ${organisationState}`, row));
  }
  return found;
}
