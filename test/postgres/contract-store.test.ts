/** Contracts of every store, on PostgreSQL. */
// @beside
import { storesOfFile } from '../support/postgres-store.ts';
import { availabilityContract } from '../store/availability-contract.ts';
import { storeContract } from '../store/contract.ts';

const open = storesOfFile();

storeContract('PostgreSQL', open);
availabilityContract('PostgreSQL', open);
