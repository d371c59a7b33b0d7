/** Which rows of the trail are events for webhooks, and for which webhooks. */
import { type Address, addressKey } from '../../domain/address.ts';
import { type AccountId, type MessageId, type OrganisationId, messageIdOf, messageNumber } from '../../domain/ids.ts';
import { groupedBy } from '../../domain/grouped-by.ts';
import { settingOf } from '../../domain/settings.ts';
import type { WebhookEventType } from '../../domain/webhooks.ts';
import type { AcceptedRecipient } from '../acceptance.ts';
import type { WebhookEvent, WebhookEvents, WebhookOwner } from '../webhooks.ts';
import { type Row, as, int, json, long, optional, orNull, text, time } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import { SETTINGS } from './organisations.ts';
import { settledBehind } from './trail-order.ts';

/**
 * Rows of the trail that one step looks at, events among them, and events that it gives: some
 * milliseconds of the thread that reads.
 */
export const STEP = { rows: 1000, told: 100, events: 1000 } as const;

const TOLD = [
  ...['message.accepted', 'message.collected', 'message.expired', 'message.withdrawn'],
  ...['delivery.relayed', 'delivery.failed', 'delivery.released', 'delivery.refiled', 'certificate.warned'],
  ...['registry.account-added', 'registry.account-state', 'registry.account-contained', 'registry.account-ending'],
  ...['registry.account-moved', 'registry.account-organisation'],
];
const LISTED = words(`a.event IN (${TOLD.map((event) => `'${event}'`).join(', ')})`);

const ROW = {
  seq: int,
  at: time,
  event: text,
  outcome: text,
  account: orNull(as<AccountId>(int)),
  facts: json<Readonly<Record<string, unknown>>>(),
  message: optional(long),
  /** Id by which the sender knows the message. */
  original: optional(long),
  submitter: optional(as<AccountId>(int)),
  octets: optional(int),
  envelope: optional(json<{ readonly recipients: readonly AcceptedRecipient[] }>()),
};
type TrailRow = Row<typeof ROW>;

/** An event before it is known which organisation it is of. */
type Found = Omit<WebhookEvent, 'seq' | 'part' | 'at' | 'organisation' | 'webhooks'>;

type Dated = Found & Pick<WebhookEvent, 'seq' | 'part' | 'at'>;

export function* eventsBehind(behind: number, owner: WebhookOwner | undefined): Change<WebhookEvents> {
  const last = yield* settledBehind(behind);
  if (last <= behind) return { events: [], next: behind };
  const to = Math.min(last, behind + STEP.rows);
  const rows = yield* sql.all(ROW)`
    SELECT a.seq, a.at, a.event, a.outcome, a.account, a.facts, m.id AS message, coalesce(m.copy_of, m.id) AS original, m.submitter, m.octets,
           CASE WHEN a.event = 'message.accepted' THEN m.envelope END AS envelope
      FROM audit a LEFT JOIN message m ON m.id = a.message
     WHERE a.seq > ${behind} AND a.seq <= ${to} AND ${LISTED} ORDER BY a.seq LIMIT ${STEP.told}`;
  const more = yield* besides(rows);
  const found: Dated[] = [];
  let next = rows.length < STEP.told ? to : behind;
  for (const row of rows) {
    if (found.length >= STEP.events) break;
    const { seq, at } = row;
    const its = foundIn(row, more);
    found.push(...its.map((one, part) => ({ ...one, seq, part, at })));
    if (rows.length === STEP.told || found.length >= STEP.events) next = seq;
  }
  const events = yield* owned(found, owner);
  return { events, next };
}

/**
 * Facts from other tables: sizes of copies that were made for some recipients, and the mailboxes
 * that deliveries led to.
 */
interface Besides {
  readonly octetsOf: ReadonlyMap<bigint, number>;
  readonly mailboxOf: ReadonlyMap<number, AccountId>;
}

