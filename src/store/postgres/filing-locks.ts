/**
 * What a batch of acceptances rests on, read and locked by one statement: the rows are as they
 * stand when their locks were given, and stay so until the batch ends. Keys that must be unique are
 * claimed in it, so that of two batches with one key the second waits and then sees what the first
 * one filed. The messages themselves are written between the keys and the mailboxes.
 */
import type { AcceptWork } from '../changes/accept-work.ts';
import type { FilingMailbox } from '../core/filing-rules.ts';
import type { KeptRow } from '../core/engine.ts';
import type { AddressTarget } from '../core/reroute.ts';
import { type Row, flag, int, orNull, text } from '../sql/columns.ts';
import { type Change, sql } from '../sql/sql.ts';
import { longs } from './binary-arrays.ts';
import { FOUND, type FoundRow, type LockedBeside, lookParts, lookRows, looksFor } from './filing-looks.ts';
import { allOf, namesOf, nameOf, rising } from './filing-names.ts';

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

/** Reads, locks and claims what the works rest on. */
export function* lockRows(works: readonly AcceptWork[], beside: LockedBeside): Change<LockedRows> {
  const names = namesOf(works);
  const looks = looksFor(names, beside);
  const rows = yield* sql.all(FOUND)`WITH ${lookParts(looks)} ${lookRows(looks)}`;
  const claimed = new Map(names.resubmissions.map(({ key, id }) => [nameOf(key), id]));
  return lockedRowsOf(rows, { ours: new Set(works.flatMap(allOf).map(({ id }) => id)), claimed });
}

interface Ours {
  /** Messages of this batch; a key that names one of them was claimed by it. */
  readonly ours: ReadonlySet<bigint>;
  /** Keys of resubmissions: of those that this batch is the first with there is no row. */
  readonly claimed: Map<string, bigint>;
}

function lockedRowsOf(rows: readonly FoundRow[], { ours, claimed }: Ours): LockedRows {
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
