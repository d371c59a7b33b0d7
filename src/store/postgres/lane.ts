/**
 * The trail as one connection writes it: a chain of hashes of its own, so that connections need not
 * wait for each other's commits. What is appended in a transaction is written with one statement
 * before its end; the head of the lane moves on when the commit stands.
 */
import { chainHash, commitmentOf, laneStart } from '../../crypto/trail/audit-chain.ts';
import type { AuditItem } from '../../domain/audit-row.ts';
import { bytes, int, long, orNull, text } from '../sql/columns.ts';
import { among, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { AuditMark } from '../audit.ts';

/** The node and the start that write a lane. */
export interface LaneOwner {
  /** Number of the gateway. */
  readonly node: number;
  /** Number of its start. */
  readonly epoch: number;
}

interface Head {
  readonly id: number;
  readonly place: number;
  readonly hash: Uint8Array;
}

/** Numbers that a transaction takes at once; unused ones are never given. */
const NUMBERS = 4;

const ROW = {
  seq: int,
  at: int,
  event: text,
  outcome: text,
  message: orNull(long),
  account: orNull(int),
  facts: text,
  commitment: orNull(bytes),
  hash: bytes,
  salt: orNull(bytes),
  personal: orNull(text),
  lane: int,
  place: int,
};
export type AuditRow = Pick<
  AuditItem,
  'at' | 'event' | 'outcome' | 'message' | 'account' | 'facts' | 'personal' | 'salt'
> & {
  readonly seq: number;
  readonly commitment: Uint8Array | null;
  readonly hash: Uint8Array;
  readonly lane: number;
  readonly place: number;
};

/** Where a row of the trail stands: no other one ever has the same. */
export interface LanePlace {
  readonly lane: number;
  readonly place: number;
}

export class Lane {
  readonly #owner: LaneOwner;
  readonly #now: () => number;
  /** Head of the chain after the last commit. */
  #head: Head | undefined;
  /** Head of the chain in the open transaction. */
  #next: Head | undefined;
  #rows: AuditRow[] = [];
  #numbers: readonly number[] = [];
  #tried: LanePlace | undefined;

  constructor(owner: LaneOwner, now: () => number) {
    this.#owner = owner;
    this.#now = now;
  }

  /** The number of the lane in the database; undefined until a commit has written to it. */
  get id(): number | undefined {
    return this.#head?.id;
  }

  /** Place of the last row that was appended, whatever became of its transaction. */
  get tried(): LanePlace | undefined {
    return this.#tried;
  }

  /** Returns the number of the row. It is written by `flush`. */
  *append(item: AuditItem): Change<number> {
    if (this.#numbers.length === 0) this.#numbers = yield* takeNumbers(NUMBERS);
    yield* this.begin();
    return this.add(item);
  }

  *appendAll(items: readonly AuditItem[]): Change<void> {
    const missing = items.length - this.#numbers.length;
    if (missing > 0) this.#numbers = [...this.#numbers, ...(yield* takeNumbers(missing))];
    yield* this.begin();
    for (const item of items) this.add(item);
  }

  /** Called before `add`, in each transaction: makes the lane. */
  *begin(): Change<void> {
    this.#next ??= yield* this.#begin();
  }

  /** Number of the lane that this transaction writes. */
  get number(): number {
    return this.#begun().id;
  }

  #begun(): Head {
    if (this.#next === undefined) throw new Error('The lane was not begun in this transaction');
    return this.#next;
  }

  /** Takes numbers for rows that a statement has read together with other rows. */
  give(numbers: readonly number[]): void {
    this.#numbers = [...this.#numbers, ...numbers];
  }

  /** Returns the number of the row. */
  add(item: AuditItem): number {
    const [seq, ...left] = this.#numbers;
    if (seq === undefined) throw new Error('There is no number for a row of the trail');
    this.#numbers = left;
    const head = this.#begun();
    const commitment = item.personal === null || item.salt === null ? null : commitmentOf(item.salt, item.personal);
    const [salt, personal] = commitment === null ? [null, null] : [item.salt, item.personal];
    const { at, event, outcome, message, account, facts } = item;
    const hash = chainHash(head.hash, { ...item, seq, commitment });
    const place = head.place + 1;
    this.#next = { id: head.id, place, hash };
    this.#tried = { lane: head.id, place };
    const row = { seq, at, event, outcome, message, account, facts, commitment, hash, salt, personal };
    this.#rows.push({ ...row, lane: head.id, place });
    return seq;
  }

  *#begin(): Change<Head> {
    if (this.#head !== undefined) return this.#head;
    const { node, epoch } = this.#owner;
    const { id } = yield* sql.one({ id: int })`
      INSERT INTO lane (node, epoch, begun_at) VALUES (${node}, ${epoch}, ${this.#now()}) RETURNING id`;
    return { id, place: 0, hash: laneStart({ node, epoch, lane: id }) };
  }

  /** Rows that were appended, for a statement that writes them with other rows. */
  take(): readonly AuditRow[] {
    const rows = this.#rows;
    this.#rows = [];
    return rows;
  }

  /** Called before the end of a transaction: writes what was appended. */
  *flush(): Change<void> {
    const rows = this.take();
    if (rows.length === 0) return;
    yield* sql.run`
      INSERT INTO audit (seq, at, event, outcome, message, account, facts, commitment, hash, salt, personal, lane, place)
      SELECT given.seq, given.at, given.event, given.outcome, given.message, given.account, given.facts, given.commitment, given.hash, given.salt,
             given.personal, given.lane, given.place FROM ${rowsOf(ROW, rows)}`;
  }

  /** The transaction committed: its rows belong to the chain. */
  committed(): void {
    if (this.#rows.length > 0) throw new Error('Rows of the trail were left behind a commit');
    this.#head = this.#next ?? this.#head;
    this.rolledBack();
  }

  /** The transaction was rolled back: the chain is as it was before. */
  rolledBack(): void {
    this.#next = undefined;
    this.#rows = [];
    this.#numbers = [];
  }
}

function* takeNumbers(count: number): Change<readonly number[]> {
  const rows = yield* sql.all({ seq: int })`
    SELECT nextval('audit_seq') AS seq FROM generate_series(1, CAST(${count} AS bigint)) ORDER BY 1`;
  return rows.map(({ seq }) => seq);
}

/** Returns how many rows had personal fields. */
export function* erasePersonal(seqs: readonly number[], mark: AuditMark | null): Change<number> {
  const erased = yield* sql.run`
    UPDATE audit SET personal = NULL, salt = NULL WHERE seq ${among(int, seqs)} AND personal IS NOT NULL`;
  if (mark !== null)
    yield* sql.run`
      INSERT INTO fact (name, value) VALUES (${mark.name}, ${String(mark.seq)})
          ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE CAST(fact.value AS bigint) < CAST(excluded.value AS bigint)`;
  return erased;
}
