/**
 * What changes ask of this engine besides statements. Nothing is remembered: each is a statement or
 * a few, in the transaction of the change.
 */
import { type Address, addressKey } from '../../domain/address.ts';
import type { AcceptWork, Notices } from '../changes/accept-work.ts';
import type { ChangeEffects } from '../changes/changed.ts';
import { type MailboxChange, deletedAllowed } from '../changes/services.ts';
import { wantsReceipt, wasFiled } from '../core/held-mailboxes.ts';
import { type AddressTarget, movedEnvelope } from '../core/reroute.ts';
import { flag, int, long, orNull, text } from '../sql/columns.ts';
import { locked } from '../sql/parts.ts';
import { type Change, sql } from '../sql/sql.ts';
import type { AcceptedRecipient } from '../acceptance.ts';
import type { StepServices } from './runner.ts';
import type { UsageNotes } from './usage.ts';

export interface ServiceParts {
  /** Files notices within the transaction of a change. */
  readonly fileNotices: (notices: Notices, at: number, changed: ChangeEffects) => Change<void>;
  readonly usage: UsageNotes;
}

const MAILBOX = {
  state: text,
  nextUid: int,
  hiddenOctets: int,
  sweepAt: orNull(int),
  settings: orNull(text),
  organisation: orNull(text),
};

/** Numbers of a mailbox as they are told behind the commit. */
const COUNTED = { octets: int, messages: int, nextUid: int, changes: int };

export function postgresServices({ fileNotices, usage }: ServiceParts): StepServices {
  return {
    fileNotices,
    insertMessage,
    releaseHeld: (message, account, uidl, at, changed) =>
      release({ message, account, uidl }, { at, changed, usage }, wasFiled),
    *refileQueued({ message, recipient, partner }, uidl, at, changed) {
      const key = addressKey(recipient as Address);
      const target = yield* targetOf(key);
      const facts = yield* factsOf(message);
      if (target?.partner !== 0 || facts === undefined || (yield* stateOf(target.account)) !== 'active') return false;
      const targets = new Map<string, AddressTarget>([[key, target]]);
      for (const id of facts.copyOf === null ? [message] : [message, facts.copyOf]) {
        const its = yield* factsOf(id);
        if (its !== undefined)
          yield* sql.run`UPDATE message SET envelope = ${movedEnvelope(its.envelope, targets, partner)} WHERE id = ${id}`;
      }
      if (yield* isThere(target.account, message)) {
        yield* sql.run`UPDATE content SET refs = refs - 1 WHERE message = ${message}`;
        return true;
      }
      return yield* release({ message, account: target.account, uidl }, { at, changed, usage }, () => false);
    },
    *mailbox(account) {
      const row = yield* sql.first(MAILBOX)`
        SELECT CASE WHEN o.state = 'active' THEN a.state ELSE o.state END AS state, m.next_uid, m.hidden_octets, m.sweep_at, a.settings,
               o.settings AS organisation
          FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation
         WHERE m.account = ${account} ${locked}`;
      return row === undefined ? undefined : { ...row, deletedAllowed: deletedAllowed(row) };
    },
    *addToMailbox(account, by, changed) {
      yield* addToMailbox(account, by, changed);
    },
    *countCollected(account, messages, at) {
      usage.collected(account, messages, at);
      yield* NOTHING;
    },
    *countPushed(account, submitter, octets, at) {
      usage.pushed(account, submitter, octets, at);
      yield* NOTHING;
    },
  };
}

const NOTHING: readonly never[] = [];

/** The uid of a message that was added; undefined: the account has no mailbox. */
function* addToMailbox(account: number, by: MailboxChange, changed: ChangeEffects): Change<number | undefined> {
  const { octets = 0, messages = 0, hidden = 0, sweepAt } = by;
  const listed = octets !== 0 || messages !== 0;
  const row = yield* sql.first(COUNTED)`
    UPDATE mailbox SET octets = octets + ${octets}, messages = messages + ${messages}, next_uid = next_uid + ${Math.max(0, messages)},
           changes = changes + ${listed ? 1 : 0}, hidden_octets = hidden_octets + ${hidden},
           sweep_at = CASE WHEN ${sweepAt === undefined} THEN sweep_at ELSE CAST(${sweepAt ?? null} AS bigint) END
     WHERE account = ${account} RETURNING octets, messages, next_uid, changes`;
  if (row === undefined) return undefined;
  if (listed) changed.mailboxes.push(account, row.octets, row.messages, row.nextUid, row.changes);
  return row.nextUid - Math.max(0, messages);
}

