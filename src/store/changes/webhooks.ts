/**
 * Changes to webhooks; each with its audit row, except for progress. They throw RegistryError:
 * `exists`, `unknown`, `ended` and `invalid`.
 */
import { grouped } from '../../crypto/keys/base32.ts';
import type { AccountId } from '../../domain/ids.ts';
import type { Instant } from '../../domain/units.ts';
import { MAX_WEBHOOKS } from '../../domain/webhooks.ts';
import { type Actor } from '../actor.ts';
import { RegistryError } from '../registry.ts';
import { type Row, int, orNull, text } from '../sql/columns.ts';
import { among, locked, rowsOf } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { NewWebhook, WebhookChange, WebhookOwner, WebhookProgress } from '../webhooks.ts';
import type { ChangeContext, TrailRow } from './change-context.ts';

const WEBHOOK = { id: text, account: orNull(int), owner: text, name: text, state: text };
type Known = Row<typeof WEBHOOK>;

export class WebhookChanges {
  /** Registers a webhook, which gets the events from now on. */
  *add(context: ChangeContext, webhook: NewWebhook, actor: Actor): Change<void> {
    const { id, account = null, organisation = null, name, url, events, sealed } = webhook;
    yield* checkOwner(context, webhook);
    const owner = ownerOf(webhook);
    yield* checkRoom(owner);
    yield* checkName({ owner, name, id });
    yield* sql.run`
      INSERT INTO webhook (id, account, organisation, owner, name, url, events, sealed, position, created_at)
      SELECT ${id}, ${account}, ${organisation}, ${owner}, ${name}, ${url}, ${events.join(' ')}, ${sealed}, coalesce(max(seq), 0), ${context.at} FROM audit`;
    yield* record(context, 'added', { id, account, name }, actor, { host: hostOf(url) }, { events });
  }

  /** Changes a webhook. Events that it missed stay missed, and later ones go to the new URL. */
  *set(context: ChangeContext, id: string, { name, url, events }: WebhookChange, actor: Actor): Change<void> {
    const known = yield* webhookOf(id);
    if (name !== undefined) {
      yield* checkName({ ...known, name });
      yield* sql.run`UPDATE webhook SET name = ${name} WHERE id = ${id}`;
    }
    if (url !== undefined) yield* sql.run`UPDATE webhook SET url = ${url} WHERE id = ${id}`;
    if (events !== undefined) yield* sql.run`UPDATE webhook SET events = ${events.join(' ')} WHERE id = ${id}`;
    const personal = url === undefined ? {} : { host: hostOf(url) };
    const about = name === undefined ? known : { ...known, name };
    yield* record(context, 'changed', about, actor, personal, events === undefined ? {} : { events });
  }

  /** `sealed`: the new secret with the previous one, which signs as well until `oldUntil`. */
  *rotate(context: ChangeContext, id: string, sealed: Uint8Array, oldUntil: Instant, actor: Actor): Change<void> {
    const known = yield* webhookOf(id);
    yield* sql.run`UPDATE webhook SET sealed = ${sealed}, old_until = ${oldUntil} WHERE id = ${id}`;
    yield* record(context, 'secret-rotated', known, actor);
  }

  /**
   * Pauses a webhook; returns whether it was getting events until now. `why`: a word, for those who
   * look.
   */
  *pause(context: ChangeContext, id: string, why: string, actor: Actor): Change<boolean> {
    const known = yield* webhookOf(id);
    if (known.state === 'paused') return false;
    yield* sql.run`UPDATE webhook SET state = 'paused', why = ${why}, due_at = NULL WHERE id = ${id}`;
    yield* record(context, 'paused', known, actor, {}, { why });
    return true;
  }

  /**
   * Resumes a webhook where it stopped; events that have become too old are passed over. One that
   * waits for another try goes on at once.
   */
  *resume(context: ChangeContext, id: string, actor: Actor): Change<void> {
    const known = yield* webhookOf(id);
    yield* sql.run`
      UPDATE webhook SET state = 'active', why = NULL, failures = 0, failing_at = NULL, due_at = NULL WHERE id = ${id}`;
    yield* record(context, 'resumed', known, actor);
  }

  /** Ends a webhook for good: its secrets and its URL are erased. `why`: a word. */
  *end(context: ChangeContext, id: string, why: string, actor: Actor): Change<void> {
    const known = yield* webhookOf(id);
    yield* sql.run`DELETE FROM webhook WHERE id = ${id}`;
    yield* record(context, 'ended', known, actor, {}, { why });
  }
}

/** Changes to the progress of each webhook. */
export class WebhookProgressChanges {
  /**
   * Advances positions, which never go back, whoever reports late. A success ends the count of
   * failures.
   */
  *advance(_context: ChangeContext, progress: readonly WebhookProgress[]): Change<void> {
    const rows = progress.map(({ id, position, succeededAt, missedUntil }) => ({
      id,
      position,
      succeededAt: succeededAt ?? null,
      missedUntil: missedUntil ?? null,
    }));
    yield* sql.run`
      UPDATE webhook SET position = given.position, missed_until = coalesce(given.missed_until, webhook.missed_until),
             last_success_at = coalesce(given.succeeded_at, last_success_at),
             failures = CASE WHEN given.succeeded_at IS NULL THEN failures ELSE 0 END,
             failing_at = CASE WHEN given.succeeded_at IS NULL THEN failing_at END,
             due_at = CASE WHEN given.succeeded_at IS NULL THEN due_at END,
             why = CASE WHEN given.succeeded_at IS NULL OR state = 'paused' THEN why END
        FROM ${rowsOf(PROGRESS, rows)} WHERE webhook.id = given.id AND webhook.position <= given.position`;
  }

