/**
 * Gathers for evidence all that is known of one message, for every submission with the same
 * Message-ID. It never includes content or a subject.
 */
import type { MessageId } from '../domain/ids.ts';
import { parseMessageId } from '../domain/ids.ts';
import { instant } from '../domain/units.ts';
import type { AuditRow } from '../store/audit.ts';
import { type MessageRecord } from '../store/deliveries.ts';
import type { Store } from '../store/port/store.ts';
import type { AdminContext } from './context.ts';
import { AdminError } from './error.ts';
import { type CopyView, type EventView, type MessageView, viewEvent, viewMessage } from './delivery-views.ts';
import { type UsedCertificate, certificatesIn } from './evidence-certificates.ts';
import { Names } from './names.ts';
import { type PartsView, viewParts } from './part-views.ts';
import { SEARCHED, copiesOf, protectedCopies, withoutBrackets } from './trace.ts';

/** Limits of one bundle. If one of them is reached, the bundle says so. */
export const MAX_SUBMISSIONS = 20;
const MAX_ROWS = 5000;
const MAX_NOTICES = 200;
const STEP = 1000;

export interface Filed extends MessageView {
  readonly sha256: string;
  /** Whether the content is still kept. */
  readonly content: 'kept' | 'gone';
}

/**
 * A copy that protection made. If the gateway opened a message for its addressee, size and hash are
 * left out: with them, somebody who guesses the content could prove the guess.
 */
export type ProtectedCopy = Omit<Filed, 'octets' | 'sha256'> & Partial<Pick<Filed, 'octets' | 'sha256'>>;

export interface NoticeFacts extends Filed {
  /** The kind of notice, such as `failed`, `delayed` or `collected`. */
  readonly kind: string;
  /** Where the notice went, and what became of it. */
  readonly copies: readonly CopyView[];
}

export interface Submission extends PartsView {
  readonly id: string;
  /** Absent if the message was refused, or if its facts are no longer kept. */
  readonly message?: Filed & { readonly envelope: MessageRecord['envelope'] };
  /** Names of the deviations that were tolerated, those of line ends included. */
  readonly quirks: string;
  readonly copies: readonly CopyView[];
  /** Copies that protection made for some recipients. */
  readonly protected: readonly ProtectedCopy[];
  readonly notices: readonly NoticeFacts[];
  readonly events: readonly (EventView & { readonly seq: number; readonly erased: boolean })[];
}

export interface Gathered {
  readonly submissions: readonly Submission[];
  readonly certificates: readonly UsedCertificate[];
  /** Rows of all submissions, in rising order. */
  readonly rows: readonly AuditRow[];
  /** What is missing from the evidence, and why. */
  readonly missing: readonly string[];
}

/** Gathers the facts. Throws AdminError if nothing is known of the message. */
export async function gather(context: AdminContext, name: string): Promise<Gathered> {
  const { store } = context;
  const ids = await submissionsOf(context, name);
  const names = new Names(store.registry);
  const rows = new Map<number, AuditRow>();
  const missing: string[] = [];
  const submissions: Submission[] = [];
  for (const id of ids.slice(0, MAX_SUBMISSIONS).reverse()) {
    const found = await submissionOf(store, id, names, MAX_ROWS - rows.size);
    submissions.push(found.submission);
    missing.push(...found.missing);
    for (const row of found.rows) rows.set(row.seq, row);
  }
  if (ids.length > MAX_SUBMISSIONS)
    missing.push(`There are more than ${MAX_SUBMISSIONS} submissions with this Message-ID; these are the newest ones.`);
  const told = [...rows.values()].sort((a, b) => a.seq - b.seq);
  const erased = told.filter((row) => row.erased).length;
  if (erased > 0) missing.push(`Who and where were erased from ${erased} rows of the audit trail after their time.`);
  return { submissions, rows: told, missing, certificates: await certificatesIn(store, told) };
}

/** The ids of the submissions, newest first. */
async function submissionsOf({ store, clock }: AdminContext, name: string): Promise<readonly MessageId[]> {
  const id = parseMessageId(name);
  if (id !== undefined) {
    const record = await store.deliveries.findMessage(id);
    if (record !== undefined) return [record.copyOf ?? record.id];
    // The message was refused, or its facts are no longer kept. The trail may still have rows about
    // it.
    if ((await store.audit.read({ message: id, limit: 1 })).length > 0) return [id];
  }
  const since = instant(clock.now() - SEARCHED);
  const query = { limit: 1000, messageIdField: withoutBrackets(name), since };
  const found = await store.deliveries.findMessages(query);
  const ids = new Set(found.map((record) => record.copyOf ?? record.id));
  if (ids.size > 0) return [...ids];
  throw new AdminError(
    'unknown',
    `Cannot gather evidence about "${name}": no message of the last 90 days has that Message-ID, and neither store nor audit trail know such an id; expected the id that the 250 told, or a Message-ID; "sluis trace --sender ADDRESS --since DATE" searches by sender`,
  );
}

