/** People whom OpenID providers vouch for, as the console and the commands have them. */
import type { IdentityChanges } from '../changes/identities.ts';
import type { IdentityReads } from '../reads/identities.ts';
import type { Remote } from '../sql/remote.ts';

export interface Identities extends Remote<IdentityChanges>, Remote<IdentityReads> {}
