import { openTestStore } from '../support/store.ts';
import { storeContract } from './contract.ts';

storeContract('SQLite', (t) => openTestStore(t));
