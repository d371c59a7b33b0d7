/**
 * Finds attempts that were refused, for somebody who asks why a message never arrived. They come
 * from the trail, newest first, with the reply that the sender's program got and perhaps never
 * showed.
 *
 * The trail is read by its index of refusals, in steps of limited size. A refusal of MAIL names no
 * recipient, so it may be the attempt that is asked for, whoever it was for.
 */
import { type Address, type AddressKey, addressKey, parseAddress } from '../domain/address.ts';
import { defined } from '../domain/defined.ts';
import type { Instant } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { RefusedView } from './delivery-views.ts';
import type { Names } from './names.ts';

const STEP = 500;
/**
 * Most rows that one search looks at. That takes a few seconds at most, and other reads run in
 * between.
 */
export const MAX_REFUSED = 50_000;

export interface RefusedQuery {
  readonly limit: number;
  readonly sender?: Address;
  readonly recipient?: Address;
  readonly since: Instant;
  readonly until?: Instant;
}

export interface RefusedFound {
  readonly rows: readonly AuditRow[];
  /** Refusals before this moment were not looked at, because there are too many. */
  readonly from?: Instant;
}

export async function findRefused(
  audit: Pick<AuditTrail, 'refused'>,
  query: RefusedQuery,
  most = MAX_REFUSED,
): Promise<RefusedFound> {
  const { limit, since, until } = query;
  const fits = fitting(query);
  const rows: AuditRow[] = [];
  let before: number | undefined;
  for (let looked = 0; looked < most; looked += STEP) {
    const step = await audit.refused({ limit: STEP, ...defined({ before }) });
    for (const row of step) {
      if (row.at < since) return { rows };
      if (until === undefined || row.at <= until) if (fits(row)) rows.push(row);
      if (rows.length >= limit) return { rows };
    }
    const last = step.at(-1);
    if (last === undefined || step.length < STEP) return { rows };
    before = last.seq;
    if (looked + STEP >= most) return { rows, from: last.at };
  }
  return { rows };
}

const textsOf = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : Array.isArray(value)
      ? value.filter((v): v is string => typeof v === 'string')
      : [];

/** Key of an address in a row, which nobody has checked; undefined if it is no address. */
const keyOf = (path: string): AddressKey | undefined => {
  const parsed = parseAddress(path);
  return parsed.ok ? addressKey(parsed.value) : undefined;
};

function fitting({ sender, recipient }: RefusedQuery): (row: AuditRow) => boolean {
  const [from, to] = [sender, recipient].map((address) => (address === undefined ? undefined : addressKey(address)));
  return ({ personal = {}, facts = {} }) => {
    if (from !== undefined && !textsOf(personal.sender).some((path) => keyOf(path) === from)) return false;
    if (to === undefined) return true;
    const named = textsOf(personal.recipients);
    // A refusal of MAIL fits if it is the same sender, since it names no recipients. A refusal with
    // more recipients than the row names may be the one too.
    const more = facts.at === 'mail' ? from !== undefined : Number(facts.recipients) > named.length;
    return more || named.some((path) => keyOf(path) === to);
  };
}

export async function viewRefused(row: AuditRow, names: Names): Promise<RefusedView> {
  const { facts = {}, personal = {}, account } = row;
  const [sender = ''] = textsOf(personal.sender);
  const [why = ''] = textsOf(personal.why);
  const login = account === undefined ? undefined : await names.account(account);
  const codes = [facts.reply, facts.status].filter((code) => code !== undefined).join(' ');
  return {
    kind: 'refused',
    received: new Date(row.at).toISOString(),
    ...defined({ account: login }),
    sender: sender === '' ? '<>' : sender,
    recipients: textsOf(personal.recipients),
    at: String(facts.at ?? ''),
    reply: `${codes} ${why}`.trim(),
    count: typeof facts.count === 'number' ? facts.count : 1,
    ...(typeof personal.network === 'string' ? { network: personal.network } : {}),
  };
}
