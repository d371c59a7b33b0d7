/** Reads of operators and of what waits for a second of them. */
import { MAX_TOKENS } from '../../domain/operators.ts';
import type { Role } from '../../domain/roles.ts';
import {
  MAX_OPERATORS,
  MAX_REQUESTS,
  type Operator,
  type SecondPersonVerb,
  type Verdict,
} from '../../domain/second-person.ts';
import type { ApprovalRecord, HeldToken, OperatorRecord, TokenRecord } from '../operators.ts';
import { type Column, type Row, as, bytes, flag, int, optional, text, time } from '../sql/columns.ts';
import { among, words } from '../sql/parts.ts';
import { type Change, type Now, sql } from '../sql/sql.ts';

const OPERATOR = {
  name: text,
  role: as<Role>(text),
  organisation: optional(text),
  certificate: optional(text),
  fingerprint: optional(text),
  addedAt: time,
  endsAt: optional(time),
};
/** Columns of the tables `o`, `g` and `k`. */
const OPERATOR_COLUMNS = words(
  'o.name, o.role, g.name AS organisation, o.certificate, k.fingerprint, o.added_at, o.ends_at',
);
const OPERATOR_TABLES = words(`operator o
  LEFT JOIN organisation g ON g.id = o.organisation LEFT JOIN operator_key k ON k.name = o.name AND k.removed_at IS NULL`);
const SIGNER = { name: text, fingerprint: text, publicKey: bytes };
const NETWORKS: Column<readonly string[]> = {
  type: 'text',
  read: (raw) => (raw === '' ? [] : (raw as string).split(' ')),
};
const TOKEN = {
  id: text,
  operator: text,
  role: as<Role>(text),
  networks: NETWORKS,
  addedAt: time,
  endsAt: time,
  endedAt: optional(time),
  lastUsedAt: optional(time),
};
/** Columns of the tables `t` and `o`. */
const TOKEN_COLUMNS = words(
  't.id, o.name AS operator, t.role, t.networks, t.added_at, t.ends_at, t.ended_at, t.last_used_at',
);
const REQUEST = {
  id: text,
  operation: text,
  verb: as<SecondPersonVerb>(text),
  input: text,
  askedBy: text,
  reason: text,
  askedAt: time,
  endsAt: time,
  askedWith: optional(text),
  usedAt: optional(time),
  rejectedAt: optional(time),
};
const REQUEST_COLUMNS = words(
  'id, operation, verb, input, asked_by, reason, asked_at, ends_at, asked_with, used_at, rejected_at',
);
const SIGNATURE = { approval: text, fingerprint: text, at: time, signature: bytes };
const PASSKEY_SIGNATURE = {
  approval: text,
  passkey: text,
  operator: text,
  verdict: as<Verdict>(text),
  statement: text,
  credential: bytes,
  publicKey: bytes,
  authenticatorData: bytes,
  clientData: bytes,
  signature: bytes,
  holds: flag,
};

export class OperatorReads {
  /** Registered operators by name, also those whose time is over; at most MAX_OPERATORS. */
  *list(_now: Now): Change<readonly OperatorRecord[]> {
    return yield* sql.all(OPERATOR)`
      SELECT ${OPERATOR_COLUMNS} FROM ${OPERATOR_TABLES} WHERE o.ended_at IS NULL ORDER BY o.name LIMIT ${MAX_OPERATORS}`;
  }

  /** Operators whose signature counts now, by name. */
  *signers({ at }: Now): Change<readonly Operator[]> {
    return yield* sql.all(SIGNER)`
      SELECT k.name, k.fingerprint, k.public_key FROM operator_key k JOIN operator o ON o.name = k.name AND o.ended_at IS NULL
       WHERE k.removed_at IS NULL AND (o.ends_at IS NULL OR o.ends_at > ${at}) ORDER BY k.name LIMIT ${MAX_OPERATORS}`;
  }

  /**
   * The operator who has registered the client certificate with this SHA-256, and may still do
   * something.
   */
  *byCertificate({ at }: Now, certificate: string): Change<OperatorRecord | undefined> {
    const row = yield* sql.first(OPERATOR)`
      SELECT ${OPERATOR_COLUMNS} FROM ${OPERATOR_TABLES} WHERE o.certificate = ${certificate} AND o.ended_at IS NULL`;
    return row?.endsAt === undefined || row.endsAt > at ? row : undefined;
  }

