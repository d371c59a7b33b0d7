/** Proves that a copy of the database is whole, is what its manifest says, and opens with the keys that are at hand. */
import { createHash } from 'node:crypto';
import { followOn, isBroken, BEFORE_ALL } from '../../crypto/audit-chain.ts';
import { KeyFolder, KeyFolderRefused, MessageErased, dayOf } from '../../crypto/key-folder.ts';
import { SealBroken, openChunk, openWhole } from '../../crypto/sealing.ts';
import type { ChainHead, ChainRow } from '../../domain/audit-row.ts';
import { idTime } from '../message-ids.ts';
import { StoreRefused } from '../store.ts';
import type { CopyFacts, Proof, ProofRequest, ProofResult, ProofStep } from '../copies.ts';
import { checkKeys } from './check-database.ts';
import { factsOf } from './copy-facts.ts';
import { type Db, isDamage, openReading } from './database.ts';
import { checkMigrations, knownMigrations } from './migrate.ts';

export interface ProveJob extends ProofRequest {
  readonly kind: 'prove';
}

/** A step that did not pass. */
class NotProved extends Error {}

interface Found {
  opened: number;
  erased: number;
  anchorsHeld: number;
  later?: number;
}

export function proveCopy(job: ProveJob, told: (result: ProofResult) => void): Proof {
  const steps: ProofResult[] = [];
  const found: Found = { opened: 0, erased: 0, anchorsHeld: 0 };
  let db: Db | undefined;
  const run = (step: ProofStep, prove: () => string): boolean => {
    let result: ProofResult;
    try {
      result = { step, passed: true, found: prove() };
    } catch (error) {
      if (!expected(error)) throw error;
      result = { step, passed: false, found: error.message };
    }
    steps.push(result);
    told(result);
    return result.passed;
  };
  try {
    const open = (): Db => (db ??= openReading(job.path));
    const passed =
      run('pages', () => pages(open())) &&
      run('schema', () => schema(open())) &&
      run('counts', () => counts(factsOf(open()), job.expected)) &&
      run('trail', () => trail(open(), job, found)) &&
      run('keys', () => keys(open(), job)) &&
      run('content', () => content(open(), job, found));
    return { steps, passed, ...found };
  } finally {
    db?.close();
  }
}

const expected = (error: unknown): error is Error =>
  error instanceof NotProved ||
  error instanceof StoreRefused ||
  error instanceof KeyFolderRefused ||
  error instanceof SealBroken ||
  isDamage(error);

function pages(db: Db): string {
  const [first] = db.pragma('quick_check(1)') as { quick_check: string }[];
  if (first?.quick_check !== 'ok')
    throw new NotProved(`the database is damaged (${first?.quick_check ?? 'no answer'})`);
  return `${String(db.pragma('page_count', { simple: true }))} pages are whole`;
}

function schema(db: Db): string {
  const version = checkMigrations(db, knownMigrations());
  return `version ${version}, which this program can serve`;
}

function counts(is: CopyFacts, manifest: CopyFacts): string {
  if (is.storeId !== manifest.storeId)
    throw new NotProved(`it is a copy of store ${is.storeId}, the manifest tells of ${manifest.storeId}`);
  for (const [name, wanted] of Object.entries(manifest.counts)) {
    const n = (is.counts as unknown as Record<string, number>)[name];
    if (n !== wanted) throw new NotProved(`it has ${n ?? 'no'} ${name}, the manifest says ${String(wanted)}`);
  }
  const { messages, accounts, mailboxes, deliveries } = is.counts;
  return `${messages} messages, ${accounts} accounts, ${mailboxes} mailboxes, ${deliveries} deliveries`;
}

