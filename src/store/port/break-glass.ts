/** The account for emergencies, as the console and the commands have it. */
import type { BreakGlassChanges } from '../changes/break-glass.ts';
import type { BreakGlassReads } from '../reads/break-glass.ts';
import type { Remote } from '../sql/remote.ts';

export interface BreakGlass extends Remote<BreakGlassChanges>, Remote<BreakGlassReads> {}
