/** Every route of the API, one line an area. */
import { administrationRoutes } from './administration/routes.ts';
import type { Route } from './core/route.ts';
import { mailboxRoutes } from './mailbox/routes.ts';
import { messageRoutes } from './messages/table.ts';

export const API_ROUTES: readonly Route[] = [...messageRoutes, ...mailboxRoutes, ...administrationRoutes];
