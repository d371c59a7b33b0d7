/**
 * The contract of every store, on a file as older versions made it, and searches in small steps.
 */
// @release: the contract of the store once more, on a store of a released version; store/migrations and released-store open one at every merge.
import { openTestStore } from '../support/store.ts';
import { storeContract } from './contract.ts';

storeContract('SQLite, made by an older version', (t) => openTestStore(t, { testing: { searchStep: 2 } }, 'old'));
