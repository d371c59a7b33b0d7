/**
 * The statements of leases on maildrops. Each is a transaction by itself and takes its time from
 * the database.
 *
 * Settings in the first part hold for that transaction alone. A lease that is given back, held or
 * renewed need not stand at another place: one that a promotion loses is found by its fence.
 */
import type { AccountId } from '../../domain/ids.ts';
import type { Instant, Milliseconds } from '../../domain/units.ts';
import { flag, int, orNull, text } from '../sql/columns.ts';
import { type Part, rowsOf, words } from '../sql/parts.ts';
import { sql } from '../sql/sql.ts';
import type { Holder } from '../maildrop.ts';

/** A start of a node. */
export interface LeaseOwner {
  readonly node: number;
  readonly epoch: number;
}

/**
 * Milliseconds since 1970 by the clock of the database, now and not at the begin of the
 * transaction.
 */
export const DATABASE_NOW: Part = words('', '(extract(epoch FROM clock_timestamp()) * 1000)::bigint');
/** Setting: the commit waits for no other place. */
export const LOCAL: Part = words('', "set_config('synchronous_commit', 'local', true)");

/** Nobody has the maildrop. The row forgets who had it, and from where. */
const FREE: Part = words('', "until = 0, session = '', network = ''");

export interface Taking {
  readonly account: AccountId;
  readonly holder: Holder;
  readonly owner: LeaseOwner;
  /**
   * The fence that this process has; null: it has none, and what the row says of it is of no use to
   * anybody.
   */
  readonly known: number | null;
  readonly takeoverAfter: Milliseconds;
  readonly lease: Milliseconds;
  readonly durable: boolean;
  readonly now: Instant | null;
}

/**
 * Takes it where it is free, where its holder is silent and of the same network, and where its
 * holder's process is gone: another start of the same node, or a right that its process does not
 * know of, because the answer to it was lost. A row under which somebody writes is waited for a
 * second.
 */
export const takeOne = (t: Taking) => sql.first({ fence: int, session: orNull(text), network: orNull(text) })`
  WITH t AS MATERIALIZED (
    SELECT coalesce(${t.now}::bigint, ${DATABASE_NOW}) AS now, set_config('lock_timeout', '1s', true),
           set_config('synchronous_commit', ${t.durable ? 'on' : 'local'}, true)
  ), before AS MATERIALIZED (
    SELECT l.until, l.session, l.network FROM t, maildrop_lease l WHERE l.account = ${t.account} FOR UPDATE OF l
  ), taken AS (
    INSERT INTO maildrop_lease AS l (account, fence, node, epoch, session, network, progressed_at, until, held)
    SELECT ${t.account}::bigint, 1, ${t.owner.node}::bigint, ${t.owner.epoch}::bigint, ${t.holder.session}::text, ${t.holder.network}::text, t.now,
           t.now + ${t.lease}::bigint, false
      FROM t LEFT JOIN before ON true
        ON CONFLICT (account) DO UPDATE
       SET fence = l.fence + 1, node = excluded.node, epoch = excluded.epoch, session = excluded.session, network = excluded.network,
           progressed_at = excluded.progressed_at, until = excluded.until, held = false
     WHERE l.until <= excluded.progressed_at
        OR (l.node = excluded.node AND (l.epoch <> excluded.epoch OR l.fence IS DISTINCT FROM ${t.known}::bigint))
        OR (NOT l.held AND l.network = excluded.network AND excluded.progressed_at - l.progressed_at >= ${t.takeoverAfter}::bigint)
    RETURNING l.fence
  )
  SELECT taken.fence, b.session, b.network FROM taken CROSS JOIN t LEFT JOIN before b ON b.until > t.now`;

interface Renewing {
  /** `ago`: milliseconds since its session moved. */
  readonly rights: readonly { readonly account: AccountId; readonly fence: number; readonly ago: number }[];
  readonly owner: LeaseOwner;
  readonly lease: Milliseconds;
  readonly now: Instant | null;
}
const GIVEN = { account: int, fence: int, ago: int };

/**
 * `kept`: renewed. `mine`: it stands, whether or not it was renewed: rows under which a session's
 * end is being written are left alone.
 */
