/**
 * The parts of the statement that reads, locks and claims what a batch rests on. It has only those
 * that the batch has names for. Rows of all kinds come in the columns of one answer.
 *
 * Locks are taken in the order of the parts, and within each in the order of keys: of two batches
 * one waits, and no ring is made. Mailboxes are locked for the batch alone. Accounts of mailboxes
 * and addresses are locked against changes. The account that sends, and organisations, are locked
 * against their end as rows only: several connections share these all the time, and a change of the
 * account would never find a gap.
 */
import { type Row, bytes, flag, int, long, orNull, text } from '../sql/columns.ts';
import { type Part, cte, forAny, someOf, words } from '../sql/parts.ts';
import { longs, octets, texts } from './binary-arrays.ts';
import { type NewMessage, insertMessages } from './filing-messages.ts';
import type { Names } from './filing-names.ts';

export const FOUND = {
  kind: text,
  a: orNull(long),
  b: orNull(int),
  c: orNull(int),
  d: orNull(int),
  e: orNull(int),
  f: orNull(long),
  yes: orNull(flag),
  too: orNull(flag),
  x: orNull(bytes),
  y: orNull(bytes),
  s: orNull(text),
  t: orNull(text),
  u: orNull(text),
};
export type FoundRow = Row<typeof FOUND>;

/** Parts of the WITH, and the rows that they come to. */
interface Look {
  readonly parts: readonly Part[];
  readonly rows: Part;
}

export interface LockedBeside {
  /** Rows of the trail beside those of the works themselves. */
  readonly more: number;
  /** Messages that are written before the mailboxes are locked. */
  readonly early: readonly NewMessage[];
}

/** What to look up, in the order of locks. */
export function looksFor(names: Names, { early, more }: LockedBeside): readonly Look[] {
  return [
    ...forAny(names.requests, () => [requests(names)]),
    ...forAny(names.resubmissions, () => [resubmissions(names)]),
    ...forAny(names.notices, () => [notices(names)]),
    ...forAny(early, () => [written(early)]),
    boxes(names),
    ...forAny(names.owners, () => [owners(names)]),
    submitters(names),
    addresses(names),
    ...forAny(names.partners, () => [partners(names)]),
    ...forAny(names.streamed, () => [chunks(names)]),
    REGISTRY,
    numbers(names.numbers + more),
  ];
}

export const lookParts = (looks: readonly Look[]): Part =>
  someOf(
    ', ',
    looks.flatMap(({ parts }) => parts),
  );
export const lookRows = (looks: readonly Look[]): Part =>
  someOf(
    ' UNION ALL ',
    looks.map(({ rows }) => rows),
  );

/** A SELECT whose columns are those of `FOUND`; what is not named is null. */
function rowsFrom(kind: string, from: string, columns: Partial<Record<keyof FoundRow, string>>): Part {
  const named: Partial<Record<string, string>> = { ...columns, kind: `'${kind}'::text` };
  const values = Object.entries(FOUND).map(([name, { type }]) => `${named[name] ?? `NULL::${type}`} AS ${name}`);
  return { ...words(`SELECT ${values.join(', ')} FROM ${from}`), kind: `rows:${kind}` };
}

const REQUESTS = rowsFrom('request', 'request', { a: 'id', f: 'message', x: 'key', y: 'digest', s: 'answer' });
const requests = ({ requests, oldest }: Names): Look => ({
  rows: REQUESTS,
  parts: [
    cte('request')`
      INSERT INTO sent_request AS kept (id, key, digest, message, answer)
      SELECT given.id, given.key, given.digest, given.id, given.answer
        FROM unnest(${longs(requests.map(({ id }) => id))}::bigint[], ${octets(requests.map(({ key }) => key))}::bytea[],
                    ${octets(requests.map(({ digest }) => digest))}::bytea[], ${texts(requests.map(({ answer }) => answer))}::text[])
          WITH ORDINALITY AS given (id, key, digest, answer, n) ORDER BY n
      ON CONFLICT (key) DO UPDATE SET
        id = CASE WHEN kept.id < ${oldest}::bigint THEN excluded.id ELSE kept.id END,
        digest = CASE WHEN kept.id < ${oldest}::bigint THEN excluded.digest ELSE kept.digest END,
        message = CASE WHEN kept.id < ${oldest}::bigint THEN excluded.message ELSE kept.message END,
        answer = CASE WHEN kept.id < ${oldest}::bigint THEN excluded.answer ELSE kept.answer END
      RETURNING id, key, digest, message, answer`,
  ],
});

const RESUBMISSIONS = rowsFrom('resubmitted', 'before', { a: 'message', b: 'at', yes: 'unsure', x: 'key' });
/** Of keys that this batch is the first with there is no row. */
const resubmissions = ({ resubmissions }: Names): Look => ({
  rows: RESUBMISSIONS,
  parts: [
    cte('resubmitted')`
      INSERT INTO resubmission_key AS kept (key, message, at)
      SELECT given.key, given.message, given.at
        FROM unnest(${octets(resubmissions.map(({ key }) => key))}::bytea[], ${longs(resubmissions.map(({ id }) => id))}::bigint[],
                    ${longs(resubmissions.map(({ at }) => at))}::bigint[]) WITH ORDINALITY AS given (key, message, at, n) ORDER BY n
      ON CONFLICT (key) DO UPDATE SET at = kept.at RETURNING key, message, at, unsure`,
    cte('before')`
      SELECT key, message, at, unsure FROM resubmitted
       WHERE NOT message = ANY (${longs(resubmissions.map(({ id }) => id))}::bigint[])`,
  ],
});