  /** Notes one more failure; nothing is sent before `dueAt`. */
  *failed(context: ChangeContext, id: string, failures: number, dueAt: Instant, why: string): Change<void> {
    yield* sql.run`
      UPDATE webhook SET failures = ${failures}, due_at = ${dueAt}, why = ${why}, failing_at = coalesce(failing_at, ${context.at})
       WHERE id = ${id} AND state = 'active'`;
  }
}

const PROGRESS = { id: text, position: int, succeededAt: orNull(int), missedUntil: orNull(int) };

const ENDED = { id: text, account: orNull(int), name: text };

/**
 * Part of the end of accounts: nothing is sent in their name any more. Returns the audit rows to be
 * written.
 */
export function* endWebhooksOf(
  accounts: readonly number[],
): Change<readonly (TrailRow & { readonly account: number })[]> {
  const ended = yield* sql.all({ ...ENDED, account: int })`
    DELETE FROM webhook WHERE account ${among(int, accounts)} RETURNING id, account, name`;
  return byId(ended).map((one) => ({ ...endedRow(one, 'account-ended'), account: one.account }));
}

/**
 * Part of the end of an organisation, or of its merge into another one, which decides again where
 * to send events: secrets and URLs are erased.
 */
export function* endWebhooksOfOrganisation(
  context: ChangeContext,
  organisation: number,
  why: 'organisation-ended' | 'organisation-merged',
  actor: Actor,
): Change<void> {
  const ended = yield* sql.all(ENDED)`
    DELETE FROM webhook WHERE organisation = ${organisation} RETURNING id, account, name`;
  yield* context.recordAll(
    byId(ended).map((one) => endedRow(one, why)),
    actor,
  );
}

/** Part of the move of an account: its programs are the same. */
export function* moveWebhooks(source: AccountId, target: AccountId): Change<void> {
  yield* sql.run`
    UPDATE webhook SET account = ${target}, owner = ${ownerOf({ account: target })} WHERE account = ${source}`;
}

const byId = <T extends { readonly id: string }>(rows: readonly T[]): readonly T[] =>
  rows.toSorted((one, other) => (one.id < other.id ? -1 : 1));

const endedRow = ({ id, account, name }: Row<typeof ENDED>, why: string): TrailRow => ({
  event: 'webhook.ended',
  account,
  personal: { webhook: name },
  facts: { id: grouped(id), why },
});

function* record(
  context: ChangeContext,
  what: string,
  { id, account, name }: Pick<Known, 'id' | 'account' | 'name'>,
  actor: Actor,
  personal: Readonly<Record<string, string>> = {},
  facts: object = {},
): Change<void> {
  yield* context.record(
    `webhook.${what}`,
    account,
    actor,
    { webhook: name, ...personal },
    { id: grouped(id), ...facts },
  );
}

const hostOf = (url: string): string => new URL(url).host;

function* webhookOf(id: string): Change<Known> {
  const row = yield* sql.first(WEBHOOK)`
    SELECT id, account, owner, name, state FROM webhook WHERE id = ${id} ${locked}`;
  if (row === undefined)
    throw new RegistryError(
      'unknown',
      `There is no webhook "${grouped(id)}"; "sluis webhook list" shows those there are`,
    );
  return row;
}

function* checkOwner(context: ChangeContext, { account, organisation }: WebhookOwner): Change<void> {
  if (account === undefined && organisation === undefined) return;
  const { at } = context;
  const open =
    account === undefined
      ? yield* sql.first({ id: int })`
          SELECT id FROM organisation WHERE id = ${organisation ?? 0} AND state <> 'ended' AND (ends_at IS NULL OR ends_at > ${at}) ${locked}`
      : yield* sql.first({ id: int })`
          SELECT id FROM account WHERE id = ${account} AND state <> 'ended' AND (ends_at IS NULL OR ends_at > ${at}) ${locked}`;
  if (open === undefined)
    throw new RegistryError('ended', 'Cannot add a webhook: whose it would be has ended, and nobody is told of it');
}

const ownerOf = ({ account, organisation }: WebhookOwner): string =>
  account !== undefined
    ? `account ${account}`
    : organisation !== undefined
      ? `organisation ${organisation}`
      : 'service';

function* checkRoom(owner: string): Change<void> {
  const { its, total } = yield* sql.one({ its: int, total: int })`
    SELECT (SELECT count(*) FROM webhook WHERE owner = ${owner}) AS its, (SELECT count(*) FROM webhook WHERE id > '') AS total`;
  const [whose = ''] = owner.split(' ');
  const most = MAX_WEBHOOKS[whose as 'account' | 'organisation' | 'service'];
  const named = whose === 'service' ? 'the whole service' : `an ${whose}`;
  if (its >= most)
    throw new RegistryError(
      'exists',
      `There are ${its} webhooks already, the most that ${named} can have; end one first`,
    );
  if (total >= MAX_WEBHOOKS.all)
    throw new RegistryError('exists', `There are ${total} webhooks in all, the most there can be; end one first`);
}

function* checkName({ id, owner, name }: Pick<Known, 'id' | 'owner' | 'name'>): Change<void> {
  const same = yield* sql.first({ id: text })`
    SELECT id FROM webhook WHERE owner = ${owner} AND name = ${name} AND id <> ${id} ${locked}`;
  if (same !== undefined)
    throw new RegistryError(
      'exists',
      `There is a webhook "${name}" already (${grouped(same.id)}); choose another name`,
    );
}
