/** Exemptions from scanning, on SQLite. */
import { openTestStore } from '../support/store.ts';
import { exemptionContract } from './exemption-contract.ts';

exemptionContract('SQLite', (t) => openTestStore(t, { testing: { changesTwice: true } }));