interface Found {
  readonly submission: Submission;
  readonly rows: readonly AuditRow[];
  readonly missing: readonly string[];
}

async function submissionOf(store: Store, id: MessageId, names: Names, room: number): Promise<Found> {
  const missing: string[] = [];
  const rows = await rowsOf(store, id, room);
  if (rows.length === room) missing.push(`The audit trail has more rows about ${id} than one bundle holds.`);
  const record = await store.deliveries.findMessage(id);
  const events = await Promise.all(
    rows.map(async (row) => ({
      ...viewEvent(row, row.account === undefined ? undefined : await names.account(row.account)),
      seq: row.seq,
      erased: row.erased,
    })),
  );
  const quirks = rows.flatMap(({ facts }) => (typeof facts?.quirks === 'string' ? [facts.quirks] : [])).join(' ');
  const common = { id, quirks, events, ...viewParts(await store.messageParts(id)) };
  if (record === undefined) {
    missing.push(
      `The facts of ${id} are not kept: it was refused, or their time is over. The audit trail tells what it tells.`,
    );
    return { submission: { ...common, copies: [], protected: [], notices: [] }, rows, missing };
  }
  const message = { ...(await filed(store, record, names)), envelope: record.envelope };
  const made = await protectedOf(store, record, names);
  if (message.content === 'gone')
    missing.push(
      `The content of ${id} is no longer kept${made.some(({ content }) => content === 'kept') ? ' as it was submitted, but as it was filed' : ''}; its size and hashes were taken when it was accepted.`,
    );
  const notices = await noticesOf(store, rows, names);
  if (notices.more) missing.push(`More than ${MAX_NOTICES} notices were sent about ${id}; the others are not listed.`);
  const submission: Submission = {
    ...common,
    message,
    copies: protectedCopies(await copiesOf(store, record, names), record, rows),
    protected: made,
    notices: notices.facts,
  };
  return { submission, rows: [...rows, ...notices.rows], missing };
}

async function rowsOf(store: Store, message: MessageId, room: number): Promise<readonly AuditRow[]> {
  const rows: AuditRow[] = [];
  for (let from = 1; rows.length < room;) {
    const found = await store.audit.read({ message, fromSeq: from, limit: Math.min(STEP, room - rows.length) });
    rows.push(...found);
    const last = found.at(-1);
    if (last === undefined || found.length < STEP) break;
    from = last.seq + 1;
  }
  return rows;
}

async function filed(store: Store, record: MessageRecord, names: Names): Promise<Filed> {
  const content = (await store.deliveries.openMessage(record.id)) === undefined ? 'gone' : 'kept';
  return { ...viewMessage(record, await names.account(record.submitter)), sha256: record.sha256, content };
}

async function protectedOf(
  store: Store,
  { recipients }: MessageRecord,
  names: Names,
): Promise<readonly ProtectedCopy[]> {
  const made: ProtectedCopy[] = [];
  for (const id of new Set(recipients.flatMap(({ copy }) => copy ?? []))) {
    const record = await store.deliveries.findMessage(id);
    if (record === undefined) continue;
    const { octets, sha256, ...facts } = await filed(store, record, names);
    made.push(record.opened === true ? facts : { ...facts, octets, sha256 });
  }
  return made;
}

/**
 * Notices about the message, with their own first rows, which show that each was written and where
 * it was filed.
 */
async function noticesOf(
  store: Store,
  rows: readonly AuditRow[],
  names: Names,
): Promise<{ readonly facts: readonly NoticeFacts[]; readonly rows: readonly AuditRow[]; readonly more: boolean }> {
  const told = rows.flatMap(({ event, facts }) =>
    event === 'notice.filed' && typeof facts?.as === 'string' ? [{ as: facts.as, kind: String(facts.notice) }] : [],
  );
  const found: NoticeFacts[] = [];
  const own: AuditRow[] = [];
  for (const { as, kind } of told.slice(0, MAX_NOTICES)) {
    const id = parseMessageId(as);
    const record = id === undefined ? undefined : await store.deliveries.findMessage(id);
    if (id === undefined || record === undefined) continue;
    own.push(...(await store.audit.read({ message: id, limit: 10 })));
    found.push({ ...(await filed(store, record, names)), kind, copies: await copiesOf(store, record, names) });
  }
  return { facts: found, rows: own, more: told.length > MAX_NOTICES };
}
