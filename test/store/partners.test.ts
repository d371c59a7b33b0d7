import { openTestStore } from '../support/store.ts';
import { absenceContract } from './absence-contract.ts';
import { ediContract } from './edi-contract.ts';
import { partnerContract } from './partner-contract.ts';

// Each change runs twice, and the first run is rolled back.
partnerContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
absenceContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
ediContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
