/** Changes to operators and to what waits for a second of them, inside the writer's transactions; each with its audit row. */
import { grouped } from '../../crypto/base32.ts';
import {
  type ApprovalRequest,
  type ApprovalSignature,
  type Operator,
  MAX_OPERATORS,
  MAX_REQUESTS,
  MAX_SIGNATURES,
  REQUEST_LIFETIME,
} from '../../domain/second-person.ts';
import { days } from '../../domain/units.ts';
import { type Actor, RegistryError } from '../registry.ts';
import type { AuditWriter } from './audit-writer.ts';
import { factOf, setFact } from './check-database.ts';
import type { Db } from './database.ts';
import { RegistryGround } from './registry-ground.ts';

export type OperatorChange =
  | { readonly op: 'add'; readonly operator: Operator; readonly actor: Actor }
  | { readonly op: 'remove'; readonly name: string; readonly actor: Actor }
  | { readonly op: 'ask'; readonly request: Omit<ApprovalRequest, 'askedAt' | 'endsAt'> }
  | { readonly op: 'sign'; readonly id: string; readonly signature: ApprovalSignature; readonly actor: Actor }
  | { readonly op: 'use'; readonly id: string; readonly first: string; readonly second: string; readonly actor: Actor }
  | { readonly op: 'rule'; readonly verbs: readonly string[]; readonly actor: Actor };

/** `id`: of the request that was asked for. `before`: the rule that was changed. */
export interface OperatorChanged {
  readonly id?: string;
  readonly before?: readonly string[];
}

const KEPT = days(30);
const RULE = 'second_person';

interface OperatorRow {
  readonly fingerprint: string;
  readonly name: string;
  readonly removed_at: number | null;
}
interface RequestRow {
  readonly operation: string;
  readonly ends_at: number;
  readonly used_at: number | null;
}

export class OperatorChanges {
  readonly #db: Db;
  readonly #ground: RegistryGround;

  constructor(db: Db, audit: AuditWriter) {
    this.#db = db;
    this.#ground = new RegistryGround(db, audit);
  }

  apply(change: OperatorChange, at: number, salt: Uint8Array): OperatorChanged {
    this.#ground.begin(at, salt);
    switch (change.op) {
      case 'add':
        return this.#add(change.operator, change.actor);
      case 'remove':
        return this.#remove(change.name, change.actor);
      case 'ask':
        return this.#ask(change.request);
      case 'sign':
        return this.#sign(change.id, change.signature, change.actor);
      case 'use':
        return this.#use(change);
      case 'rule':
        return this.#rule(change.verbs, change.actor);
    }
  }

  #add({ name, fingerprint, publicKey }: Operator, actor: Actor): OperatorChanged {
    const { sql, at } = this.#ground;
    const same = sql.get('SELECT * FROM operator WHERE fingerprint = ?', fingerprint) as OperatorRow | undefined;
    if (same !== undefined)
      throw new RegistryError(
        same.removed_at === null ? 'exists' : 'ended',
        same.removed_at === null
          ? `The key ${fingerprint} is that of operator "${same.name}" already, and a key belongs to one person`
          : `The key ${fingerprint} was removed (it was "${same.name}"), which is final; register another key`,
      );
    if (sql.get('SELECT 1 FROM operator WHERE name = ? AND removed_at IS NULL', name) !== undefined)
      throw new RegistryError(
        'exists',
        `There is an operator "${name}" already; choose another name, or remove that one first`,
      );
    if (this.#count('SELECT count(*) AS n FROM operator WHERE removed_at IS NULL') >= MAX_OPERATORS)
      throw new RegistryError(
        'exists',
        `There are ${MAX_OPERATORS} operators, the most there can be; remove one first`,
      );
    sql.run(
      'INSERT INTO operator (fingerprint, name, public_key, added_at) VALUES (?,?,?,?)',
      fingerprint,
      name,
      publicKey,
      at,
    );
    this.#ground.record('operator.added', null, actor, { operator: name }, { fingerprint });
    return {};
  }

