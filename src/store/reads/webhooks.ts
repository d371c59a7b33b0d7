/**
 * Reads of webhooks, and of the events that they are told of: these are rows of the audit trail,
 * which stand in the transaction of what they tell. Nothing else is written of an event, so mail
 * costs the same with webhooks and without.
 */
import type { AccountId, OrganisationId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/units.ts';
import { MAX_WEBHOOKS, type WebhookEventType, type WebhookState } from '../../domain/webhooks.ts';
import { type Column, as, bytes, int, optional, text, time } from '../sql/columns.ts';
import { words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';
import type { ActiveWebhook, WebhookEvents, WebhookOwner, WebhookRecord } from '../webhooks.ts';
import { eventsBehind } from './webhook-events.ts';

const EVENTS: Column<readonly WebhookEventType[]> = {
  type: 'text',
  read: (raw) => (raw as string).split(' ') as WebhookEventType[],
};
const WEBHOOK = {
  id: text,
  account: optional(as<AccountId>(int)),
  organisation: optional(as<OrganisationId>(int)),
  login: optional(text),
  organisationName: optional(text),
  name: text,
  url: text,
  events: EVENTS,
  state: as<WebhookState>(text),
  why: optional(text),
  oldUntil: optional(time),
  failures: int,
  failingAt: optional(time),
  dueAt: optional(time),
  lastSuccessAt: optional(time),
  missedUntil: optional(time),
  createdAt: time,
};
/** Columns of the tables `w`, `a` and `o`. */
const COLUMNS =
  words(`w.id, w.account, w.organisation, a.login, o.name AS organisation_name, w.name, w.url, w.events, w.state, w.why, w.old_until,
  w.failures, w.failing_at, w.due_at, w.last_success_at, w.missed_until, w.created_at`);
const TABLES = words(`webhook w LEFT JOIN account a ON a.id = w.account
  LEFT JOIN organisation o ON o.id = coalesce(w.organisation, a.organisation)`);
const ACTIVE = { ...WEBHOOK, sealed: bytes, position: int };

export class WebhookReads {
  /** All webhooks by id; at most MAX_WEBHOOKS.all. */
  *list(_now: Now): Change<readonly WebhookRecord[]> {
    return yield* sql.all(WEBHOOK)`SELECT ${COLUMNS} FROM ${TABLES} ORDER BY w.id LIMIT ${MAX_WEBHOOKS.all}`;
  }

  /** Webhooks of one account, by id. */
  *ofAccount(_now: Now, account: AccountId): Change<readonly WebhookRecord[]> {
    return yield* sql.all(WEBHOOK)`
      SELECT ${COLUMNS} FROM ${TABLES} WHERE w.account = ${account} ORDER BY w.id LIMIT ${MAX_WEBHOOKS.account}`;
  }

  *find(_now: Now, id: string): Change<(WebhookRecord & Pick<ActiveWebhook, 'sealed' | 'position'>) | undefined> {
    return yield* sql.first(ACTIVE)`
      SELECT ${COLUMNS}, w.sealed, w.position FROM ${TABLES} WHERE w.id = ${id}`;
  }

  /**
   * Webhooks that get events now: neither paused, nor of an account or organisation that is
   * suspended or has ended.
   */
  *active({ at }: Now): Change<readonly ActiveWebhook[]> {
    return yield* sql.all(ACTIVE)`
      SELECT ${COLUMNS}, w.sealed, w.position FROM ${TABLES}
       WHERE w.state = 'active' AND (a.id IS NULL OR (a.state = 'active' AND (a.ends_at IS NULL OR a.ends_at > ${at})))
         AND (o.id IS NULL OR (o.state = 'active' AND (o.ends_at IS NULL OR o.ends_at > ${at}))) ORDER BY w.id LIMIT ${MAX_WEBHOOKS.all}`;
  }

  /**
   * Events after that row of the trail, in a bounded step; with `owner` only those that it may see.
   */
  *events(_now: Now, behind: number, owner?: WebhookOwner): Change<WebhookEvents> {
    return yield* eventsBehind(behind, owner);
  }

  /**
   * The last row of the trail that was written before `at`, and 0 where there is none; found in a
   * few dozen looks, however long the trail is.
   */
  *rowBefore(_now: Now, at: Instant): Change<number> {
    const { last } = yield* sql.one({ last: int })`SELECT coalesce(max(seq), 0) AS last FROM audit`;
    let [low, high] = [0, last];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      const row = yield* sql.first({ at: time })`SELECT at FROM audit WHERE seq >= ${middle} ORDER BY seq LIMIT 1`;
      if (row !== undefined && row.at < at) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}
