/** The contract of every store, on the SQLite store. */
import { openTestStore } from '../support/store.ts';
import { storeContract } from './contract.ts';

// Each change that is called runs twice, and the first run is rolled back.
storeContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
