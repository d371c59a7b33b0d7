/**
 * Signs what webhooks are sent, by the Standard Webhooks specification: secrets are `whsec_` and
 * base64 of 24 to 64 octets; a signature is `v1,` and base64 of HMAC-SHA256 over
 * `ID.TIMESTAMP.BODY` under these octets. While a secret is being replaced both sign, with a space
 * between the two.
 *
 * At rest they lie sealed under the master key, bound to the webhook: the secret of one never opens
 * for another.
 */
import { createHmac } from 'node:crypto';
import type { RandomBytes } from '../../domain/effects.ts';
import { type Result, fail, ok } from '../../domain/result.ts';
import { openSecret, sealSecret } from './sealed-key.ts';

const PREFIX = 'whsec_';
const OCTETS = 32;

export const makeWebhookSecret = (random: RandomBytes): string =>
  `${PREFIX}${Buffer.from(random(OCTETS)).toString('base64')}`;

export interface WebhookSecrets {
  readonly secret: string;
  /** The previous secret, which signs for a while as well. */
  readonly before?: string;
}

/**
 * The signatures of these secrets, one after the other, for the header `webhook-signature`.
 * `timestamp`: seconds since 1970.
 */
export const webhookSignature = (
  secrets: readonly string[],
  { id, timestamp, body }: { readonly id: string; readonly timestamp: number; readonly body: string },
): string =>
  secrets
    .map((secret) => {
      const key = Buffer.from(secret.slice(PREFIX.length), 'base64');
      return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;
    })
    .join(' ');

export interface WebhookSeals {
  seal(id: string, secrets: WebhookSecrets): Promise<Uint8Array>;
  open(id: string, sealed: Uint8Array): Promise<Result<WebhookSecrets, string>>;
}

/** The master key is asked for at each use and not kept. */
export const webhookSeals = (masterKey: () => Promise<Uint8Array>, random: RandomBytes): WebhookSeals => ({
  seal: async (id, { secret, before }) => {
    const plain = Buffer.from(JSON.stringify({ secret, before }));
    const sealed = sealSecret(await masterKey(), plain, { purpose: 'webhook', id, random });
    plain.fill(0);
    return sealed;
  },
  open: async (id, sealed) => {
    const plain = openSecret(await masterKey(), Buffer.from(sealed), { purpose: 'webhook', id });
    if (!plain.ok) return fail(plain.error);
    const secrets = JSON.parse(plain.value.toString('utf8')) as WebhookSecrets;
    plain.value.fill(0);
    return ok(secrets);
  },
});
