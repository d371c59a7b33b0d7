import { openTestStore } from '../support/store.ts';
import { deliveryContract } from './delivery-contract.ts';
import { traceContract } from './trace-contract.ts';

deliveryContract('SQLite', (t) => openTestStore(t));
traceContract('SQLite', (t) => openTestStore(t));
