/** Contracts of every store, on PostgreSQL. */
// @beside
import { storesOfFile } from '../support/postgres-store.ts';
import { directoryContract } from '../store/directory-contract.ts';
import { endingContract } from '../store/ending-contract.ts';

const open = storesOfFile();

directoryContract('PostgreSQL', open);
endingContract('PostgreSQL', open);
