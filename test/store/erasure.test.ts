import { openTestStore } from '../support/store.ts';
import { erasureContract } from './erasure-contract.ts';

erasureContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
