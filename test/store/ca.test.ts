import { openTestStore } from '../support/store.ts';
import { caContract } from './ca-contract.ts';

caContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
