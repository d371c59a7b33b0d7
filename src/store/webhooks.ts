/** Webhooks as the store keeps them, and the events that it finds for them. */
import type { AccountId, MessageId, OrganisationId } from '../domain/ids.ts';
import type { Instant } from '../domain/units.ts';
import type { WebhookEventType, WebhookState } from '../domain/webhooks.ts';

/** Whose it is: of an account, of an organisation, or (neither) of the whole service. */
export interface WebhookOwner {
  readonly account?: AccountId;
  readonly organisation?: OrganisationId;
}

export interface WebhookRecord extends WebhookOwner {
  /** Eight characters in base 32. */
  readonly id: string;
  /** Of the account, where it is one's. */
  readonly login?: string;
  /** Name of the organisation: its own, or that of the account. */
  readonly organisationName?: string;
  readonly name: string;
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  readonly state: WebhookState;
  /** Of the last failure, or of the pause. */
  readonly why?: string;
  /** Until then the secret before signs as well. */
  readonly oldUntil?: Instant;
  /** In a row. */
  readonly failures: number;
  /** Since when nothing gets through. */
  readonly failingAt?: Instant;
  readonly dueAt?: Instant;
  readonly lastSuccessAt?: Instant;
  /** What happened before was too old when its turn came, and was passed over. */
  readonly missedUntil?: Instant;
  readonly createdAt: Instant;
}

/** A webhook with what its delivery needs. */
export interface ActiveWebhook extends WebhookRecord {
  readonly sealed: Uint8Array;
  /** The last row of the trail that it was told of. */
  readonly position: number;
}

export interface NewWebhook extends WebhookOwner {
  readonly id: string;
  readonly name: string;
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  readonly sealed: Uint8Array;
}

export interface WebhookChange {
  readonly name?: string;
  readonly url?: string;
  readonly events?: readonly WebhookEventType[];
}

/** What happened, for those who may be told of it. */
export interface WebhookEvent {
  /** Row of the trail, and which of its events: together they name it for ever. */
  readonly seq: number;
  readonly part: number;
  readonly at: Instant;
  readonly type: WebhookEventType;
  /** Whose it is. */
  readonly account: AccountId;
  readonly organisation: OrganisationId;
  /**
   * Ids of the webhooks that may be told of it because they are the account's own, or, of a message, that of the account which took over from it. They stand in the
   * answer that has the event: a webhook that goes along with its account in between misses none.
   */
  readonly webhooks: readonly string[];
  readonly message?: MessageId;
  readonly facts: Readonly<Record<string, string | number>>;
}

/** Events of the rows behind a position up to `next`, which is that position where there are no more rows. */
export interface WebhookEvents {
  readonly events: readonly WebhookEvent[];
  readonly next: number;
}

/** How far a webhook has been told. `succeededAt`: of the last event that was taken; absent where rows were only passed over. */
export interface WebhookProgress {
  readonly id: string;
  readonly position: number;
  readonly succeededAt?: Instant;
  readonly missedUntil?: Instant;
}
