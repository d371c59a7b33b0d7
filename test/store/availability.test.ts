import { openTestStore } from '../support/store.ts';
import { availabilityContract } from './availability-contract.ts';

availabilityContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
