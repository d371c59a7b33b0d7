/** Looks at the audit trail, checks it, gives it out, sums it up. Each look stands in the trail itself. */
import { BEFORE_ALL } from '../crypto/audit-chain.ts';
import { exportLine } from '../crypto/audit-export.ts';
import { isBeginningOfEvent, nearestEvent } from '../domain/audit-events.ts';
import type { ChainRow } from '../domain/audit-row.ts';
import { defined } from '../domain/defined.ts';
import type { AccountId } from '../domain/ids.ts';
import { nen7513Of } from '../domain/nen7513.ts';
import { type Instant, instant } from '../domain/units.ts';
import type { AuditReport, AuditRow } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import { type AuditSummary, firstSince, report } from './audit-scan.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { type EventView, viewEvent } from './delivery-views.ts';
import { type Input, flag, optionalBeginning, optionalMoment, optionalText } from './input.ts';
import { Names } from './names.ts';
import { change, listing } from './operation.ts';

/** Rows that one call looks at; more come with the next. */
const SCANNED = 20_000;
const STEP = 1000;
const MAX_ANCHORS = 20_000;

export interface AuditRowView extends EventView {
  readonly seq: number;
  readonly message?: string;
  /** Who or where was erased. */
  readonly erased: boolean;
}
export interface AuditPage {
  /** The newest that were asked for, oldest first. */
  readonly rows: readonly AuditRowView[];
  /** What the next call gives as `before`; absent where no older row is. */
  readonly next?: number;
}
export interface ExportPage {
  readonly hostname: string;
  /** The row before the first line, of the first page. */
  readonly after: { readonly seq: number; readonly hash: string };
  readonly lines: readonly string[];
  readonly next?: number;
}
export interface VerifyView {
  readonly report: AuditReport;
  readonly anchors: number;
  /** Of the first anchor that the trail does not have. */
  readonly missing?: { readonly seq: number; readonly why: string };
  /** Rows behind the newest anchor. */
  readonly behind?: number;
}

const whole = (input: Input, name: string, initial: number, most: number): number => {
  const value = input[name] ?? initial;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > most)
    throw new AdminError('invalid', `Cannot use that as ${name}: expected a whole number up to ${most}`);
  return value;
};

interface Wanted {
  /** Rows before this one; 0: up to the newest. */
  readonly before: number;
  readonly limit: number;
  readonly since?: Instant;
  readonly until?: Instant;
  readonly login?: string;
  readonly event?: string;
}

/** A mistyped name must not read as "it never happened". */
function eventOf(input: Input): string | undefined {
  const event = optionalText(input, 'event', 64);
  if (event === undefined || isBeginningOfEvent(event)) return event;
  const near = nearestEvent(event);
  const remedy = near === undefined ? 'docs/operations.md, "The audit trail", lists them' : `did you mean "${near}"?`;
  throw new AdminError(
    'invalid',
    `Cannot list "${event}": expected an event, or how some begin, such as login; ${remedy}`,
  );
}

function wantedOf(input: Input): Wanted {
  const since = optionalBeginning(input, 'since');
  const until = optionalMoment(input, 'until');
  const login = optionalText(input, 'account');
  const event = eventOf(input);
  return {
    before: whole(input, 'before', 0, Number.MAX_SAFE_INTEGER),
    limit: whole(input, 'limit', 100, 1000),
    ...defined({ since, until, login, event }),
  };
}

/** NEN 7513: who looked, at what, when. */
const noteLook = (audit: AuditTrail, { actor }: Call, what: string): void =>
  audit.note({
    event: 'audit.read',
    outcome: 'success',
    facts: { what },
    personal: { actor: actor.name, ...defined({ reason: actor.reason }) },
  });

export const auditOperations = {
  'audit.list': listing(wantedOf, async ({ store, gateway }, wanted, call): Promise<AuditPage> => {
    const page = await list({ store, gateway }, wanted);
    // Behind the look itself, or it would be the newest row of every list.
    if (wanted.before === 0) noteLook(store.audit, call, 'list');
    return page;
  }),
  'audit.export': listing(
    (input) => ({
      from: whole(input, 'from', 0, Number.MAX_SAFE_INTEGER),
      since: optionalBeginning(input, 'since'),
      personal: flag(input, 'personal'),
      nen7513: fieldsOf(input) === 'nen7513',
    }),
    async ({ store, partners, gateway }, { from, since, personal, nen7513 }, call): Promise<ExportPage> => {
      const { audit } = store;
      if (from === 0) gateway?.writeCounted();
      const what = nen7513 ? 'export in fields of NEN 7513' : 'export';
      if (from === 0) noteLook(audit, call, personal ? what : `${what} without personal fields`);
      const first = from > 0 ? from : since === undefined ? 1 : await firstSince(audit, since);
      const before =
        from > 0 || first === 1 ? BEFORE_ALL : ((await audit.chain({ fromSeq: first - 1, limit: 1 }))[0] ?? BEFORE_ALL);
      const rows = await audit.chain({ fromSeq: first, limit: STEP });
      const last = rows.at(-1);
      return {
        hostname: partners.hostname,
        after: { seq: before.seq, hash: Buffer.from(before.hash).toString('hex') },
        lines: nen7513
          ? await nen7513Lines(rows, { hostname: partners.hostname, personal, names: new Names(store.registry) })
          : rows.map((row) => exportLine(row, { personal })),
        ...(last === undefined || rows.length < STEP ? {} : { next: last.seq + 1 }),
      };
    },
  ),
  'audit.verify': listing(anchorsOf, async ({ store: { audit } }, anchors, call): Promise<VerifyView> => {
    noteLook(audit, call, 'verify');
    const found = await audit.verify();
    if (found.kind === 'broken') return { report: found, anchors: 0 };
    for (const [n, { seq, hash }] of anchors.entries()) {
      const [row] = await audit.chain({ fromSeq: seq, limit: 1 });
      if (row?.seq === seq && Buffer.from(row.hash).toString('hex') === hash) continue;
      const why = row?.seq === seq ? `row ${seq} is another one` : `the trail ends before row ${seq}`;
      return { report: found, anchors: n, missing: { seq, why } };
    }
    const newest = anchors.reduce((most, { seq }) => Math.max(most, seq), 0);
    return {
      report: found,
      anchors: anchors.length,
      ...(newest === 0 ? {} : { behind: (await audit.head()).seq - newest }),
    };
  }),
  'audit.report': listing(
    (input) => ({
      since: required(optionalBeginning(input, 'since'), 'since'),
      until: optionalMoment(input, 'until'),
    }),
    async ({ store, gateway, clock }, { since, until }, call): Promise<AuditSummary> => {
      gateway?.writeCounted();
      noteLook(store.audit, call, 'report');
      // Behind what was just written, this look with it.
      const { seq: fromSeq } = await store.audit.head();
      const [newest] = until === undefined ? await store.audit.chain({ fromSeq, limit: 1 }) : [];
      const end = until ?? instant(Math.max(clock.now(), newest?.at ?? 0));
      const names = new Names(store.registry);
      return await report(store.audit, { since, until: end }, (id) => names.account(id), call.progress);
    },
  ),
  'audit.anchor': change(
    () => undefined,
    async ({ gateway, store }): Promise<{ readonly seq: number }> => {
      if (gateway === undefined)
        throw new AdminError(
          'unavailable',
          'Cannot sign the head of the audit trail: no gateway runs; start it with "sluis serve"',
        );
      await gateway.anchor();
      return { seq: (await store.audit.head()).seq };
    },
  ),
};

