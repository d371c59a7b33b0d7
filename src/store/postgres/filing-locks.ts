/**
 * What a batch of acceptances rests on, read and locked by one statement: the rows are as they
 * stand when their locks were given, and stay so until the batch ends. Keys that must be unique are
 * claimed in it, so that of two batches with one key the second waits and then sees what the first
 * one filed. The messages themselves are written between the keys and the mailboxes.
 *
 * Locks are taken in the order of the parts of the statement, and within each in the order of keys:
 * of two batches one waits, and no ring is made. Mailboxes are locked for the batch alone. Accounts
 * of mailboxes and addresses are locked against changes. The account that sends, and organisations,
 * are locked against their end as rows only: several connections share these all the time, and a
 * change of the account would never find a gap.
 */
import type { AcceptWork } from '../changes/accept-work.ts';
import type { FilingMailbox } from '../core/filing-rules.ts';
import type { KeptRow } from '../core/engine.ts';
import { firstIdAt } from '../message-ids.ts';
import { type Row, bytes, flag, int, long, orNull, text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { REQUESTS_FOR } from '../acceptance.ts';
import { instant } from '../../domain/units.ts';
import type { AddressTarget } from '../core/reroute.ts';
import { longs, octets, texts } from './binary-arrays.ts';
import { type NewMessage, insertMessages } from './filing-messages.ts';

const HASH = 16;
const NOTHING = new Uint8Array(0);

/** A mailbox as it stands in this transaction. */
export interface Box extends FilingMailbox {
  readonly account: number;
  octets: number;
  messages: number;
  nextUid: number;
  changes: number;
}

/** What is known of a key of a resubmission. */
export interface Submitted {
  readonly message: bigint;
  readonly at: number;
  readonly unsure: boolean;
}

export interface LockedRows {
  /**
   * By key, as latin1: requests that were kept before, and undefined for those that this batch has
   * kept itself.
   */
  readonly requests: ReadonlyMap<string, KeptRow | undefined>;
  /** By key, as latin1; undefined: this batch is the first with it. */
  readonly submitted: ReadonlyMap<string, Submitted | undefined>;
  /**
   * By key, as latin1: for which message this batch wrote the key, where it is the first with it.
   */
  readonly claimed: ReadonlyMap<string, bigint>;
  /** By key: whether this batch is the first with it. */
  readonly notices: ReadonlyMap<string, boolean>;
  readonly boxes: Map<number, Box>;
  /** Accounts that somebody took over. */
  readonly takenOver: ReadonlySet<number>;
  readonly closed: ReadonlySet<number>;
  readonly addresses: ReadonlyMap<string, AddressTarget & { readonly state: string }>;
  readonly partners: ReadonlyMap<number, string>;
  /** Stored chunks of bodies. */
  readonly chunks: ReadonlyMap<bigint, number>;
  /** Of accounts that are counted. */
  readonly organisations: Map<number, number>;
  /** For rows of the trail. */
  readonly numbers: readonly number[];
  /** The number of the registry. */
  readonly registry: number;
}

/** A work and all that is filed with it. */
export const allOf = (work: AcceptWork): readonly AcceptWork[] => [
  work,
  ...work.copies,
  ...work.notices.flatMap(allOf),
];

export const nameOf = (key: Uint8Array): string =>
  Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString('latin1');

export const requestOf = ({ hashes }: NonNullable<AcceptWork['request']>): { key: Buffer; digest: Buffer } => {
  const octetsOf = Buffer.from(hashes, 'latin1');
  return { key: octetsOf.subarray(0, HASH), digest: octetsOf.subarray(HASH) };
};

const BOX = {
  account: int,
  octets: int,
  messages: int,
  nextUid: int,
  changes: int,
  organisation: int,
  state: text,
  ending: flag,
  settings: orNull(text),
  its: orNull(text),
};

function addBox(locked: Pick<LockedRows, 'boxes' | 'organisations'>, row: Row<typeof BOX>): void {
  const { account, its, ending, organisation, ...counted } = row;
  locked.boxes.set(account, { account, ...counted, ending: ending ? 1 : 0, organisation: its });
  locked.organisations.set(account, organisation);
}

/** Mailboxes that it was found out later that they are needed. */
export function* readBoxes(accounts: readonly number[], locked: LockedRows): Change<void> {
  const rows = yield* sql.all(BOX)`
    SELECT m.account, m.octets, m.messages, m.next_uid, m.changes, a.organisation,
           CASE WHEN o.state = 'active' THEN a.state ELSE o.state END AS state, a.ends_at IS NOT NULL OR o.ends_at IS NOT NULL AS ending,
           a.settings, o.settings AS its
      FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation
     WHERE m.account = ANY (${longs(rising(accounts))}::bigint[]) ORDER BY m.account
       FOR UPDATE OF m FOR SHARE OF a FOR KEY SHARE OF o`;
  for (const row of rows) addBox(locked, row);
}

const ROW = {
  kind: text,
  a: orNull(long),
  b: orNull(int),
  c: orNull(int),
  d: orNull(int),
  e: orNull(int),
  f: orNull(long),
  yes: orNull(flag),
  too: orNull(flag),
  x: orNull(bytes),
  y: orNull(bytes),
  s: orNull(text),
  t: orNull(text),
  u: orNull(text),
};

/** The first of each key, in the order of keys: PostgreSQL refuses one key twice in an INSERT. */
function firsts<T>(all: readonly T[], keyOf: (one: T) => string): readonly T[] {
  const byKey = new Map<string, T>();
  for (const one of all) if (!byKey.has(keyOf(one))) byKey.set(keyOf(one), one);
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one);
}

