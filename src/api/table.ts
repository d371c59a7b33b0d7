/** Every route of the API, one line an area. */
import type { Route } from './core/route.ts';
import { mailboxRoutes } from './mailbox/routes.ts';

export const API_ROUTES: readonly Route[] = [...mailboxRoutes];
