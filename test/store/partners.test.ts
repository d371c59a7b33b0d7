import { openTestStore } from '../support/store.ts';
import { absenceContract } from './absence-contract.ts';
import { ediContract } from './edi-contract.ts';
import { partnerContract } from './partner-contract.ts';

partnerContract('SQLite', (t) => openTestStore(t));
absenceContract('SQLite', (t) => openTestStore(t));
ediContract('SQLite', (t) => openTestStore(t));
