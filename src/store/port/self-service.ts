/** The pages on which accounts help themselves, as these pages have the store. */
import type { SelfServiceChanges } from '../changes/self-service.ts';
import type { SelfServiceReads } from '../reads/self-service.ts';
import type { Remote } from '../sql/remote.ts';

export interface SelfService extends Remote<SelfServiceChanges>, Remote<SelfServiceReads> {}
