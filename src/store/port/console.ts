/** How operators get into the web console, as the console and the commands have it. */
import type { ConsoleChanges } from '../changes/console.ts';
import type { ConsoleReads } from '../reads/console.ts';
import type { Remote } from '../sql/remote.ts';

export interface ConsoleAccess extends Remote<ConsoleChanges>, Remote<ConsoleReads> {}
