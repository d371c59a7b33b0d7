/** The hash chain of the audit trail: what a row's hash covers. Used by the writer that extends it and the reader that checks it. */
import { hash } from 'node:crypto';
import { joinSmall } from '../../platform/bytes.ts';

export interface ChainedFields {
  readonly seq: number;
  readonly at: number;
  readonly event: string;
  readonly outcome: string;
  readonly message: bigint | null;
  readonly account: number | null;
  readonly facts: string;
  readonly commitment: Uint8Array | null;
}

/** Stands before the first row. */
export const CHAIN_START: Uint8Array = new Uint8Array(32);

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
