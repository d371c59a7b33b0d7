import { openTestStore } from '../support/store.ts';
import { pgpContract } from './pgp-contract.ts';

pgpContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
