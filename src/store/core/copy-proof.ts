/**
 * Proves that a copy of the store is whole, is what its manifest says, and opens with the keys that
 * are at hand: the steps that are the same for every engine.
 */
import { createHash, createPublicKey } from 'node:crypto';
import { beforeAllOf, followOn, isBroken } from '../../crypto/trail/audit-chain.ts';
import { type Restoration, headsBroughtBack, lostWith, restorationOf } from '../../crypto/trail/restoration.ts';
import { KeyFolder } from '../../crypto/keys/key-folder.ts';
import { KeyFolderRefused, MessageErased } from '../../crypto/keys/key-folder-refused.ts';
import { dayOf } from '../../domain/utc-day.ts';
import { SealBroken, openChunk, openWhole } from '../../crypto/keys/sealing.ts';
import type { LaneHead } from '../../domain/audit-row.ts';
import type {
  CopyCounts,
  CopyFacts,
  CopyHead,
  Proof,
  ProofRequest,
  ProofResult,
  ProofStep,
  SignedHead,
} from '../copies.ts';
import type { CameBack, StoodAt } from '../../domain/restored-trail.ts';
import { idTime } from '../message-ids.ts';
import { TrailReads } from '../reads/trail.ts';
import { bytes, int, long, orNull } from '../sql/columns.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import { StoreRefused } from '../store.ts';
import { wholeBody } from './whole-body.ts';

/** Thrown when a step did not pass. */
export class NotProved extends Error {}

export interface Found {
  opened: number;
  erased: number;
  anchorsHeld: number;
  later?: number;
  moment?: string;
  end?: CameBack;
}

const expected = (error: unknown): error is Error =>
  error instanceof NotProved ||
  error instanceof StoreRefused ||
  error instanceof KeyFolderRefused ||
  error instanceof SealBroken;

/**
 * Takes steps one by one and stops at the first that does not pass. `isDamage`: true for errors of
 * the engine that a damaged copy causes.
 */
export class ProofSteps {
  readonly #steps: ProofResult[] = [];
  readonly #told: (result: ProofResult) => void;
  readonly #isDamage: (error: unknown) => boolean;

  constructor(told: (result: ProofResult) => void, isDamage: (error: unknown) => boolean) {
    this.#told = told;
    this.#isDamage = isDamage;
  }

  passed(step: ProofStep, found: string): true {
    return this.#tell({ step, passed: true, found }) as true;
  }

  /** Notes a step that failed; throws errors that say nothing about the copy. */
  failed(step: ProofStep, error: unknown): false {
    if (!expected(error) && !this.#isDamage(error)) throw error;
    return this.#tell({ step, passed: false, found: (error as Error).message }) as false;
  }

  #tell(result: ProofResult): boolean {
    this.#steps.push(result);
    this.#told(result);
    return result.passed;
  }