function fieldsOf(input: Input): 'chain' | 'nen7513' {
  const fields = optionalText(input, 'fields') ?? 'chain';
  if (fields === 'chain' || fields === 'nen7513') return fields;
  throw new AdminError(
    'invalid',
    `Cannot export the trail in fields "${fields}": expected chain (can be checked; the default) or nen7513`,
  );
}

async function nen7513Lines(
  rows: readonly ChainRow[],
  { hostname, personal, names }: { readonly hostname: string; readonly personal: boolean; readonly names: Names },
): Promise<string[]> {
  const lines: string[] = [];
  for (const row of rows) {
    // A log-in name can be a person's.
    const named = row.account !== null && personal ? await names.account(row.account as AccountId) : undefined;
    const account = row.account === null ? undefined : (named ?? `account ${row.account}`);
    lines.push(JSON.stringify(nen7513Of(row, { hostname, personal, account })));
  }
  return lines;
}

function required(at: Instant | undefined, name: string): Instant {
  if (at === undefined)
    throw new AdminError('invalid', `Cannot go on without "${name}": expected a moment such as 2026-11-25`);
  return at;
}

function anchorsOf(input: Input): readonly { readonly seq: number; readonly hash: string }[] {
  const { anchors = [] } = input;
  if (!Array.isArray(anchors) || anchors.length > MAX_ANCHORS)
    throw new AdminError('invalid', `Cannot check the anchors: expected a list of at most ${MAX_ANCHORS}`);
  return anchors.map((given: unknown) => {
    const { seq, hash } = (given ?? {}) as { seq?: unknown; hash?: unknown };
    if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || typeof hash !== 'string')
      throw new AdminError('invalid', 'Cannot check an anchor: expected a row number and a hash');
    return { seq, hash };
  });
}

type ListParts = Pick<AdminContext, 'store'> & { readonly gateway: AdminContext['gateway'] };

async function list({ store, gateway }: ListParts, wanted: Wanted): Promise<AuditPage> {
  const { audit, registry } = store;
  const { since, until, limit, login, event } = wanted;
  const names = new Names(registry);
  const account = login === undefined ? undefined : (await registry.findAccount(login))?.account.id;
  if (login !== undefined && account === undefined)
    throw new AdminError('unknown', `Cannot list the trail of account "${login}": there is none of that name`);
  // The newest rows: with the first page, so that the pages after it do not move.
  if (wanted.before === 0) gateway?.writeCounted(account === undefined ? undefined : (whose) => whose === account);
  const first = since === undefined ? 1 : await firstSince(audit, since);
  const last = until === undefined ? (await audit.head()).seq + 1 : await firstSince(audit, instant(until + 1));
  let before = wanted.before > 0 ? Math.min(wanted.before, last) : last;
  const rows: AuditRowView[] = [];
  const page = (next: number): AuditPage => ({ rows: rows.reverse(), ...(next > first ? { next } : {}) });
  for (let seen = 0; seen < SCANNED && before > first; seen += STEP) {
    const from = Math.max(first, before - STEP);
    const found = await audit.read({ fromSeq: from, limit: STEP, ...defined({ account }) });
    const end = before;
    for (const row of found.filter(({ seq }) => seq < end).reverse()) {
      if (event !== undefined && !row.event.startsWith(event)) continue;
      rows.push(await viewOf(row, names));
      if (rows.length === limit) return page(row.seq);
    }
    before = from;
  }
  return page(before);
}

const viewOf = async (row: AuditRow, names: Names): Promise<AuditRowView> => ({
  seq: row.seq,
  ...viewEvent(row, row.account === undefined ? undefined : await names.account(row.account)),
  ...defined({ message: row.message }),
  erased: row.erased,
});
