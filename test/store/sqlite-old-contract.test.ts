/** The contract of every store, on a file as older versions made it, and searches in small steps. */
import { openTestStore } from '../support/store.ts';
import { storeContract } from './contract.ts';

storeContract('SQLite, made by an older version', (t) => openTestStore(t, { testing: { searchStep: 2 } }, 'old'));
