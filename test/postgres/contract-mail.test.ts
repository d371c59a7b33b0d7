/** Contracts of every store, on PostgreSQL. */
// @beside
import { storesOfFile } from '../support/postgres-store.ts';
import { copiesContract } from '../store/copies-contract.ts';
import { deliveryContract } from '../store/delivery-contract.ts';
import { erasureContract } from '../store/erasure-contract.ts';
import { importContract } from '../store/import-contract.ts';
import { lockContract } from '../store/lock-contract.ts';
import { mailContract } from '../store/mail-contract.ts';
import { requestContract } from '../store/request-contract.ts';
import { traceContract } from '../store/trace-contract.ts';

const open = storesOfFile();

copiesContract('PostgreSQL', open);
deliveryContract('PostgreSQL', open);
erasureContract('PostgreSQL', open);
importContract('PostgreSQL', open);
lockContract('PostgreSQL', open);
mailContract('PostgreSQL', open);
requestContract('PostgreSQL', open);
traceContract('PostgreSQL', open);
