import { openTestStore } from '../support/store.ts';
import { importContract } from './import-contract.ts';

importContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
