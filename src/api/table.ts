/** Every route of the API, one line an area. */
import type { Route } from './core/route.ts';

export const API_ROUTES: readonly Route[] = [];
