/** Contracts of every store, on PostgreSQL. */
// @beside
import test from 'node:test';
import { PostgresStores } from '../support/postgres-store.ts';
import { availabilityContract } from '../store/availability-contract.ts';
import { storeContract } from '../store/contract.ts';

const closers: (() => Promise<void> | void)[] = [];
test.after(async () => {
  for (const close of closers.toReversed()) await close();
});
let stores: Promise<PostgresStores> | undefined;
const open = async (t: Parameters<PostgresStores['open']>[0]): ReturnType<PostgresStores['open']> => {
  stores ??= PostgresStores.start({ after: (close) => closers.push(close) });
  return await (await stores).open(t);
};

storeContract('PostgreSQL', open);
availabilityContract('PostgreSQL', open);
