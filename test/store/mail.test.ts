import { openTestStore } from '../support/store.ts';
import { mailContract } from './mail-contract.ts';

mailContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
