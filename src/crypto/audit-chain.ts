/**
 * The hash chain of the audit trail: what a row's hash covers, and how a row is checked. Used by the writer that extends it, the reader that
 * checks it, and whoever checks an export far from the store.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { BrokenRow, ChainHead, ChainRow, ChainedFields } from '../domain/audit-row.ts';
import { joinSmall } from '../platform/bytes.ts';

/** Stands before the first row. */
export const CHAIN_START: Uint8Array = new Uint8Array(32);
export const BEFORE_ALL: ChainHead = { seq: 0, hash: CHAIN_START };

/** Binds the personal fields without telling them: without the salt, guessing a name or an address confirms nothing. */
export const commitmentOf = (salt: Uint8Array, personal: string): Uint8Array =>
  hash('sha256', joinSmall([salt, Buffer.from(personal)]), 'buffer');

export function chainHash(previous: Uint8Array, row: ChainedFields): Uint8Array {
  const text = JSON.stringify([
    row.seq,
    row.at,
    row.event,
    row.outcome,
    row.message === null ? null : row.message.toString(),
    row.account,
    row.facts,
    row.commitment === null ? null : Buffer.from(row.commitment).toString('hex'),
  ]);
  return hash('sha256', joinSmall([previous, Buffer.from(text)]), 'buffer');
}

/** The head behind `row`, or why it does not follow on `before`. */
export function followOn(before: ChainHead, row: ChainRow): ChainHead | BrokenRow {
  const { seq, commitment, personal, salt } = row;
  if (seq > before.seq + 1) return { seq: before.seq + 1, why: `row ${before.seq + 1} is missing` };
  if (seq <= before.seq) return { seq, why: `row ${seq} stands again, or out of its order` };
  if (personal !== null && commitment === null) return { seq, why: 'personal fields were added later' };
  if (personal !== null && salt !== null && commitment !== null && !same(commitmentOf(salt, personal), commitment))
    return { seq, why: 'the personal fields are not those that were written' };
  const made = chainHash(before.hash, row);
  return same(made, row.hash) ? { seq, hash: made } : { seq, why: 'the hash does not match the row' };
}

export const isBroken = (checked: ChainHead | BrokenRow): checked is BrokenRow => 'why' in checked;

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b);
