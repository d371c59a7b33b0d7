import { openTestStore } from '../support/store.ts';
import { certificateContract } from './certificate-contract.ts';

certificateContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
