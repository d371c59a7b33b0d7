/** Every subject of the command table, and the operations that come of them. */
import { addresses } from './address.ts';
import { operationsOf } from './core/operations.ts';
import type { AnyRow, AnySubject } from './core/row.ts';

/** In the order of the documents. */
export const subjects: readonly AnySubject[] = [addresses];

/** Commands of the top level that are rows. */
export const tops: Readonly<Record<string, AnyRow>> = {};

export const rowOperations = { ...operationsOf(addresses) };
