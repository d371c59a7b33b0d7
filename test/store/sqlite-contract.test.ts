/** The contract of every store, on the SQLite store. */
// @threads: what comes in which order is promised with threads.
import { openTestStore } from '../support/store.ts';
import { storeContract } from './contract.ts';

// Each change that is called runs twice, and the first run is rolled back.
storeContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
