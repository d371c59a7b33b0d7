/**
 * The contract of traces, and once more with tables of searches that go on with nearly every
 * commit.
 */
import { openTestStore } from '../support/store.ts';
import { traceContract } from './trace-contract.ts';

traceContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
traceContract('SQLite, in small steps', (t) => openTestStore(t, { testing: { searchStep: 2 } }));