  /** A token by its id, with its holder, ended or not. */
  *token(_now: Now, id: string): Change<HeldToken | undefined> {
    const token = yield* sql.first({ ...TOKEN, hash: bytes, holder: int })`
      SELECT ${TOKEN_COLUMNS}, t.hash, o.id AS holder FROM operator_token t JOIN operator o ON o.id = t.operator WHERE t.id = ${id}`;
    if (token === undefined) return undefined;
    return { ...token, holder: yield* holderOf(token.holder) };
  }

  /**
   * Tokens of registered operators: all valid ones, and the newest of those that have ended; newest
   * first.
   */
  *tokens(_now: Now): Change<readonly TokenRecord[]> {
    return yield* sql.all(TOKEN)`
      SELECT ${TOKEN_COLUMNS} FROM operator_token t JOIN operator o ON o.id = t.operator
       WHERE o.ended_at IS NULL ORDER BY t.added_at DESC, t.id LIMIT ${MAX_OPERATORS * MAX_TOKENS}`;
  }

  /**
   * Operators who can sign with a passkey, by name; none who may act for one organisation alone.
   */
  *passkeyHolders({ at }: Now): Change<readonly Pick<OperatorRecord, 'name' | 'role'>[]> {
    return yield* sql.all({ name: text, role: as<Role>(text) })`
      SELECT o.name, o.role FROM operator o
       WHERE o.ended_at IS NULL AND (o.ends_at IS NULL OR o.ends_at > ${at}) AND o.organisation IS NULL
         AND EXISTS (SELECT 1 FROM operator_passkey k WHERE k.operator = o.id AND k.ended_at IS NULL)
       ORDER BY o.name LIMIT ${MAX_OPERATORS}`;
  }

  *request(now: Now, id: string): Change<ApprovalRecord | undefined> {
    return yield* requestOf(now, id);
  }

  /** Requests that wait, oldest first. */
  *waiting(now: Now): Change<readonly ApprovalRecord[]> {
    return yield* withSignatures(
      now,
      yield* sql.all(REQUEST)`
        SELECT ${REQUEST_COLUMNS} FROM approval
         WHERE ends_at > ${now.at} AND used_at IS NULL AND rejected_at IS NULL ORDER BY ends_at, id LIMIT ${MAX_REQUESTS}`,
    );
  }
}

/** An operator by the number of its row, ended or not. */
export function* holderOf(id: number): Change<OperatorRecord> {
  return yield* sql.one(OPERATOR)`SELECT ${OPERATOR_COLUMNS} FROM ${OPERATOR_TABLES} WHERE o.id = ${id}`;
}

export function* requestOf(now: Now, id: string): Change<ApprovalRecord | undefined> {
  const rows = yield* sql.all(REQUEST)`SELECT ${REQUEST_COLUMNS} FROM approval WHERE id = ${id}`;
  return (yield* withSignatures(now, rows))[0];
}

/** Signatures in the order in which they came. */
function* withSignatures({ at }: Now, rows: readonly Row<typeof REQUEST>[]): Change<readonly ApprovalRecord[]> {
  const ids = rows.map(({ id }) => id);
  const found = yield* sql.all(SIGNATURE)`
    SELECT approval, fingerprint, at, signature FROM approval_signature WHERE approval ${among(text, ids)} ORDER BY at, fingerprint`;
  const passkeys = yield* sql.all(PASSKEY_SIGNATURE)`
    SELECT a.approval, a.passkey, o.name AS operator, a.verdict, a.statement, a.credential, a.public_key, a.authenticator_data, a.client_data, a.signature,
           (k.ended_at IS NULL AND o.ended_at IS NULL AND (o.ends_at IS NULL OR o.ends_at > ${at}) AND o.organisation IS NULL
             AND k.public_key = a.public_key AND k.credential = a.credential) AS holds
      FROM approval_passkey a JOIN operator_passkey k ON k.id = a.passkey JOIN operator o ON o.id = k.operator
     WHERE a.approval ${among(text, ids)} ORDER BY a.at, a.passkey`;
  const known = yield* sql.all({ id: text })`
    SELECT a.id FROM approval a JOIN operator_passkey k ON k.id = a.asked_with AND k.ended_at IS NULL
      JOIN operator o ON o.id = k.operator AND o.name = a.asked_by AND o.ended_at IS NULL AND (o.ends_at IS NULL OR o.ends_at > ${at})
     WHERE a.id ${among(text, ids)} ORDER BY a.id`;
  return rows.map((row) => ({
    ...row,
    signatures: found
      .filter(({ approval }) => approval === row.id)
      .map(({ fingerprint, at, signature }) => ({ fingerprint, at, signature })),
    passkeys: passkeys.filter(({ approval }) => approval === row.id).map(({ approval: _, ...signed }) => signed),
    isAskerKnown: known.some(({ id }) => id === row.id),
  }));
}
