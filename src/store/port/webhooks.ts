/** The port of webhooks, for those who register them and deliver to them. */
import type { WebhookChanges, WebhookProgressChanges } from '../changes/webhooks.ts';
import type { WebhookReads } from '../reads/webhooks.ts';
import type { Remote } from '../sql/remote.ts';

export interface Webhooks extends Remote<WebhookChanges>, Remote<WebhookProgressChanges>, Remote<WebhookReads> {}