const rising = (values: Iterable<number>): readonly number[] =>
  [...new Set(values)].filter(Boolean).sort((a, b) => a - b);

/** What the works name. */
function asked(works: readonly AcceptWork[]) {
  const all = works.flatMap(allOf);
  const boxes = rising(all.flatMap(({ mailboxes }) => mailboxes));
  return {
    requests: firsts(
      works.flatMap(({ id, request }) =>
        request === null ? [] : [{ id, answer: request.answer, ...requestOf(request) }],
      ),
      ({ key }) => nameOf(key),
    ),
    resubmissions: firsts(
      all.flatMap(({ id, receivedAt: at, resubmission }) =>
        resubmission === null ? [] : [{ id, at, key: resubmission.key }],
      ),
      ({ key }) => nameOf(key),
    ),
    notices: firsts(
      all.flatMap(({ once, receivedAt: at }) => (once === null ? [] : [{ once, at }])),
      ({ once }) => once,
    ),
    boxes,
    owners: rising(all.flatMap(({ owners }) => owners)).filter((owner) => !boxes.includes(owner)),
    submitters: rising(works.map(({ submitter }) => submitter)),
    keys: [...new Set(all.flatMap(({ keys }) => keys))].sort(),
    partners: rising(all.flatMap(({ partners }) => partners)),
    streamed: all.filter(({ body }) => body === null).map(({ id }) => id),
    // Each notice that stays out has a row.
    numbers: all.reduce((n, { audit, notices }) => n + audit.length + notices.length, 0),
    oldest: firstIdAt(instant(Math.max(0, Math.min(...works.map(({ receivedAt }) => receivedAt)) - REQUESTS_FOR))),
  };
}

export interface LockedBeside {
  /** Rows of the trail beside those of the works themselves. */
  readonly more: number;
  /** Messages that are written before the mailboxes are locked. */
  readonly early: readonly NewMessage[];
}