function* insertMessage(work: AcceptWork, refs: number): Change<void> {
  const { id, receivedAt, submitter, sender, messageIdField, envelope, octets, sha256, parts } = work;
  yield* sql.run`
    INSERT INTO message (id, received_at, submitter, sender, message_id_field, envelope, octets, sha256, resubmission, parts, copy_of)
    VALUES (${id}, ${receivedAt}, ${submitter}, ${sender}, ${messageIdField}, ${envelope}, ${octets}, ${sha256}, ${work.resubmission?.key ?? null},
            ${parts}, NULL)`;
  if (refs === 0) return;
  const { dataKey, chunks, body, submittedHeader } = work;
  if (body === null) {
    const { stored } = yield* sql.one({ stored: int })`SELECT count(*) AS stored FROM chunk WHERE message = ${id}`;
    if (stored !== chunks) throw new Error(`the body of message ${id} has ${stored} of ${chunks} chunks`);
    yield* sql.run`DELETE FROM upload WHERE message = ${id}`;
  }
  yield* sql.run`
    INSERT INTO content (message, data_key, chunks, refs, body, submitted_header)
    VALUES (${id}, ${dataKey}, ${chunks}, ${refs}, ${body}, ${submittedHeader})`;
}

interface Held {
  readonly message: bigint;
  readonly account: number;
  readonly uidl: Uint8Array;
}
interface Telling {
  readonly at: number;
  readonly changed: ChangeEffects;
  readonly usage: UsageNotes;
}

/** `counted`: the message is in the figures of its recipient already. */
function* release(
  { message, account, uidl }: Held,
  { at, changed, usage }: Telling,
  counted: typeof wasFiled,
): Change<boolean> {
  const facts = yield* factsOf(message);
  if (facts === undefined || (yield* stateOf(account)) !== 'active') return false;
  const { recipients } = JSON.parse(facts.envelope) as { recipients: readonly AcceptedRecipient[] };
  const receipt = wantsReceipt(recipients, account) ? 1 : 0;
  const uid = yield* addToMailbox(account, { octets: facts.octets, messages: 1 }, changed);
  if (uid === undefined) return false;
  yield* sql.run`
    INSERT INTO entry (account, uid, message, octets, uidl, receipt)
    VALUES (${account}, ${uid}, ${message}, ${facts.octets}, ${uidl}, ${receipt})`;
  if (!counted(recipients, account)) usage.received(account, facts.submitter, facts.octets, at);
  return true;
}

/**
 * State of the account, or of its organisation if that is not active; undefined if it has no
 * mailbox.
 */
function* stateOf(account: number): Change<string | undefined> {
  const row = yield* sql.first({ state: text })`
    SELECT CASE WHEN o.state = 'active' THEN a.state ELSE o.state END AS state
      FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation WHERE m.account = ${account} ${locked}`;
  return row?.state;
}

const FACTS = { envelope: text, octets: int, copyOf: orNull(long), submitter: int };

function* factsOf(
  message: bigint,
): Change<
  | { readonly envelope: string; readonly octets: number; readonly copyOf: bigint | null; readonly submitter: number }
  | undefined
> {
  return yield* sql.first(FACTS)`SELECT envelope, octets, copy_of, submitter FROM message WHERE id = ${message}`;
}

function* targetOf(key: string): Change<AddressTarget | undefined> {
  return yield* sql.first({ account: int, partner: int })`
    SELECT a.account, coalesce(p.id, 0) AS partner FROM address a LEFT JOIN partner p ON p.account = a.account WHERE a.key = ${key}`;
}

function* isThere(account: number, message: bigint): Change<boolean> {
  const { there } = yield* sql.one({ there: flag })`
    SELECT EXISTS (SELECT 1 FROM entry WHERE account = ${account} AND message = ${message}) AS there`;
  return there;
}
