/**
 * What was exposed while somebody else may have been in: of one account, or from one network, in a
 * period. It comes from the audit trail, which has every login, every message that was fetched,
 * looked at or removed, and every message that was sent.
 *
 * The trail is read page by page, and each call walks over a limited part of it. So even a year of
 * a whole region is never in memory.
 */
import { z } from '../../config/zod.ts';
import { accountOf } from '../../admin/accounts.ts';
import { firstSince } from '../../admin/audit-scan.ts';
import type { AdminContext } from '../../admin/context.ts';
import type { RunningGateway } from '../../admin/running-gateway.ts';
import { defined } from '../../domain/defined.ts';
import type { AccountId } from '../../domain/ids.ts';
import { instant } from '../../domain/units.ts';
import type { Whose } from '../../platform/tally.ts';
import type { AuditRow } from '../../store/audit.ts';
import type { FormerOrganisation } from '../../store/organisation-merge.ts';
import { login, network } from '../core/kinds.ts';
import { count, naming } from '../core/kind.ts';
import { since, until } from '../core/moments.ts';
import { type Values, need, old, opt } from '../core/params.ts';
import { reads } from '../core/row.ts';

const STEP = 1000;
/** Most rows that one call looks at, and most that it answers. */
const SCANNED = 10_000;
const ANSWERED = 1000;

const exposure = z.object({
  at: z.string(),
  organisation: z.string().meta({ description: 'Whose the account was then.' }),
  now: z.string().optional().meta({ description: 'Whose it is now, if that is another one.' }),
  account: z.string(),
  kind: z.enum(['login', 'refused-login', 'fetched', 'previewed', 'removed', 'sent', 'refused']).meta({
    description:
      '`login`, `refused-login`: `count` of them. `fetched`: a message to its end. `previewed`: `count` messages in part. `removed`: deleted without being fetched. `sent`: to `count` recipients. `refused`: a submission, or `count` commands of one.',
  }),
  count: z.number(),
  message: z.string().optional(),
  sender: z
    .string()
    .optional()
    .meta({ description: 'Of the message; absent once its trace is gone. Empty for a notice.' }),
  octets: z.number().optional(),
  recipients: z.array(z.string()).readonly().optional(),
  network: z.string().optional().meta({ description: 'Where from; absent if it was erased.' }),
  erased: z.boolean().meta({ description: 'Who and where were erased from the trail after their time.' }),
});
export type Exposure = z.infer<typeof exposure>;
type ExposureKind = Exposure['kind'];

const page = z.object({
  from: z.string().meta({ description: 'The period as it was read.' }),
  to: z.string(),
  rows: z.array(exposure),
  next: z.number().optional().meta({ description: 'For `after` of the next call; absent at the end.' }),
  scanned: z
    .number()
    .meta({ description: 'Rows of the trail behind, and in all; for a network, which means all accounts.' }),
  total: z.number(),
});
export type IncidentPage = z.infer<typeof page>;

const KINDS: Readonly<Record<string, ExposureKind>> = {
  'login.granted': 'login',
  'login.refused': 'refused-login',
  'message.collected': 'fetched',
  'maildrop.previewed': 'previewed',
  'message.deleted': 'removed',
  'message.accepted': 'sent',
  'message.refused': 'refused',
};

export const PERIOD = {
  account: opt(login, 'through this account'),
  network: opt(network, 'from these addresses, such as 192.0.2.7 or 192.0.2.0/24; reads the whole period'),
  since: old(
    need(
      naming('other', since),
      'such as 2026-11-25 (its first moment in Amsterdam), 14d or 2026-11-25T14:00:00+01:00',
    ),
    'from',
  ),
  until: old(opt(naming('other', until), 'until then; a date alone: its end. Default: now'), 'to'),
};
type Period = Values<typeof PERIOD>;

export function checkPeriod(input: Period): string | undefined {
  if (input.account === undefined && input.network === undefined)
    return 'Cannot report: name --account LOGIN, or --network NETWORK';
  if (input.until !== undefined && input.since > input.until)
    return 'Cannot report on a period that ends before it begins';
  return undefined;
}

