import { openTestStore } from '../support/store.ts';
import { networkContract } from './network-contract.ts';

networkContract('SQLite', (t) => openTestStore(t));
