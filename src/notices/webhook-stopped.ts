/**
 * The notice to the owner of a webhook that it gets no more events: in the account's mailbox, to
 * the organisation's contact, or to the operator.
 */
import { grouped } from '../crypto/keys/base32.ts';
import { webhookLetters } from '../letters/webhook.ts';
import type { Registry } from '../store/port/registry.ts';
import type { Store } from '../store/port/store.ts';
import type { WebhookRecord } from '../store/webhooks.ts';
import type { NoticeWriter } from './notice-writer.ts';
import type { NoticeDestination } from './notice-destination.ts';
import { file } from './uncollected-mailbox.ts';

export interface WebhookStoppedParts {
  readonly noticeWriter: NoticeWriter;
  readonly store: Pick<Store, 'accept'> & { readonly registry: Pick<Registry, 'findOrganisation'> };
}

/** Once for each time that it began to fail. Rejects with StoreFull or StoreFailed. */
export async function tellWebhookStopped(
  { noticeWriter, store }: WebhookStoppedParts,
  webhook: WebhookRecord,
  what: 'paused' | 'gone',
  why: string,
): Promise<void> {
  const { id, name, url, failingAt, createdAt } = webhook;
  const notice = await noticeWriter.letter(await placeOf({ noticeWriter, store }, webhook), {
    kind: 'webhook-stopped',
    once: `webhook:${id}:${createdAt}:${failingAt ?? 0}:${what}`,
    letters: webhookLetters({ name, host: new URL(url).host, id: grouped(id), what, why }),
  });
  await file(store, notice);
}

async function placeOf(
  { noticeWriter, store }: WebhookStoppedParts,
  { account, organisation, organisationName }: WebhookRecord,
): Promise<NoticeDestination | undefined> {
  if (account !== undefined) return await noticeWriter.places.ofAccount(account);
  const found =
    organisation === undefined || organisationName === undefined
      ? undefined
      : await store.registry.findOrganisation(organisationName);
  const contact = found === undefined ? undefined : await noticeWriter.places.ofContact(found);
  return contact ?? (await noticeWriter.places.operator());
}
