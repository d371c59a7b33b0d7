/** The contract of every store, on the SQLite store with the threads that it has in service. */
// @threads: what comes in which order is promised with threads.
// @release: at a merge store/sqlite-contract has all of it in one thread, and what threads add is tried by store/writer, store/calls, every program that is started, and the second Node.
import { openTestStore } from '../support/store.ts';
import { storeContract } from './contract.ts';

storeContract('SQLite, with its threads', (t) => openTestStore(t, { testing: { changesTwice: true } }));
