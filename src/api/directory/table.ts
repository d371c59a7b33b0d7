/** All routes of the directory. */
import type { Route } from '../core/route.ts';
import { listDirectory } from './list.ts';

export const directoryRoutes: readonly Route[] = [listDirectory];
