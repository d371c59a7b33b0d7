/** Every route of the API, one line an area. */
import type { Route } from './core/route.ts';
import { mailboxRoutes } from './mailbox/routes.ts';
import { messageRoutes } from './messages/table.ts';

export const API_ROUTES: readonly Route[] = [...messageRoutes, ...mailboxRoutes];
