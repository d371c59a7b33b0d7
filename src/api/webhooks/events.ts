/** What the gateway sends to webhooks, for the document of the API. */
import { z } from '../../config/zod.ts';
import type { WebhookSaid } from '../core/operations.ts';
import { WEBHOOK_EVENTS, WEBHOOK_EVENT_TYPES, type WebhookEventType } from '../../domain/webhooks.ts';

const SIGNED = {
  'webhook-id': 'Id of the event: the same each time that it is sent. Ignore one that you have had.',
  'webhook-timestamp': 'When it is sent, in seconds since 1970. Refuse what is older than some minutes.',
  'webhook-signature':
    'One or two signatures with a space between: `v1,` and base64 of HMAC-SHA256 over id, timestamp and body with points between, under the octets of the secret behind `whsec_`.',
};

const whose = { accountId: z.string(), organisationId: z.string() };
const ofMessage = { ...whose, messageId: z.string() };

const DATA: Readonly<Record<WebhookEventType, z.ZodObject>> = {
  'message.received': z.object({ ...ofMessage, octets: z.int() }),
  'message.delivered': z.object({ ...ofMessage, to: z.enum(['mailbox', 'partner']), recipients: z.int() }),
  'message.collected': z.object(ofMessage),
  'message.failed': z.object({ ...ofMessage, why: z.enum(['not-delivered', 'not-collected', 'withdrawn']) }),
  'certificate.ending': z.object({ ...whose, fingerprint: z.string(), days: z.int() }),
  'account.added': z.object(whose),
  'account.suspended': z.object(whose),
  'account.resumed': z.object(whose),
  'account.ending': z.object({ ...whose, endsAt: z.iso.datetime().optional() }),
  'account.ended': z.object(whose),
  'account.moved': z.object(whose),
};

const said = (name: string, summary: string, data: z.ZodType): WebhookSaid => ({
  name,
  summary,
  description:
    'Any answer from 200 to 299 within 15 seconds accepts the event; 410 ends the webhook; after all else the gateway tries again, in order, for about 16 hours.',
  json: z.object({ type: z.literal(name), timestamp: z.iso.datetime(), data }),
  headers: SIGNED,
});

export const webhookEvents: readonly WebhookSaid[] = [
  ...WEBHOOK_EVENT_TYPES.map((type) => said(type, `Get an event when ${WEBHOOK_EVENTS[type]}`, DATA[type])),
  said('webhook.test', 'Get the test event of the webhook', z.object({ webhookId: z.string() })),
];