/** Reads, locks and claims what the works rest on. */
export function* lockRows(works: readonly AcceptWork[], { more, early }: LockedBeside): Change<LockedRows> {
  const { requests, resubmissions, notices, boxes, owners, submitters, keys, partners, streamed, ...rest } =
    asked(works);
  const rows = yield* sql.all(ROW)`
    WITH request AS (
      INSERT INTO sent_request AS kept (id, key, digest, message, answer)
      SELECT given.id, given.key, given.digest, given.id, given.answer
        FROM unnest(${longs(requests.map(({ id }) => id))}::bigint[], ${octets(requests.map(({ key }) => key))}::bytea[],
                    ${octets(requests.map(({ digest }) => digest))}::bytea[], ${texts(requests.map(({ answer }) => answer))}::text[])
          WITH ORDINALITY AS given (id, key, digest, answer, n) ORDER BY n
      ON CONFLICT (key) DO UPDATE SET
        id = CASE WHEN kept.id < ${rest.oldest}::bigint THEN excluded.id ELSE kept.id END,
        digest = CASE WHEN kept.id < ${rest.oldest}::bigint THEN excluded.digest ELSE kept.digest END,
        message = CASE WHEN kept.id < ${rest.oldest}::bigint THEN excluded.message ELSE kept.message END,
        answer = CASE WHEN kept.id < ${rest.oldest}::bigint THEN excluded.answer ELSE kept.answer END
      RETURNING id, key, digest, message, answer),
    resubmitted AS (
      INSERT INTO resubmission_key AS kept (key, message, at)
      SELECT given.key, given.message, given.at
        FROM unnest(${octets(resubmissions.map(({ key }) => key))}::bytea[], ${longs(resubmissions.map(({ id }) => id))}::bigint[],
                    ${longs(resubmissions.map(({ at }) => at))}::bigint[]) WITH ORDINALITY AS given (key, message, at, n) ORDER BY n
      ON CONFLICT (key) DO UPDATE SET at = kept.at RETURNING key, message, at, unsure),
    once AS (
      INSERT INTO notice AS kept (key, at)
      SELECT given.key, given.at
        FROM unnest(${texts(notices.map(({ once }) => once))}::text[], ${longs(notices.map(({ at }) => at))}::bigint[])
          WITH ORDINALITY AS given (key, at, n) ORDER BY n
      ON CONFLICT (key) DO UPDATE SET at = kept.at RETURNING key, xmax = 0 AS first),
    ${insertMessages(early)},
    box AS (
      SELECT m.account, m.octets, m.messages, m.next_uid, m.changes, a.organisation,
             CASE WHEN o.state = 'active' THEN a.state ELSE o.state END AS state, a.ends_at IS NOT NULL OR o.ends_at IS NOT NULL AS ending,
             a.moved_to IS NOT NULL AS moved, CASE WHEN a.settings LIKE '%"quota"%' THEN a.settings END AS settings,
             CASE WHEN o.settings LIKE '%"quota"%' THEN o.settings END AS its
        FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation
       WHERE m.account = ANY (${longs(boxes)}::bigint[]) ORDER BY m.account
         FOR UPDATE OF m FOR SHARE OF a FOR KEY SHARE OF o),
    owner AS (
      SELECT a.id, a.moved_to IS NOT NULL AS moved FROM account a
       WHERE a.id = ANY (${longs(owners)}::bigint[]) ORDER BY a.id FOR SHARE),
    submitter AS (
      SELECT a.id, a.ends_at IS NOT NULL OR a.state = 'ended' AS closed, a.organisation FROM account a
       WHERE a.id = ANY (${longs(submitters)}::bigint[]) ORDER BY a.id FOR KEY SHARE),
    known AS (
      SELECT a.key, CASE WHEN a.final_at IS NULL THEN a.state ELSE 'ended' END AS state, a.account, coalesce(p.id, 0) AS partner, p.state AS its
        FROM address a LEFT JOIN partner p ON p.account = a.account
       WHERE a.key = ANY (${texts(keys)}::text[]) ORDER BY a.key FOR SHARE OF a),
    road AS (SELECT id, state FROM partner WHERE id = ANY (${longs(partners)}::bigint[]) ORDER BY id FOR SHARE)
    SELECT 'request' AS kind, id AS a, NULL::bigint AS b, NULL::bigint AS c, NULL::bigint AS d, NULL::bigint AS e, message AS f,
           NULL::boolean AS yes, NULL::boolean AS too, key AS x, digest AS y, answer AS s, NULL::text AS t, NULL::text AS u FROM request
    UNION ALL SELECT 'resubmitted', message, at, NULL, NULL, NULL, NULL, unsure, NULL, key, NULL, NULL, NULL, NULL FROM resubmitted
                WHERE NOT message = ANY (${longs(resubmissions.map(({ id }) => id))}::bigint[])
    UNION ALL SELECT 'once', NULL, NULL, NULL, NULL, NULL, NULL, first, NULL, NULL, NULL, key, NULL, NULL FROM once
    UNION ALL SELECT 'early', count(*), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM (TABLE filed UNION ALL TABLE held UNION ALL TABLE parted) early
    UNION ALL SELECT 'box', account, octets, messages, next_uid, changes, organisation, ending, moved, NULL, NULL, state, settings, its FROM box
    UNION ALL SELECT 'owner', id, NULL, NULL, NULL, NULL, NULL, moved, NULL, NULL, NULL, NULL, NULL, NULL FROM owner
    UNION ALL SELECT 'submitter', id, NULL, NULL, NULL, NULL, organisation, closed, NULL, NULL, NULL, NULL, NULL, NULL FROM submitter
    UNION ALL SELECT 'address', account, partner, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, key, state, its FROM known
    UNION ALL SELECT 'partner', id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, state, NULL, NULL FROM road
    UNION ALL SELECT 'chunks', message, count(*), NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM chunk
                WHERE message = ANY (${longs(streamed)}::bigint[]) GROUP BY message
    UNION ALL SELECT 'registry', version, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL FROM registry_version
    UNION ALL SELECT 'numbers', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, string_agg(nextval('audit_seq')::text, ' '), NULL, NULL
                FROM generate_series(1, ${rest.numbers + more}::bigint)`;
  const claimed = new Map(resubmissions.map(({ key, id }) => [nameOf(key), id]));
  return lockedRowsOf(rows, { ours: new Set(works.flatMap(allOf).map(({ id }) => id)), claimed });
}

