/**
 * Webhooks: what somebody may be told of over HTTPS, to which addresses, and how often at most.
 *
 * An event says that something happened and to what, by ids: no subject, no address, no name, no
 * content. Who wants more asks for it with credentials of its own, so that a URL that fell into
 * other hands tells nobody anything of a patient.
 */
import { type Milliseconds, days, hours, milliseconds, minutes, seconds } from './units.ts';

/**
 * In the order of the documents. Whose event it is: that account, its organisation, and the whole
 * service may be told.
 */
export const WEBHOOK_EVENTS = {
  'message.received': 'a message is in a mailbox; of the owner of the mailbox',
  'message.delivered': 'a message that was sent is in a mailbox, or a partner accepted it; of its sender',
  'message.collected':
    'a message that was sent was fetched from its mailbox; of its sender, each time that it is fetched',
  'message.failed': 'a message that was sent did not arrive, was never fetched, or was taken back; of its sender',
  'certificate.ending': 'a certificate of the account ends, and was not replaced',
  'account.added': 'an account was registered',
  'account.suspended': 'an account was suspended or contained',
  'account.resumed': 'an account was resumed',
  'account.ending': 'an account will end',
  'account.ended': 'an account has ended',
  'account.moved': 'an account went to another organisation',
} as const;
export type WebhookEventType = keyof typeof WEBHOOK_EVENTS;
export const WEBHOOK_EVENT_TYPES = Object.keys(WEBHOOK_EVENTS) as readonly WebhookEventType[];
export const isWebhookEventType = (text: string): text is WebhookEventType => Object.hasOwn(WEBHOOK_EVENTS, text);

export const WEBHOOK_STATES = ['active', 'paused'] as const;
export type WebhookState = (typeof WEBHOOK_STATES)[number];

/** Most webhooks of one account, of one organisation, of the whole service, and in all. */
export const MAX_WEBHOOKS = { account: 5, organisation: 10, service: 10, all: 1000 } as const;
export const MAX_URL = 500;
export const MAX_NAME = 60;

/**
 * Events that are older when their turn comes are passed over: a receiver that was away for a week
 * looks itself.
 */
export const EVENTS_KEPT: Milliseconds = days(7);
/** How long the previous secret signs as well, once there is a new one. */
export const OLD_SECRET_SIGNS: Milliseconds = days(7);

/**
 * After the first, second, ... failure in a row. With one more failure the webhook is paused, after
 * about 16 hours.
 */
export const RETRY_WAITS: readonly Milliseconds[] = [
  ...[seconds(5), seconds(30), minutes(2), minutes(10), minutes(30)],
  ...[hours(1), hours(2), hours(4), hours(8)],
];

const LONGEST_WAIT = Math.max(...RETRY_WAITS);

export interface Failed {
  /** Failures in a row, with the last one. */
  readonly failures: number;
  /** What the receiver asked for with `Retry-After`: no longer than our own longest wait counts. */
  readonly asked?: Milliseconds | undefined;
  /**
   * From 0 to 1: up to a tenth comes on top, so that all who wait for one receiver do not come at
   * once when it is back.
   */
  readonly chance: number;
}

/** Wait before the next try; undefined: none is made. */
export function waitAfter({ failures, asked = milliseconds(0), chance }: Failed): Milliseconds | undefined {
  const own = RETRY_WAITS[failures - 1];
  if (own === undefined) return undefined;
  return milliseconds(Math.round(Math.max(own, Math.min(asked, LONGEST_WAIT)) * (1 + chance / 10)));
}

/**
 * A URL that may be told of events, as it is kept; or what of it is not as it must be. Whether its
 * address may be called is asked at each connection.
 */
export function webhookUrl(text: string): { readonly url: string } | { readonly why: string } {
  if (text.length > MAX_URL) return { why: `it is longer than ${MAX_URL} characters` };
  // URL takes blanks and backslashes, and a name of digits for an address.
  if (!/^https:\/\/[\x21-\x7e]+$/i.test(text) || text.includes('\\')) return { why: 'it does not begin with https://' };
  if (!URL.canParse(text)) return { why: 'it is no URL' };
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return { why: 'it holds a user name or a password' };
  if (url.hash !== '' || text.includes('#')) return { why: 'it has a part behind a #' };
  if (url.hostname === '') return { why: 'it names no host' };
  return url.href.length > MAX_URL ? { why: `it is longer than ${MAX_URL} characters` } : { url: url.href };
}
