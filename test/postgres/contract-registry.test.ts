/** Contracts of every store, on PostgreSQL. */
// @beside
import { storesOfFile } from '../support/postgres-store.ts';
import { absenceContract } from '../store/absence-contract.ts';
import { caContract } from '../store/ca-contract.ts';
import { certificateContract } from '../store/certificate-contract.ts';
import { ediContract } from '../store/edi-contract.ts';
import { exemptionContract } from '../store/exemption-contract.ts';
import { mergeContract } from '../store/merge-contract.ts';
import { partnerContract } from '../store/partner-contract.ts';
import { pgpContract } from '../store/pgp-contract.ts';
import { networkContract } from '../store/network-contract.ts';
import { quirkContract } from '../store/quirk-contract.ts';
import { usageContract } from '../store/usage-contract.ts';

const open = storesOfFile();

absenceContract('PostgreSQL', open);
caContract('PostgreSQL', open);
certificateContract('PostgreSQL', open);
ediContract('PostgreSQL', open);
exemptionContract('PostgreSQL', open);
mergeContract('PostgreSQL', open);
partnerContract('PostgreSQL', open);
pgpContract('PostgreSQL', open);
networkContract('PostgreSQL', open);
quirkContract('PostgreSQL', open);
usageContract('PostgreSQL', open);
