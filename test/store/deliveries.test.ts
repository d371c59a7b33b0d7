import { openTestStore } from '../support/store.ts';
import { copiesContract } from './copies-contract.ts';
import { deliveryContract } from './delivery-contract.ts';
import { traceContract } from './trace-contract.ts';

deliveryContract('SQLite', (t) => openTestStore(t));
traceContract('SQLite', (t) => openTestStore(t));
// The tables that searches seek in go on with nearly every commit.
traceContract('SQLite, in small steps', (t) => openTestStore(t, { testing: { searchStep: 2 } }));
copiesContract('SQLite', (t) => openTestStore(t));
