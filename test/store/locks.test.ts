/**
 * Maildrop locks of the SQLite store, which are in its memory. Leases, and two nodes that have
 * them, are in test/postgres.
 */
import { openTestStore } from '../support/store.ts';
import { lockContract } from './lock-contract.ts';

lockContract('SQLite', (t) => openTestStore(t));
