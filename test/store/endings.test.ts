/** Ends that can be taken back, on SQLite. */
import { openTestStore } from '../support/store.ts';
import { endingContract } from './ending-contract.ts';

endingContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