/** The whole chain, to the very row that the manifest names. */
function trail(db: Db, { expected: manifest, anchors }: ProveJob, found: Found): string {
  const wanted = new Map(anchors.map(({ seq, hash }) => [seq, hash]));
  const rows = db
    .prepare<[], ChainRow>(
      `SELECT seq, at, event, outcome, message, account, facts, commitment, hash, salt, personal FROM audit ORDER BY seq`,
    )
    .safeIntegers(true);
  let head: ChainHead = BEFORE_ALL;
  for (const row of rows.iterate() as IterableIterator<RawRow>) {
    const next = followOn(head, {
      ...row,
      seq: Number(row.seq),
      at: Number(row.at),
      account: row.account === null ? null : Number(row.account),
    });
    if (isBroken(next)) throw new NotProved(`the audit trail does not hold at row ${next.seq}: ${next.why}`);
    head = next;
    const anchor = wanted.get(head.seq);
    if (anchor === undefined) continue;
    if (anchor !== hex(head.hash))
      throw new NotProved(`row ${head.seq} of the audit trail is not the one that was signed`);
    found.anchorsHeld += 1;
  }
  if (head.seq !== manifest.audit.seq || hex(head.hash) !== manifest.audit.hash)
    throw new NotProved(`the audit trail ends at row ${head.seq}, the manifest says ${manifest.audit.seq}`);
  const later = Math.max(0, ...anchors.map(({ seq }) => seq));
  if (later > head.seq) found.later = later;
  return `${head.seq} rows, the chain holds to the row that the manifest names; ${found.anchorsHeld} anchors stand in it`;
}

type RawRow = Omit<ChainRow, 'seq' | 'at' | 'account'> & {
  readonly seq: bigint;
  readonly at: bigint;
  readonly account: bigint | null;
};

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

function keys(db: Db, { keyFolder, masterKey }: ProveJob): string {
  const folder = new KeyFolder(keyFolder, masterKey);
  const days = checkKeys(db, folder, keyFolder);
  const erased = days.filter((day) => folder.isErased(day)).length;
  return `the master key is the right one; ${days.length - erased} day keys open${erased === 0 ? '' : `, ${erased} were destroyed on purpose since`}`;
}

interface ContentRow {
  readonly message: bigint;
  readonly sha256: Buffer;
  readonly octets: bigint;
  readonly data_key: Buffer;
  readonly chunks: bigint;
  readonly body: Buffer | null;
}

/** Opens and hashes whole bodies. One whose day was erased is told apart from one that is damaged. */
function content(db: Db, { keyFolder, masterKey, sample }: ProveJob, found: Found): string {
  const folder = new KeyFolder(keyFolder, masterKey);
  const row = db
    .prepare<[bigint], ContentRow>(
      `SELECT c.message, m.sha256, m.octets, c.data_key, c.chunks, c.body
         FROM content c JOIN message m ON m.id = c.message WHERE c.message = ?`,
    )
    .safeIntegers(true);
  const chunk = db.prepare<[bigint, number], { sealed: Buffer; tag: Buffer }>(
    'SELECT sealed, tag FROM chunk WHERE message = ? AND n = ?',
  );
  const total = db.prepare<[], number>('SELECT count(*) FROM content').pluck(true).get() ?? 0;
  for (const id of chosen(db, total, sample)) {
    const stored = row.get(id);
    if (stored === undefined) throw new NotProved(`message ${id} has content and no facts`);
    const day = dayOf(idTime(id));
    if (folder.isErased(day)) {
      found.erased += 1;
      continue;
    }
    try {
      const key = folder.dataKeyOf(day, id, stored.data_key);
      const hash = createHash('sha256');
      let octets = 0;
      const take = (piece: Uint8Array): void => {
        hash.update(piece);
        octets += piece.length;
      };
      if (stored.body !== null) take(openWhole(key, id, stored.body));
      else
        for (let n = 0; n < Number(stored.chunks); n += 1) {
          const sealed = chunk.get(id, n);
          if (sealed === undefined) throw new SealBroken(`chunk ${n} is missing`);
          take(openChunk(key, id, n, n === Number(stored.chunks) - 1, { octets: sealed.sealed, tag: sealed.tag }));
        }
      if (octets !== Number(stored.octets) || !hash.digest().equals(stored.sha256))
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

/** At least the first of each day, the last, and every so many between. */
function* chosen(db: Db, total: number, sample: number): Generator<bigint, void, undefined> {
  const every = sample === 0 ? 1 : Math.max(1, Math.ceil(total / sample));
  // A list of numbers: the reading of bodies must not disturb the walk.
  const ids = db.prepare<[], bigint>('SELECT message FROM content ORDER BY message').pluck(true).safeIntegers(true);
  let day = '';
  let n = 0;
  for (const id of ids.all()) {
    const its = dayOf(idTime(id));
    n += 1;
    if (its !== day || n % every === 0 || n === total) yield id;
    day = its;
  }
}