  end(found: Found): Proof {
    return { steps: this.#steps, passed: this.#steps.every(({ passed }) => passed), ...found };
  }
}

export function* countsOf(): Change<CopyCounts> {
  return yield* sql.one({
    messages: int,
    contents: int,
    accounts: int,
    mailboxes: int,
    entries: int,
    deliveries: int,
    auditRows: int,
  })`
    SELECT (SELECT count(*) FROM message) AS messages, (SELECT count(*) FROM content) AS contents, (SELECT count(*) FROM account) AS accounts,
           (SELECT count(*) FROM mailbox) AS mailboxes, (SELECT count(*) FROM entry) AS entries, (SELECT count(*) FROM delivery) AS deliveries,
           (SELECT count(*) FROM audit) AS audit_rows`;
}

/**
 * A copy of one moment has the counts of its manifest; one that a log has advanced has at least the
 * manifest's rows of the trail, of which none is ever deleted.
 */
export function counted(is: Pick<CopyFacts, 'storeId' | 'counts'>, manifest: CopyFacts): string {
  if (is.storeId !== manifest.storeId)
    throw new NotProved(`it is a copy of store ${is.storeId}, the manifest tells of ${manifest.storeId}`);
  const rows = (counts: CopyCounts): Readonly<Record<string, number>> => ({ ...counts });
  const found = rows(is.counts);
  for (const [name, wanted] of Object.entries(manifest.counts)) {
    const n = found[name];
    const enough = manifest.postgres === undefined ? n === wanted : name !== 'auditRows' || (n ?? 0) >= wanted;
    if (!enough) throw new NotProved(`it has ${n ?? 'no'} ${name}, the manifest says ${String(wanted)}`);
  }
  const { messages, accounts, mailboxes, deliveries } = is.counts;
  return `${messages} messages, ${accounts} accounts, ${mailboxes} mailboxes, ${deliveries} deliveries`;
}

/** Rows and chains that are read at a time: a gateway that makes a drill serves mail meanwhile. */
const ROWS = 250;
const LANES = 500;
const NOW: Now = { at: 0 as Now['at'] };
const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

/** Hashes that anchors signed, or the manifest noted, for one chain: by place in it. */
type Wanted = Map<number, Map<number, string>>;

const headsIn = ({ seq, hash, lanes }: CopyHead): NonNullable<CopyHead['lanes']> =>
  lanes ?? [{ lane: 0, place: seq, hash }];

/** The chains of an anchor that no restore explains. */
function kept(anchor: SignedHead, restorations: readonly Restoration[]): readonly SignedHead[] {
  const all = headsIn(anchor);
  const lanes = all.filter(
    ({ lane, place }) => lostWith({ lane, seq: place, at: anchor.at }, restorations) === undefined,
  );
  return lanes.length === all.length ? [anchor] : lanes.length === 0 ? [] : [{ ...anchor, lanes }];
}

function wantedOf(heads: readonly CopyHead[], more: readonly StoodAt[]): Wanted {
  const wanted: Wanted = new Map();
  for (const { lane, place, hash } of [...heads.flatMap(headsIn), ...more]) {
    const its = wanted.get(lane) ?? new Map<number, string>();
    if ((its.get(place) ?? hash) !== hash)
      throw new NotProved(
        `row ${place}${lane === 0 ? '' : ` of lane ${lane}`} of the audit trail was signed twice, with two hashes`,
      );
    its.set(place, hash);
    wanted.set(lane, its);
  }
  return wanted;
}

/**
 * Checks that every chain is whole, has the rows that were signed, and reaches as far as the
 * manifest says.
 */
export function* trail(
  { expected: manifest, anchors: given, publicKeys }: Pick<ProofRequest, 'expected' | 'anchors' | 'publicKeys'>,
  found: Found,
): Change<string> {
  const reads = new TrailReads();
  const keys = publicKeys.map((pem) => createPublicKey(pem));
  const restorations = (yield* reads.restored(NOW)).map((row) => restorationOf(row, keys));
  // A backup has the anchors of the last weeks beside it. Of those that were lost with an earlier
  // restore its trail has no row.
  const anchors = given.flatMap((head) => kept(head, restorations));
  const wanted = wantedOf([...anchors, manifest.audit], headsBroughtBack(restorations));
  const ends = new Map<number, number>();
  const open: StoodAt[] = [];
  let rows = 0;
  for (let after = -1; ;) {
    const lanes = yield* reads.lanes(NOW, { after, limit: LANES });
    for (const lane of lanes) {
      const end = yield* walk(reads, lane, wanted.get(lane.lane));
      ends.set(lane.lane, end.place);
      if (!lane.ended) open.push({ lane: lane.lane, ...end });
      rows += end.place;
      if (manifest.audit.lanes === undefined && (end.place !== manifest.audit.seq || end.hash !== manifest.audit.hash))
        throw new NotProved(`the audit trail ends at row ${end.place}, the manifest says ${manifest.audit.seq}`);
    }
    after = lanes.at(-1)?.lane ?? after;
    if (lanes.length < LANES) break;
  }
  const isThere = (head: CopyHead): boolean => headsIn(head).every(({ lane, place }) => (ends.get(lane) ?? 0) >= place);
  if (!isThere(manifest.audit))
    throw new NotProved(
      `the audit trail has not the rows that were in it when the backup was begun (row ${manifest.audit.seq}); take another backup`,
    );
  // Several anchors may sign the same row while nothing is written.
  found.anchorsHeld = new Set(anchors.filter(isThere).map(({ seq }) => seq)).size;
  found.end = { heads: open, lanes: Math.max(0, ...ends.keys()) };
  const later = Math.max(0, ...anchors.filter((head) => !isThere(head)).map(({ seq }) => seq));
  if (later > 0) found.later = later;
  return `${rows} rows, the chain holds to the row that the manifest names; ${found.anchorsHeld} anchors are in it`;
}

function* walk(
  reads: TrailReads,
  { lane, name }: LaneHead,
  wanted: ReadonlyMap<number, string> | undefined,
): Change<{ readonly place: number; readonly hash: string }> {
  for (let head = beforeAllOf(name); ;) {
    const rows = yield* reads.chainOf(NOW, { lane, from: head.seq + 1, limit: ROWS });
    for (const row of rows) {
      const next = followOn(head, row);
      if (isBroken(next)) throw new NotProved(`the audit trail does not hold at row ${next.seq}: ${next.why}`);
      head = next;
      const signed = wanted?.get(head.seq);
      if (signed !== undefined && signed !== hex(head.hash))
        throw new NotProved(
          `row ${head.seq}${lane === 0 ? '' : ` of lane ${lane}`} of the audit trail is not the one that was signed`,
        );
    }
    if (rows.length < ROWS) return { place: head.seq, hash: hex(head.hash) };
  }
}

/** Checks what the day keys open; `days`: those that must have a key. */
export function openingKeys(folder: KeyFolder, days: readonly string[]): string {
  const erased = days.filter((day) => folder.isErased(day)).length;
  return `the master key is the right one; ${days.length - erased} day keys open${erased === 0 ? '' : `, ${erased} were destroyed on purpose since`}`;
}

const CONTENT = { message: long, sha256: bytes, octets: int, dataKey: bytes, chunks: int, body: orNull(bytes) };

/** Opens and hashes whole bodies. A body whose day was erased is told apart from a damaged one. */
export function* content({ keyFolder, masterKey, sample }: ProofRequest, found: Found): Change<string> {
  const folder = new KeyFolder(keyFolder, masterKey);
  const { total } = yield* sql.one({ total: int })`SELECT count(*) AS total FROM content`;
  for (const id of yield* chosen(total, sample)) {
    const day = dayOf(idTime(id));
    if (folder.isErased(day)) {
      found.erased += 1;
      continue;
    }
    const stored = yield* sql.first(CONTENT)`
      SELECT c.message, m.sha256, m.octets, c.data_key, c.chunks, ${wholeBody}
        FROM content c JOIN message m ON m.id = c.message WHERE c.message = ${id}`;
    if (stored === undefined) throw new NotProved(`message ${id} has content and no facts`);
    try {
      const key = folder.dataKeyOf(day, id, stored.dataKey);
      const hash = createHash('sha256');
      let octets = 0;
      const take = (piece: Uint8Array): void => {
        hash.update(piece);
        octets += piece.length;
      };
      if (stored.body !== null) take(openWhole(key, id, stored.body));
      else
        for (let n = 0; n < stored.chunks; n += 1) {
          const sealed = yield* sql.first({ sealed: bytes, tag: bytes })`
            SELECT sealed, tag FROM chunk WHERE message = ${id} AND n = ${n}`;
          if (sealed === undefined) throw new SealBroken(`chunk ${n} is missing`);
          take(openChunk(key, id, n, n === stored.chunks - 1, { octets: sealed.sealed, tag: sealed.tag }));
        }
      if (octets !== stored.octets || !hash.digest().equals(stored.sha256))
        throw new SealBroken('the hash of the whole does not match');
      found.opened += 1;
    } catch (error) {
      if (error instanceof MessageErased) {
        found.erased += 1;
        continue;
      }
      if (!(error instanceof SealBroken || error instanceof KeyFolderRefused)) throw error;
      throw new NotProved(`the content of message ${id} is damaged: ${error.message}`);
    }
  }
  return `${found.opened} of ${total} bodies were opened and have their SHA-256${found.erased === 0 ? '' : `; ${found.erased} were erased, alone or with their day, and stay closed`}`;
}

const IDS = 10_000;

/** Samples at least the first of each day, the last, and every so many between. */
function* chosen(total: number, sample: number): Change<readonly bigint[]> {
  const every = sample === 0 ? 1 : Math.max(1, Math.ceil(total / sample));
  const ids: bigint[] = [];
  let [day, n, after] = ['', 0, 0n];
  for (let more = true; more;) {
    const page = yield* sql.all({ message: long })`
      SELECT message FROM content WHERE message > ${after} ORDER BY message LIMIT ${IDS}`;
    for (const { message: id } of page) {
      const its = dayOf(idTime(id));
      n += 1;
      if (its !== day || n % every === 0 || n === total) ids.push(id);
      [day, after] = [its, id];
    }
    more = page.length === IDS;
  }
  return ids;
}