  #remove(name: string, actor: Actor): OperatorChanged {
    const { sql, at } = this.#ground;
    const row = sql.get('SELECT * FROM operator WHERE name = ? AND removed_at IS NULL', name) as
      OperatorRow | undefined;
    if (row === undefined)
      throw new RegistryError('unknown', `There is no operator "${name}"; "sluis operator list" shows those there are`);
    sql.run('UPDATE operator SET removed_at = ? WHERE fingerprint = ?', at, row.fingerprint);
    this.#ground.record('operator.removed', null, actor, { operator: name }, { fingerprint: row.fingerprint });
    return {};
  }

  #ask(request: Omit<ApprovalRequest, 'askedAt' | 'endsAt'>): OperatorChanged {
    const { sql, at } = this.#ground;
    const { id, operation, verb, input, askedBy, reason } = request;
    const same = sql.get(
      'SELECT id FROM approval WHERE operation = ? AND input = ? AND asked_by = ? AND reason = ? AND used_at IS NULL AND ends_at > ?',
      operation,
      input,
      askedBy,
      reason,
      at,
    ) as { readonly id: string } | undefined;
    if (same !== undefined) return { id: same.id };
    this.#sweep();
    if (this.#count('SELECT count(*) AS n FROM approval WHERE used_at IS NULL AND ends_at > ?', at) >= MAX_REQUESTS)
      throw new RegistryError(
        'exists',
        `There are ${MAX_REQUESTS} requests for a second person, the most that wait at a time; each ends within an hour`,
      );
    sql.run(
      'INSERT INTO approval (id, operation, verb, input, asked_by, reason, asked_at, ends_at) VALUES (?,?,?,?,?,?,?,?)',
      ...[id, operation, verb, input, askedBy, reason, at, at + REQUEST_LIFETIME],
    );
    this.#ground.record('approval.asked', null, { name: askedBy, reason }, {}, { request: grouped(id), operation });
    return { id };
  }

  #sweep(): void {
    const { sql, at } = this.#ground;
    const old = 'SELECT id FROM approval WHERE ends_at < ? LIMIT 100';
    sql.run(`DELETE FROM approval_signature WHERE approval IN (${old})`, at - KEPT);
    sql.run(`DELETE FROM approval WHERE id IN (${old})`, at - KEPT);
  }

  #sign(id: string, { fingerprint, at: signedAt, signature }: ApprovalSignature, actor: Actor): OperatorChanged {
    const { sql } = this.#ground;
    const { operation } = this.#open(id);
    const { name } = this.#registered(fingerprint);
    const signatures = sql.all('SELECT fingerprint FROM approval_signature WHERE approval = ?', id) as {
      readonly fingerprint: string;
    }[];
    if (signatures.some((one) => one.fingerprint === fingerprint))
      throw new RegistryError(
        'exists',
        `Operator "${name}" has signed request ${grouped(id)} already; the second signature must be another operator's`,
      );
    if (signatures.length >= MAX_SIGNATURES)
      throw new RegistryError('exists', `Request ${grouped(id)} has ${MAX_SIGNATURES} signatures, and two are enough`);
    sql.run(
      'INSERT INTO approval_signature (approval, fingerprint, at, signature) VALUES (?,?,?,?)',
      id,
      fingerprint,
      signedAt,
      signature,
    );
    this.#ground.record(
      'approval.signed',
      null,
      actor,
      { operator: name },
      { request: grouped(id), operation, fingerprint },
    );
    return {};
  }

  #use({ id, first, second, actor }: Extract<OperatorChange, { op: 'use' }>): OperatorChanged {
    const { sql, at } = this.#ground;
    const { operation } = this.#open(id);
    const people = [this.#registered(first), this.#registered(second)].map(({ name }) => name);
    sql.run('UPDATE approval SET used_at = ? WHERE id = ?', at, id);
    this.#ground.record(
      'approval.used',
      null,
      actor,
      { first: people[0] ?? '', second: people[1] ?? '' },
      { request: grouped(id), operation, firstKey: first, secondKey: second },
    );
    return {};
  }

  #rule(verbs: readonly string[], actor: Actor): OperatorChanged {
    const known = factOf(this.#db, RULE);
    const before = typeof known === 'string' && known !== '' ? known.split(' ') : [];
    const now = [...verbs].sort();
    if (before.join(' ') === now.join(' ')) return {};
    setFact(this.#db, RULE, now.join(' '));
    this.#ground.record('operators.rule-changed', null, actor, {}, { before: before.join(' '), now: now.join(' ') });
    return { before };
  }

  #open(id: string): RequestRow {
    const row = this.#ground.sql.get('SELECT operation, ends_at, used_at FROM approval WHERE id = ?', id) as
      RequestRow | undefined;
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `There is no request ${grouped(id)}; "sluis approve --list" shows those that wait`,
      );
    if (row.used_at !== null)
      throw new RegistryError(
        'ended',
        `Request ${grouped(id)} was used at ${new Date(row.used_at).toISOString()}, and an approval serves once; run the command again to ask anew`,
      );
    if (row.ends_at <= this.#ground.at)
      throw new RegistryError(
        'ended',
        `Request ${grouped(id)} ended at ${new Date(row.ends_at).toISOString()}; run the command again to ask anew`,
      );
    return row;
  }

  #registered(fingerprint: string): OperatorRow {
    const row = this.#ground.sql.get('SELECT * FROM operator WHERE fingerprint = ?', fingerprint) as
      OperatorRow | undefined;
    if (row === undefined)
      throw new RegistryError(
        'unknown',
        `No operator has the key ${fingerprint}; "sluis operator list" shows those that are registered`,
      );
    if (row.removed_at !== null)
      throw new RegistryError(
        'ended',
        `Operator "${row.name}" was removed at ${new Date(row.removed_at).toISOString()}; another operator must sign`,
      );
    return row;
  }

  #count(sql: string, ...values: unknown[]): number {
    return (this.#ground.sql.get(sql, ...values) as { readonly n: number }).n;
  }
}
