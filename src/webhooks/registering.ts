/**
 * What operators and accounts do with webhooks that needs a secret, or the receiver: to add one, to
 * give it another secret, to try it.
 */
import { base32, grouped } from '../crypto/keys/base32.ts';
import { type WebhookSeals, makeWebhookSecret } from '../crypto/keys/webhook-secrets.ts';
import type { Clock, RandomBytes } from '../domain/effects.ts';
import { type Instant, instant } from '../domain/units.ts';
import { OLD_SECRET_SIGNS } from '../domain/webhooks.ts';
import { type Actor } from '../store/actor.ts';
import { RegistryError } from '../store/registry.ts';
import type { Store } from '../store/port/store.ts';
import type { ActiveWebhook, NewWebhook } from '../store/webhooks.ts';
import type { WebhookLine } from './line.ts';
import { headersFor, testPayload } from './event-payload.ts';

export interface RegisteringParts {
  readonly store: Pick<Store, 'webhooks'>;
  readonly clock: Clock;
  readonly webhooks: {
    readonly seals: WebhookSeals;
    readonly line: (url: string) => Pick<WebhookLine, 'post' | 'close'>;
    readonly random: RandomBytes;
  };
  readonly gateway?: { webhooksChanged(): void };
}

type Found = Pick<ActiveWebhook, 'sealed' | 'position'> & NonNullable<Awaited<ReturnType<Store['webhooks']['find']>>>;

/** The webhook. Throws RegistryError `unknown`. */
export async function webhookOf(
  { webhooks }: { readonly webhooks: Pick<Store['webhooks'], 'find'> },
  id: string,
): Promise<Found> {
  const found = await webhooks.find(id);
  if (found !== undefined) return found;
  throw new RegistryError(
    'unknown',
    `There is no webhook "${grouped(id)}"; "sluis webhook list" shows those there are`,
  );
}

/** The secret is shown once; kept is only what is sealed. */
export async function addWebhook(
  { store, webhooks: { seals, random }, gateway }: RegisteringParts,
  webhook: Omit<NewWebhook, 'id' | 'sealed'>,
  actor: Actor,
): Promise<{ readonly id: string; readonly secret: string }> {
  const id = base32(random(5));
  const secret = makeWebhookSecret(random);
  await store.webhooks.add({ ...webhook, id, sealed: await seals.seal(id, { secret }) }, actor);
  gateway?.webhooksChanged();
  return { id, secret };
}

/** Both secrets sign until `oldUntil`, so that the receiver changes when it likes. */
export async function rotateWebhook(
  { store, clock, webhooks: { seals, random }, gateway }: RegisteringParts,
  id: string,
  actor: Actor,
): Promise<{ readonly secret: string; readonly oldUntil: Instant }> {
  const { sealed } = await webhookOf(store, id);
  const opened = await seals.open(id, sealed);
  const secret = makeWebhookSecret(random);
  // A secret that cannot be opened has signed nothing either.
  const both = opened.ok ? { secret, before: opened.value.secret } : { secret };
  const oldUntil = instant(clock.now() + OLD_SECRET_SIGNS);
  await store.webhooks.rotate(id, await seals.seal(id, both), oldUntil, actor);
  gateway?.webhooksChanged();
  return { secret, oldUntil };
}

export interface Tried {
  readonly taken: boolean;
  readonly status?: number;
  /** Why there was no answer. */
  readonly why?: string;
}

/** Sends an event that nothing waits for. It counts neither as a success nor as a failure. */
export async function testWebhook(
  { store, clock, webhooks: { seals, line, random } }: RegisteringParts,
  id: string,
): Promise<Tried> {
  const webhook = await webhookOf(store, id);
  const opened = await seals.open(id, webhook.sealed);
  if (!opened.ok) return { taken: false, why: 'secret' };
  const now = clock.now();
  const told = testPayload(webhook, now, Buffer.from(random(16)).toString('hex'));
  const to = line(webhook.url);
  try {
    const posted = await to.post(headersFor(told, opened.value, { oldUntil: webhook.oldUntil, now }), told.body);
    if (posted.kind === 'refused') return { taken: false, why: posted.why };
    return { taken: posted.status >= 200 && posted.status < 300, status: posted.status };
  } finally {
    to.close();
  }
}
