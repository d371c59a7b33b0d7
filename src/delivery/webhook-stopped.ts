/** The word to the owner of a webhook that it is told of nothing any more: in the account's mailbox, to the organisation's contact, or to the operator. */
import { grouped } from '../crypto/base32.ts';
import { webhookLetters } from '../letters/webhook.ts';
import type { Registry } from '../store/port/registry.ts';
import type { Store } from '../store/port/store.ts';
import type { WebhookRecord } from '../store/webhooks.ts';
import type { Desk } from './desk.ts';
import type { Place } from './place.ts';
import { file } from './uncollected-mailbox.ts';

export interface WebhookStoppedParts {
  readonly desk: Desk;
  readonly store: Pick<Store, 'accept'> & { readonly registry: Pick<Registry, 'findOrganisation'> };
}

/** Once for each time that it began to fail. Rejects with StoreFull or StoreFailed. */
export async function tellWebhookStopped(
  { desk, store }: WebhookStoppedParts,
  webhook: WebhookRecord,
  what: 'paused' | 'gone',
  why: string,
): Promise<void> {
  const { id, name, url, failingAt, createdAt } = webhook;
  const notice = await desk.letter(await placeOf({ desk, store }, webhook), {
    kind: 'webhook-stopped',
    once: `webhook:${id}:${createdAt}:${failingAt ?? 0}:${what}`,
    letters: webhookLetters({ name, host: new URL(url).host, id: grouped(id), what, why }),
  });
  await file(store, notice);
}

async function placeOf(
  { desk, store }: WebhookStoppedParts,
  { account, organisation, organisationName }: WebhookRecord,
): Promise<Place | undefined> {
  if (account !== undefined) return await desk.places.ofAccount(account);
  const found =
    organisation === undefined || organisationName === undefined
      ? undefined
      : await store.registry.findOrganisation(organisationName);
  const contact = found === undefined ? undefined : await desk.places.ofContact(found);
  return contact ?? (await desk.places.operator());
}