function* besides(rows: readonly TrailRow[]): Change<Besides> {
  const copies = rows.flatMap(({ envelope }) => (envelope?.recipients ?? []).flatMap(({ copy }) => copy ?? []));
  const sizes =
    copies.length === 0
      ? []
      : yield* sql.all({ id: long, octets: int })`
          SELECT id, octets FROM message WHERE id ${among(long, [...new Set(copies)].map(messageNumber))}`;
  const ids = rows.flatMap((row) => deliveryOf(row) ?? []);
  const deliveries =
    ids.length === 0
      ? []
      : yield* sql.all({ id: int, mailbox: orNull(as<AccountId>(int)), recipient: text, state: text })`
          SELECT id, mailbox, recipient, state FROM delivery WHERE id ${among(int, ids)}`;
  // Mail for a partner whose address has moved went into the mailbox of that address.
  const keyOf = (recipient: string): string => addressKey(recipient as Address);
  const keys = deliveries.flatMap(({ mailbox, state, recipient }) =>
    mailbox === null && state === 'filed' ? keyOf(recipient) : [],
  );
  const addresses =
    keys.length === 0
      ? []
      : yield* sql.all({ key: text, account: as<AccountId>(int) })`
          SELECT key, account FROM address WHERE key ${among(text, keys)}`;
  const byKey = new Map(addresses.map(({ key, account }) => [key, account]));
  return {
    octetsOf: new Map(sizes.map(({ id, octets }) => [id, octets])),
    mailboxOf: new Map(
      deliveries.flatMap(({ id, mailbox, recipient, state }) => {
        const to = state === 'filed' ? (mailbox ?? byKey.get(keyOf(recipient))) : undefined;
        return to === undefined ? [] : [[id, to] as const];
      }),
    ),
  };
}

/** Only rows that put something into a mailbox later than it was accepted. */
const deliveryOf = ({ event, facts }: TrailRow): number | undefined =>
  (event === 'delivery.released' || event === 'delivery.refiled') && typeof facts.delivery === 'number'
    ? facts.delivery
    : undefined;

function foundIn(row: TrailRow, more: Besides): readonly Found[] {
  const { event, account, facts, message, outcome } = row;
  switch (event) {
    case 'message.accepted':
      return acceptedIn(row, more);
    case 'delivery.released':
    case 'delivery.refiled': {
      const mailbox = more.mailboxOf.get(deliveryOf(row) ?? 0);
      if (mailbox === undefined || message === undefined) return [];
      return [received(mailbox, message, row.octets ?? 0), ...ofSender(row, 'message.delivered', TO_MAILBOX)];
    }
    case 'delivery.relayed':
      return ofSender(row, 'message.delivered', { to: 'partner', recipients: 1 });
    case 'delivery.failed':
      return ofSender(row, 'message.failed', { why: 'not-delivered' });
    case 'message.expired':
      // Handed out again and not fetched a second time: the sender has heard what became of the
      // message.
      return facts.restored === true ? [] : ofSender(row, 'message.failed', { why: 'not-collected' });
    case 'message.withdrawn':
      return outcome === 'success' ? ofSender(row, 'message.failed', { why: 'withdrawn' }) : [];
    case 'message.collected':
      return ofSender(row, 'message.collected', {});
    default:
      return account === null ? [] : ofAccount(row, account);
  }
}

const TO_MAILBOX = { to: 'mailbox', recipients: 1 };

/**
 * In each mailbox once for each copy that it has, as the mailbox counts. What is held is in none
 * yet.
 */
function acceptedIn(row: TrailRow, { octetsOf }: Besides): readonly Found[] {
  const { message, octets = 0, envelope } = row;
  if (message === undefined) return [];
  const filed = new Map<string, Found>();
  let recipients = 0;
  for (const { mailbox, held, copy } of envelope?.recipients ?? []) {
    if (mailbox === undefined || held === true) continue;
    recipients += 1;
    const id = copy === undefined ? message : messageNumber(copy);
    filed.set(`${mailbox} ${id}`, received(mailbox, id, octetsOf.get(id) ?? octets));
  }
  const delivered = recipients === 0 ? [] : ofSender(row, 'message.delivered', { to: 'mailbox', recipients });
  return [...filed.values(), ...delivered];
}

