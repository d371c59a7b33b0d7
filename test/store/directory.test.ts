import { openTestStore } from '../support/store.ts';
import { directoryContract } from './directory-contract.ts';

directoryContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