export const incidentPage = reads({
  about: 'tell what was exposed, page by page',
  in: { ...PERIOD, after: opt(count('number', { max: Number.MAX_SAFE_INTEGER }), 'behind this row', 0) },
  check: checkPeriod,
  out: page,
  right: 'security',
  examples: ['--account huisarts --since 14d'],
  run: async (context, wanted) => {
    const { audit, registry } = context.store;
    const account = wanted.account === undefined ? undefined : (await accountOf(registry, wanted.account)).account.id;
    // Counts in memory are written first, so that a break-in that happens now is in the report and
    // not only in one an hour later. This is done once, since all pages are about the same period.
    if (wanted.after === 0) writeCounted(context.gateway, account, wanted);
    const end = wanted.until ?? instant(context.clock.now());
    const first = await firstSince(audit, wanted.since);
    const total = (await firstSince(audit, instant(end + 1))) - first;
    const owners = new Owners(context);
    const rows: Exposure[] = [];
    let seq = Math.max(first, wanted.after + 1);
    const answer = (more: boolean): IncidentPage => ({
      from: new Date(wanted.since).toISOString(),
      to: new Date(end).toISOString(),
      rows,
      total,
      scanned: more ? seq - first : total,
      ...(more ? { next: seq - 1 } : {}),
    });
    for (let seen = 0; seen < SCANNED;) {
      const found = await audit.read({ fromSeq: seq, limit: STEP, ...defined({ account }) });
      for (const row of found) {
        if (row.at > end) return answer(false);
        seq = row.seq + 1;
        const exposure = await exposureOf(context, row, wanted, owners);
        if (exposure !== undefined) rows.push(exposure);
        if (rows.length === ANSWERED) return answer(true);
      }
      if (found.length < STEP) return answer(false);
      seen += found.length;
    }
    return answer(true);
  },
  say: () => '',
});

function writeCounted(gateway: RunningGateway | undefined, account: AccountId | undefined, { network }: Period): void {
  const isMeant: Whose = (whose, where) =>
    (account === undefined || whose === account) && (network === undefined || network.has(withoutPrefix(where)));
  gateway?.writeCounted(isMeant);
}

const withoutPrefix = (network: string): string => network.replace(/\/\d+$/, '');

/** Where a row comes from, as it stands in the row: an address, or an IPv4 address or IPv6 /64. */
function whereOf({ personal = {} }: AuditRow): string | undefined {
  const where = personal.address ?? personal.network;
  return typeof where === 'string' ? where : undefined;
}

async function exposureOf(
  { store }: AdminContext,
  row: AuditRow,
  { network }: Period,
  owners: Owners,
): Promise<Exposure | undefined> {
  const kind = KINDS[row.event];
  if (kind === undefined || row.account === undefined) return undefined;
  const where = whereOf(row);
  if (network !== undefined && (where === undefined || !network.has(withoutPrefix(where)))) return undefined;
  const { facts = {}, personal = {} } = row;
  // A row about a message that was sent has its facts. For one that was fetched, they stand where
  // the message was accepted.
  const message =
    row.message === undefined || kind === 'sent' || kind === 'refused'
      ? undefined
      : await store.deliveries.findMessage(row.message);
  const sender = message?.sender ?? personal.sender;
  const octets = message?.octets ?? facts.octets;
  const { recipients } = personal;
  return {
    at: new Date(row.at).toISOString(),
    ...(await owners.of(row, row.account)),
    kind,
    count: countOf(kind, facts),
    erased: row.erased,
    ...defined({ message: row.message }),
    ...(typeof sender === 'string' ? { sender } : {}),
    ...(typeof octets === 'number' ? { octets } : {}),
    ...(typeof recipients === 'object' ? { recipients } : {}),
    ...defined({ network: where }),
  };
}

function countOf(kind: ExposureKind, facts: NonNullable<AuditRow['facts']>): number {
  const named =
    { login: facts.logins, previewed: facts.messages, sent: facts.recipients }[kind as string] ?? facts.count;
  return typeof named === 'number' ? named : 1;
}

interface Owner {
  readonly organisation: string;
  readonly account: string;
  readonly now?: string;
}

interface Known extends Owner {
  readonly former: readonly FormerOrganisation[];
}

/**
 * Finds to whom accounts belonged when a row was written. Each account is looked up once for each
 * page.
 */
class Owners {
  readonly #context: AdminContext;
  readonly #known = new Map<AccountId, Known>();

  constructor(context: AdminContext) {
    this.#context = context;
  }

  /**
   * The organisation to which the account belonged on that day. It is the one that must report the
   * breach.
   */
  async of({ seq }: AuditRow, id: AccountId): Promise<Owner> {
    const { former, organisation, account } = this.#known.get(id) ?? (await this.#look(id));
    const then = former.find(({ untilSeq }) => seq <= untilSeq)?.organisation ?? organisation;
    return { organisation: then, account, ...(then === organisation ? {} : { now: organisation }) };
  }

  async #look(id: AccountId): Promise<Known> {
    const { registry } = this.#context.store;
    const [found, former] = await Promise.all([registry.findAccountById(id), registry.formerOrganisations(id)]);
    const known = { organisation: found?.organisation ?? '', account: found?.account.login ?? `account ${id}`, former };
    this.#known.set(id, known);
    return known;
  }
}