type LockedRow = Row<typeof ROW>;

interface Ours {
  /** Messages of this batch; a key that names one of them was claimed by it. */
  readonly ours: ReadonlySet<bigint>;
  /** Keys of resubmissions: of those that this batch is the first with there is no row. */
  readonly claimed: Map<string, bigint>;
}

function lockedRowsOf(rows: readonly LockedRow[], { ours, claimed }: Ours): LockedRows {
  const locked = {
    requests: new Map<string, KeptRow | undefined>(),
    submitted: new Map<string, Submitted | undefined>([...claimed.keys()].map((name) => [name, undefined])),
    claimed,
    notices: new Map<string, boolean>(),
    boxes: new Map<number, Box>(),
    takenOver: new Set<number>(),
    closed: new Set<number>(),
    addresses: new Map<string, AddressTarget & { state: string }>(),
    partners: new Map<number, string>(),
    chunks: new Map<bigint, number>(),
    numbers: [] as number[],
    registry: 0,
    organisations: new Map<number, number>(),
  };
  for (const row of rows) {
    const { a, b, c, d, e, f, yes, too, x, y, s, t, u } = row;
    const id = Number(a);
    if (row.kind === 'request') {
      const kept = f === null || y === null ? undefined : { message: f, digest: y, answer: s ?? '' };
      locked.requests.set(nameOf(x ?? NOTHING), ours.has(a ?? 0n) ? undefined : kept);
    } else if (row.kind === 'resubmitted') {
      claimed.delete(nameOf(x ?? NOTHING));
      locked.submitted.set(nameOf(x ?? NOTHING), { message: a ?? 0n, at: b ?? 0, unsure: yes === true });
    } else if (row.kind === 'once') locked.notices.set(s ?? '', yes === true);
    else if (row.kind === 'box') {
      const counted = { octets: b ?? 0, messages: c ?? 0, nextUid: d ?? 1, changes: e ?? 0 };
      const about = { state: s ?? '', ending: yes === true, settings: t, its: u };
      addBox(locked, { account: id, ...counted, ...about, organisation: Number(f) });
      if (too === true) locked.takenOver.add(id);
    } else if (row.kind === 'owner') {
      if (yes === true) locked.takenOver.add(id);
    } else if (row.kind === 'submitter') {
      locked.organisations.set(id, Number(f));
      if (yes === true) locked.closed.add(id);
    } else if (row.kind === 'address') {
      locked.addresses.set(s ?? '', { account: id, partner: b ?? 0, state: t ?? '' });
      if (u !== null) locked.partners.set(b ?? 0, u);
    } else if (row.kind === 'partner') locked.partners.set(id, s ?? '');
    else if (row.kind === 'registry') locked.registry = id;
    else if (row.kind === 'chunks') locked.chunks.set(a ?? 0n, b ?? 0);
    else if (row.kind === 'numbers' && s !== null) locked.numbers.push(...s.split(' ').map(Number));
  }
  return locked;
}
