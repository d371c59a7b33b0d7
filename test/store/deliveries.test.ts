import { openTestStore } from '../support/store.ts';
import { copiesContract } from './copies-contract.ts';
import { deliveryContract } from './delivery-contract.ts';

deliveryContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
copiesContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