export const renewAll = ({ rights, owner, lease, now }: Renewing) => sql.all({ account: int, kept: flag, mine: flag })`
  WITH t AS MATERIALIZED (SELECT coalesce(${now}::bigint, ${DATABASE_NOW}) AS now, ${LOCAL}),
  given AS MATERIALIZED (SELECT account, fence, ago FROM ${rowsOf(GIVEN, rights)}),
  mine AS MATERIALIZED (
    SELECT l.account, g.ago FROM t, given g JOIN maildrop_lease l ON l.account = g.account
     WHERE l.fence = g.fence AND l.node = ${owner.node} AND l.epoch = ${owner.epoch} AND l.until > t.now ORDER BY l.account
       FOR UPDATE OF l SKIP LOCKED
  ), renewed AS (
    UPDATE maildrop_lease l SET until = t.now + ${lease}::bigint, progressed_at = greatest(l.progressed_at, t.now - m.ago)
      FROM t, mine m WHERE l.account = m.account RETURNING l.account
  )
  SELECT g.account, r.account IS NOT NULL AS kept,
         coalesce(l.fence = g.fence AND l.node = ${owner.node} AND l.epoch = ${owner.epoch} AND l.until > t.now, false) AS mine
    FROM t, given g LEFT JOIN renewed r ON r.account = g.account LEFT JOIN maildrop_lease l ON l.account = g.account`;

interface One {
  readonly account: AccountId;
  readonly fence: number;
  readonly owner: LeaseOwner;
}

/** Renews one right; number of rows: 0 if it is lost. */
export const holdOne = (one: One & { readonly lease: Milliseconds; readonly now: Instant | null }) => sql.run`
  UPDATE maildrop_lease l SET held = true, until = t.now + ${one.lease}::bigint
    FROM (SELECT coalesce(${one.now}::bigint, ${DATABASE_NOW}) AS now, ${LOCAL}) t
   WHERE l.account = ${one.account} AND l.fence = ${one.fence} AND l.node = ${one.owner.node} AND l.epoch = ${one.owner.epoch} AND l.until > t.now`;

export const freeOne = ({ account, fence, owner }: One) => sql.run`
  UPDATE maildrop_lease l SET ${FREE} FROM (SELECT ${LOCAL}) t
   WHERE l.account = ${account} AND l.fence = ${fence} AND l.node = ${owner.node} AND l.epoch = ${owner.epoch}`;

/** `fence`: null if it is unknown; then whichever this start of the node has. */
export interface Owed {
  readonly account: AccountId;
  readonly fence: number | null;
}
const OWED = { account: int, fence: orNull(int) };

/**
 * Frees leases; returns those that still stand: a row under which somebody writes is left alone.
 */
export const freeThese = (rights: readonly Owed[], owner: LeaseOwner) => sql.all({ account: int })`
  WITH given AS MATERIALIZED (
    SELECT given.account, l.fence FROM ${rowsOf(OWED, rights)} JOIN maildrop_lease l ON l.account = given.account
     WHERE l.fence = coalesce(given.fence, l.fence) AND l.node = ${owner.node} AND l.epoch = ${owner.epoch} AND l.until > 0
  ), mine AS MATERIALIZED (
    SELECT l.account FROM given g JOIN maildrop_lease l ON l.account = g.account AND l.fence = g.fence ORDER BY l.account FOR UPDATE OF l SKIP LOCKED
  ), freed AS (
    UPDATE maildrop_lease l SET ${FREE} FROM (SELECT ${LOCAL}) t, mine m WHERE l.account = m.account RETURNING l.account
  )
  SELECT g.account FROM given g LEFT JOIN freed f ON f.account = g.account WHERE f.account IS NULL`;

/** Frees all leases of one start of a node. */
export const freeAll = ({ node, epoch }: LeaseOwner) => sql.run`
  UPDATE maildrop_lease l SET ${FREE} FROM (SELECT ${LOCAL}) t WHERE l.node = ${node} AND l.epoch = ${epoch} AND l.until > 0`;

/**
 * Locks the row until the end of the transaction: nobody takes the maildrop over between this look
 * and the commit. With the number of the registry.
 */
export const fenceOf = ({ account, fence, owner }: One) => sql.first({ registry: int })`
  SELECT v.version AS registry FROM maildrop_lease l CROSS JOIN registry_version v
   WHERE l.account = ${account} AND l.fence = ${fence} AND l.node = ${owner.node} AND l.epoch = ${owner.epoch} FOR UPDATE OF l`;