const NOTICES = rowsFrom('once', 'once', { yes: 'first', s: 'key' });
const notices = ({ notices }: Names): Look => ({
  rows: NOTICES,
  parts: [
    cte('once')`
      INSERT INTO notice AS kept (key, at)
      SELECT given.key, given.at
        FROM unnest(${texts(notices.map(({ once }) => once))}::text[], ${longs(notices.map(({ at }) => at))}::bigint[])
          WITH ORDINALITY AS given (key, at, n) ORDER BY n
      ON CONFLICT (key) DO UPDATE SET at = kept.at RETURNING key, xmax = 0 AS first`,
  ],
});

// Who counts them has them written, before any mailbox is locked.
const WRITTEN = rowsFrom('early', '(TABLE filed UNION ALL TABLE held UNION ALL TABLE parted) early', { a: 'count(*)' });
const written = (early: readonly NewMessage[]): Look => ({ rows: WRITTEN, parts: insertMessages(early) });

const BOXES = rowsFrom('box', 'box', {
  a: 'account',
  b: 'octets',
  c: 'messages',
  d: 'next_uid',
  e: 'changes',
  f: 'organisation',
  yes: 'ending',
  too: 'moved',
  s: 'state',
  t: 'settings',
  u: 'its',
});
const boxes = ({ boxes }: Names): Look => ({
  rows: BOXES,
  parts: [
    cte('box')`
      SELECT m.account, m.octets, m.messages, m.next_uid, m.changes, a.organisation,
             CASE WHEN o.state = 'active' THEN a.state ELSE o.state END AS state, a.ends_at IS NOT NULL OR o.ends_at IS NOT NULL AS ending,
             a.moved_to IS NOT NULL AS moved, CASE WHEN a.settings LIKE '%"quota"%' THEN a.settings END AS settings,
             CASE WHEN o.settings LIKE '%"quota"%' THEN o.settings END AS its
        FROM mailbox m JOIN account a ON a.id = m.account JOIN organisation o ON o.id = a.organisation
       WHERE m.account = ANY (${longs(boxes)}::bigint[]) ORDER BY m.account
         FOR UPDATE OF m FOR SHARE OF a FOR KEY SHARE OF o`,
  ],
});

const OWNERS = rowsFrom('owner', 'owner', { a: 'id', yes: 'moved' });
const owners = ({ owners }: Names): Look => ({
  rows: OWNERS,
  parts: [
    cte('owner')`
      SELECT a.id, a.moved_to IS NOT NULL AS moved FROM account a
       WHERE a.id = ANY (${longs(owners)}::bigint[]) ORDER BY a.id FOR SHARE`,
  ],
});

const SUBMITTERS = rowsFrom('submitter', 'submitter', { a: 'id', f: 'organisation', yes: 'closed' });
const submitters = ({ submitters }: Names): Look => ({
  rows: SUBMITTERS,
  parts: [
    cte('submitter')`
      SELECT a.id, a.ends_at IS NOT NULL OR a.state = 'ended' AS closed, a.organisation FROM account a
       WHERE a.id = ANY (${longs(submitters)}::bigint[]) ORDER BY a.id FOR KEY SHARE`,
  ],
});

const ADDRESSES = rowsFrom('address', 'known', { a: 'account', b: 'partner', s: 'key', t: 'state', u: 'its' });
const addresses = ({ keys }: Names): Look => ({
  rows: ADDRESSES,
  parts: [
    cte('known')`
      SELECT a.key, CASE WHEN a.final_at IS NULL THEN a.state ELSE 'ended' END AS state, a.account, coalesce(p.id, 0) AS partner, p.state AS its
        FROM address a LEFT JOIN partner p ON p.account = a.account
       WHERE a.key = ANY (${texts(keys)}::text[]) ORDER BY a.key FOR SHARE OF a`,
  ],
});

const PARTNERS = rowsFrom('partner', 'road', { a: 'id', s: 'state' });
const partners = ({ partners }: Names): Look => ({
  rows: PARTNERS,
  parts: [
    cte('road')`SELECT id, state FROM partner WHERE id = ANY (${longs(partners)}::bigint[]) ORDER BY id FOR SHARE`,
  ],
});

const CHUNKS = rowsFrom('chunks', 'stored', { a: 'message', b: 'chunks' });
const chunks = ({ streamed }: Names): Look => ({
  rows: CHUNKS,
  parts: [
    cte('stored')`
      SELECT message, count(*) AS chunks FROM chunk WHERE message = ANY (${longs(streamed)}::bigint[]) GROUP BY message`,
  ],
});

const REGISTRY: Look = { rows: rowsFrom('registry', 'registry_version', { a: 'version' }), parts: [] };

const NUMBERS = rowsFrom('numbers', 'taken', { s: 'numbers' });
/** Numbers for rows of the trail. */
const numbers = (count: number): Look => ({
  rows: NUMBERS,
  parts: [
    cte('taken')`
      SELECT string_agg(nextval('audit_seq')::text, ' ') AS numbers FROM generate_series(1, ${count}::bigint)`,
  ],
});
