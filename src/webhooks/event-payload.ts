/** What a receiver gets: an event as the Standard Webhooks specification has it, signed. */
import { hash } from 'node:crypto';
import { type WebhookSecrets, webhookSignature } from '../crypto/keys/webhook-secrets.ts';
import type { Instant } from '../domain/units.ts';
import { iso } from '../domain/units.ts';
import type { ActiveWebhook, WebhookEvent } from '../store/webhooks.ts';

export interface EventPayload {
  /**
   * Id, the same each time that this event is sent to this webhook, so that a receiver can drop a
   * repetition.
   */
  readonly id: string;
  readonly body: string;
}

/** Opaque: the number of a row of the trail would tell how much goes on at the gateway. */
const idOf = (webhook: string, what: string): string =>
  `evt_${hash('sha256', `${webhook} ${what}`, 'buffer').subarray(0, 18).toString('base64url')}`;

export function payloadOf(webhook: Pick<ActiveWebhook, 'id'>, event: WebhookEvent): EventPayload {
  const { seq, part, at, type, account, organisation, message, facts } = event;
  const data = {
    accountId: String(account),
    organisationId: String(organisation),
    ...(message !== undefined && { messageId: message }),
    ...facts,
  };
  return { id: idOf(webhook.id, `${seq}.${part}`), body: JSON.stringify({ type, timestamp: iso(at), data }) };
}

/** The payload of the command that tries a webhook. */
export const testPayload = ({ id }: Pick<ActiveWebhook, 'id'>, now: Instant, random: string): EventPayload => ({
  id: idOf(id, `test ${random}`),
  body: JSON.stringify({ type: 'webhook.test', timestamp: iso(now), data: { webhookId: id } }),
});

/**
 * `now`: the moment of the attempt, which is signed as well. The secret before signs until its time
 * is over.
 */
export function headersFor(
  { id, body }: EventPayload,
  { secret, before }: WebhookSecrets,
  { oldUntil, now }: { readonly oldUntil?: Instant | undefined; readonly now: Instant },
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(now / 1000);
  const secrets = before !== undefined && oldUntil !== undefined && now < oldUntil ? [secret, before] : [secret];
  return {
    'content-type': 'application/json',
    'user-agent': 'sluis-webhooks/1',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': webhookSignature(secrets, { id, timestamp, body }),
  };
}
