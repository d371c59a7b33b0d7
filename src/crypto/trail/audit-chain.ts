/**
 * The hash chain of the audit trail: what a row's hash covers, and how a row is checked. Used by
 * the writer that extends it, the reader that checks it, and whoever checks an export far from the
 * store.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import {
  type BrokenRow,
  type ChainHead,
  type ChainRow,
  type ChainedFields,
  type LaneName,
  placeOf,
} from '../../domain/audit-row.ts';
import { joinSmall } from '../../platform/bytes.ts';
import { approvalRowProblem } from './approval-row.ts';

/** The hash before the first row. */
export const CHAIN_START: Uint8Array = new Uint8Array(32);
export const BEFORE_ALL: ChainHead = { seq: 0, hash: CHAIN_START };

/**
 * The hash before the first row of a lane: no row of another lane, node or start can take its
 * place.
 */
export const laneStart = ({ node, epoch, lane }: LaneName): Uint8Array =>
  hash('sha256', `sluis lane\n${node}\n${epoch}\n${lane}\n`, 'buffer');

/**
 * The head before the first row of a chain. `name`: absent for the one chain of a trail without
 * lanes.
 */
export const beforeAllOf = (name: LaneName | undefined): ChainHead =>
  name === undefined ? BEFORE_ALL : { seq: 0, hash: laneStart(name), lane: name.lane };

/**
 * A commitment to the personal fields: without the salt, guessing a name or an address confirms
 * nothing.
 */
export const commitmentOf = (salt: Uint8Array, personal: string): Uint8Array =>
  hash('sha256', joinSmall([salt, Buffer.from(personal)]), 'buffer');

const textOf = (row: ChainedFields): string =>
  JSON.stringify([
    row.seq,
    row.at,
    row.event,
    row.outcome,
    row.message === null ? null : row.message.toString(),
    row.account,
    row.facts,
    row.commitment === null ? null : Buffer.from(row.commitment).toString('hex'),
  ]);

/**
 * What a row gives to the chain: enough to follow the chain past it, and nothing that tells what it
 * says.
 */
export const rowDigest = (row: ChainedFields): Uint8Array => hash('sha256', textOf(row), 'buffer');

const LINK = Buffer.from('sluis audit link 2\n');

/** A row's hash, from the hash before it and its digest. */
export const linkHash = (previous: Uint8Array, digest: Uint8Array): Uint8Array =>
  hash('sha256', joinSmall([LINK, previous, digest]), 'buffer');

export const chainHash = (previous: Uint8Array, row: ChainedFields): Uint8Array => linkHash(previous, rowDigest(row));

/**
 * The first form of a row's hash: over the text itself, so that nobody could follow the chain past
 * a row without reading it.
 */
const firstForm = (previous: Uint8Array, row: ChainedFields): Uint8Array =>
  hash('sha256', joinSmall([previous, Buffer.from(textOf(row))]), 'buffer');

/** False for a row of the first form, which must be read to follow the chain past it. */
export const isLinked = (previous: Uint8Array, row: ChainRow): boolean => same(chainHash(previous, row), row.hash);

/** The head behind `row`, or why it does not follow on `before`. */
export function followOn(before: ChainHead, row: ChainRow): ChainHead | BrokenRow {
  const { seq, commitment, personal, salt, lane } = row;
  const place = placeOf(row);
  const of = lane === undefined ? '' : ` of lane ${lane}`;
  if (lane !== before.lane) return { seq, why: `row ${seq} is in a chain that is not its own` };
  if (place > before.seq + 1) return { seq: before.seq + 1, why: `row ${before.seq + 1}${of} is missing` };
  if (place <= before.seq) return { seq: place, why: `row ${place}${of} occurs twice, or out of order` };
  if (personal !== null && commitment === null) return { seq, why: 'personal fields were added later' };
  if (personal !== null && salt !== null && commitment !== null && !same(commitmentOf(salt, personal), commitment))
    return { seq, why: 'the personal fields are not those that were written' };
  if (!isLinked(before.hash, row) && !same(firstForm(before.hash, row), row.hash))
    return { seq, why: 'the hash does not match the row' };
  const unsigned = approvalRowProblem(row);
  if (unsigned !== undefined) return { seq, why: `the signature of a passkey does not hold: ${unsigned}` };
  return { seq: place, hash: row.hash, ...(lane === undefined ? {} : { lane }) };
}

export const isBroken = (checked: ChainHead | BrokenRow): checked is BrokenRow => 'why' in checked;

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);
