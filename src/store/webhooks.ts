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
  /** Login of the account, if the webhook belongs to one. */
  readonly login?: string;
  /** Name of the organisation: its own, or that of the account. */
  readonly organisationName?: string;
  readonly name: string;
  readonly url: string;
  readonly events: readonly WebhookEventType[];
  readonly state: WebhookState;
  /** Reason of the last failure, or of the pause. */
  readonly why?: string;
  /** Until then the previous secret signs as well. */
  readonly oldUntil?: Instant;
  /** Failures in a row. */
  readonly failures: number;
  /** Since when nothing gets through. */
  readonly failingAt?: Instant;
  readonly dueAt?: Instant;
  readonly lastSuccessAt?: Instant;
  /** Events before this moment were too old when their turn came, and were passed over. */
  readonly missedUntil?: Instant;
  readonly createdAt: Instant;
}

/** A webhook with what its delivery needs. */
export interface ActiveWebhook extends WebhookRecord {
  readonly sealed: Uint8Array;
  /** The last row of the trail whose events it got. */
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
  /** The account that the event is about. */
  readonly account: AccountId;
  readonly organisation: OrganisationId;
  /**
   * Ids of the webhooks that may be told of it because they are the account's own, or, of a
   * message, that of the account which took over from it. They stand in the answer that has the
   * event: a webhook that goes along with its account in between misses none.
   */
  readonly webhooks: readonly string[];
  readonly message?: MessageId;
  readonly facts: Readonly<Record<string, string | number>>;
}

/** Events after a position, up to `next`; that is the same position if there are no more rows. */
export interface WebhookEvents {
  readonly events: readonly WebhookEvent[];
  readonly next: number;
}

/**
 * How far a webhook has been told. `succeededAt`: of the last event that was taken; absent if rows
 * were only passed over.
 */
export interface WebhookProgress {
  readonly id: string;
  readonly position: number;
  readonly succeededAt?: Instant;
  readonly missedUntil?: Instant;
}