const received = (account: AccountId, message: bigint, octets: number): Found => ({
  type: 'message.received',
  account,
  message: messageIdOf(message),
  facts: { octets },
});

/** Nobody is told of the gateway's own letters. */
function ofSender(
  { submitter = 0 as AccountId, original }: TrailRow,
  type: WebhookEventType,
  facts: WebhookEvent['facts'],
): readonly Found[] {
  if (submitter === 0 || original === undefined) return [];
  const message: MessageId = messageIdOf(original);
  return [{ type, account: submitter, message, facts }];
}

const STATES: Readonly<Record<string, WebhookEventType>> = {
  active: 'account.resumed',
  suspended: 'account.suspended',
  ended: 'account.ended',
};

function ofAccount({ event, facts }: TrailRow, account: AccountId): readonly Found[] {
  const one = (type: WebhookEventType | undefined, told: WebhookEvent['facts'] = {}): readonly Found[] =>
    type === undefined ? [] : [{ type, account, facts: told }];
  switch (event) {
    case 'certificate.warned':
      return one('certificate.ending', { fingerprint: String(facts.fingerprint), days: Number(facts.days) });
    case 'registry.account-added':
      return one('account.added');
    case 'registry.account-state':
      return one(STATES[String(facts.to)]);
    case 'registry.account-contained':
      return one('account.suspended');
    case 'registry.account-ending':
      return one('account.ending', typeof facts.ends === 'string' ? { endsAt: facts.ends } : {});
    default:
      return one('account.moved');
  }
}

/**
 * With their organisations as they are now, and the webhooks of accounts that they are for; those
 * of `owner` alone.
 */
function* owned(
  found: readonly Dated[],
  { account, organisation }: WebhookOwner = {},
): Change<readonly WebhookEvent[]> {
  const its = account === undefined ? found : found.filter((event) => event.account === account);
  if (its.length === 0) return [];
  const accounts = [...new Set(its.map((event) => event.account))];
  const rows = yield* sql.all({
    id: as<AccountId>(int),
    organisation: as<OrganisationId>(int),
    own: SETTINGS,
    itsOrganisation: SETTINGS,
  })`
    SELECT a.id, a.organisation, a.settings AS own, o.settings AS its_organisation FROM account a JOIN organisation o ON o.id = a.organisation
     WHERE a.id ${among(int, accounts)}`;
  const of = new Map(rows.map((row) => [row.id, row]));
  const webhooks = yield* webhooksOf(accounts);
  return its.flatMap((event) => {
    const whose = of.get(event.account);
    if (whose === undefined || (organisation !== undefined && whose.organisation !== organisation)) return [];
    // A sender who never gets a receipt for it gets no event either.
    const hidden =
      event.type === 'message.collected' &&
      settingOf('collected-receipts', whose.own, whose.itsOrganisation) === 'never';
    if (hidden) return [];
    const isOfMail = event.message !== undefined;
    const mayHear = (webhooks.get(event.account) ?? []).filter((one) => isOfMail || one.account === event.account);
    return [{ ...event, organisation: whose.organisation, webhooks: mayHear.map(({ webhook }) => webhook) }];
  });
}

/**
 * Of each account its webhooks, and those of the accounts that took over from it: its program goes
 * on there, and is told what came before the move or what becomes of mail that was sent before it,
 * as letters about that mail reach it too.
 */
function* webhooksOf(
  accounts: readonly AccountId[],
): Change<ReadonlyMap<AccountId, readonly { readonly account: AccountId; readonly webhook: string }[]>> {
  const rows = yield* sql.all({ former: as<AccountId>(int), account: as<AccountId>(int), webhook: text })`
    WITH RECURSIVE line (former, id) AS (
      SELECT id, id FROM account WHERE id ${among(int, accounts)}
      UNION SELECT l.former, a.moved_to FROM line l JOIN account a ON a.id = l.id WHERE a.moved_to IS NOT NULL)
    SELECT l.former, l.id AS account, w.id AS webhook FROM line l JOIN webhook w ON w.account = l.id ORDER BY w.id`;
  return groupedBy(rows, ({ former }) => former);
}
