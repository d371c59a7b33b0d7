/**
 * What was exposed while somebody else may have been in: of one account, or from one network, in a period. From the audit trail, which has every
 * login, every message that was fetched, looked at or removed, and every one that was sent.
 *
 * It is read in pages, each a bounded walk over the trail: a year of a region is many of them and never in memory.
 */
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import { type Instant, instant } from '../domain/units.ts';
import type { NetworkSet } from '../platform/network.ts';
import type { Whose } from '../platform/tally.ts';
import type { AuditRow } from '../store/audit.ts';
import type { FormerOrganisation } from '../store/organisation-merge.ts';
import { accountOf } from './accounts.ts';
import { firstSince } from './audit-scan.ts';
import { type AdminContext, AdminError, type RunningGateway } from './context.ts';
import { type Input, count, login, optionalBeginning, optionalMoment, optionalText } from './input.ts';
import { listing } from './operation.ts';
import { networkSet } from './sessions.ts';

const STEP = 1000;
/** Rows that one call looks at, and most that it answers. */
const SCANNED = 10_000;
const ANSWERED = 1000;

/**
 * `login`, `refused-login`: `count` of them. `fetched`: a message to its end. `previewed`: `count` messages in part. `removed`: deleted without being
 * fetched. `sent`: to `count` recipients. `refused`: a submission, or `count` commands of one.
 */
export type ExposureKind = 'login' | 'refused-login' | 'fetched' | 'previewed' | 'removed' | 'sent' | 'refused';

export interface Exposure {
  /** ISO 8601. */
  readonly at: string;
  /** Whose the account was then. */
  readonly organisation: string;
  /** Whose it is now, where that is another one. */
  readonly now?: string;
  readonly account: string;
  readonly kind: ExposureKind;
  readonly count: number;
  readonly message?: string;
  /** Of the message; absent once its trace is gone. Empty for a notice. */
  readonly sender?: string;
  readonly octets?: number;
  readonly recipients?: readonly string[];
  /** Where from; absent where it was erased. */
  readonly network?: string;
  /** Who and where were erased from the trail after their time. */
  readonly erased: boolean;
}

export interface IncidentPage {
  /** The period as it was read, ISO 8601. */
  readonly from: string;
  readonly to: string;
  readonly rows: readonly Exposure[];
  /** For `after` of the next call; absent at the end. */
  readonly next?: number;
  /** Rows of the trail behind, and in all; for a network, which means all accounts. */
  readonly scanned: number;
  readonly total: number;
}

const KINDS: Readonly<Record<string, ExposureKind>> = {
  'login.granted': 'login',
  'login.refused': 'refused-login',
  'message.collected': 'fetched',
  'maildrop.previewed': 'previewed',
  'message.deleted': 'removed',
  'message.accepted': 'sent',
  'message.refused': 'refused',
};

interface Wanted {
  readonly login?: string;
  readonly network?: NetworkSet;
  readonly since: Instant;
  /** Absent: now. */
  readonly until?: Instant;
  readonly after: number;
}

function wantedOf(input: Input): Wanted {
  const network = optionalText(input, 'network', 64);
  const since = optionalBeginning(input, 'from');
  const until = optionalMoment(input, 'to');
  if (input.login === undefined && network === undefined)
    throw new AdminError('invalid', 'Cannot report: name an account, or a network');
  if (since === undefined)
    throw new AdminError('invalid', 'Cannot report without a period: expected moments such as 2026-11-25');
  if (until !== undefined && since > until)
    throw new AdminError('invalid', 'Cannot report on a period that ends before it begins');
  return {
    ...(input.login === undefined ? {} : { login: login(input, 'login') }),
    ...(network === undefined ? {} : { network: networkSet(network) }),
    ...defined({ until }),
    since,
    after: count(input, 'after', { initial: 0, max: Number.MAX_SAFE_INTEGER }),
  };
}

export const incidentOperations = {
  'report.incident': listing(wantedOf, async (context, wanted): Promise<IncidentPage> => {
    const { audit, registry } = context.store;
    const account = wanted.login === undefined ? undefined : (await accountOf(registry, wanted.login)).account.id;
    // A break-in that goes on now is in the report, and not only in the one of an hour later. Once: the pages after it are of the same period.
    if (wanted.after === 0) writeCounted(context.gateway, account, wanted);
    const until = wanted.until ?? instant(context.clock.now());
    const first = await firstSince(audit, wanted.since);
    const total = (await firstSince(audit, instant(until + 1))) - first;
    const owners = new Owners(context);
    const rows: Exposure[] = [];
    let seq = Math.max(first, wanted.after + 1);
    const page = (more: boolean): IncidentPage => ({
      from: new Date(wanted.since).toISOString(),
      to: new Date(until).toISOString(),
      rows,
      total,
      scanned: more ? seq - first : total,
      ...(more ? { next: seq - 1 } : {}),
    });
    for (let seen = 0; seen < SCANNED;) {
      const found = await audit.read({ fromSeq: seq, limit: STEP, ...defined({ account }) });
      for (const row of found) {
        if (row.at > until) return page(false);
        seq = row.seq + 1;
        const exposure = await exposureOf(context, row, wanted, owners);
        if (exposure !== undefined) rows.push(exposure);
        if (rows.length === ANSWERED) return page(true);
      }
      if (found.length < STEP) return page(false);
      seen += found.length;
    }
    return page(true);
  }),
};

function writeCounted(gateway: RunningGateway | undefined, account: AccountId | undefined, { network }: Wanted): void {
  const isMeant: Whose = (whose, where) =>
    (account === undefined || whose === account) && (network === undefined || network.has(withoutPrefix(where)));
  gateway?.writeCounted(isMeant);
}

const withoutPrefix = (network: string): string => network.replace(/\/\d+$/, '');

/** Where a row comes from, as it stands there: an address, or an IPv4 address or IPv6 /64. */
function whereOf({ personal = {} }: AuditRow): string | undefined {
  const where = personal.address ?? personal.network;
  return typeof where === 'string' ? where : undefined;
}

async function exposureOf(
  { store }: AdminContext,
  row: AuditRow,
  { network }: Wanted,
  owners: Owners,
): Promise<Exposure | undefined> {
  const kind = KINDS[row.event];
  if (kind === undefined || row.account === undefined) return undefined;
  const where = whereOf(row);
  if (network !== undefined && (where === undefined || !network.has(withoutPrefix(where)))) return undefined;
  const { facts = {}, personal = {} } = row;
  // What was sent has its facts in the row; what was fetched has them where the message was accepted.
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

/** Accounts and whose they were when a row was written, each looked up once in a page. */
class Owners {
  readonly #context: AdminContext;
  readonly #known = new Map<AccountId, Known>();

  constructor(context: AdminContext) {
    this.#context = context;
  }

  /** The breach is reported by whoever the account belonged to on that day. */
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
