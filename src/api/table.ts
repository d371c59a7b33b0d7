/** Every route of the API, one line an area. */
import { administrationRoutes } from './administration/routes.ts';
import type { WebhookSaid } from './core/operations.ts';
import type { Route } from './core/route.ts';
import { directoryRoutes } from './directory/table.ts';
import { mailboxRoutes } from './mailbox/routes.ts';
import { messageRoutes } from './messages/table.ts';
import { ownAppPasswordRoutes } from './own/app-passwords.ts';
import { serviceRoutes } from './service/routes.ts';
import { webhookEvents } from './webhooks/events.ts';
import { webhookRoutes } from './webhooks/routes.ts';

export const API_ROUTES: readonly Route[] = [
  ...serviceRoutes,
  ...messageRoutes,
  ...mailboxRoutes,
  ...directoryRoutes,
  ...webhookRoutes,
  ...ownAppPasswordRoutes,
  ...administrationRoutes,
];

/** Every event that is sent to webhooks, for the document. */
export const API_WEBHOOKS: readonly WebhookSaid[] = webhookEvents;
