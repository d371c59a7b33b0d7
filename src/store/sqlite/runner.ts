/**
 * Runs changes and reads on a connection: synchronously, so that nothing can come between a check
 * and the write that relies on it.
 */
import type Database from 'better-sqlite3';
import type { AuditItem } from '../../domain/audit-row.ts';
import type { Services } from '../changes/services.ts';
import { SQLITE } from '../sql/parts.ts';
import {
  type Change,
  type Plan,
  type ServiceStep,
  type Statement,
  answerOf,
  checkColumns,
  named,
  textOf,
  valuesOf,
} from '../sql/sql.ts';
import type { Db } from './database.ts';

type Prepared = Database.Statement<unknown[], readonly unknown[]>;

export class SqliteRunner {
  readonly #db: Db;
  readonly #append: (item: AuditItem) => number;
  readonly #services: Services | undefined;
  readonly #prepared = new Map<Plan, Prepared>();

  /**
   * `append`: writes a row of the trail and tells its number; not for reads. `services`: where mail
   * is changed.
   */
  constructor(db: Db, append: (item: AuditItem) => number = noTrail, services?: Services) {
    this.#db = db;
    this.#append = append;
    this.#services = services;
  }

  /** Runs a change inside the open transaction. */
  run<T>(change: Change<T>): T {
    let step = change.next();
    while (step.done !== true) {
      const { value } = step;
      if ('plan' in value) step = change.next(this.#ask(value));
      else step = change.next('audit' in value ? this.#append(value.audit) : this.#serve(value));
    }
    return step.value;
  }

  #serve({ service, args }: ServiceStep): unknown {
    const services = this.#services as
      Readonly<Partial<Record<string, (...args: readonly unknown[]) => unknown>>> | undefined;
    if (services?.[service] === undefined) throw new Error(`There is nobody here for ${service}`);
    return services[service](...args);
  }

  #ask(statement: Statement): unknown {
    const { plan } = statement;
    try {
      const prepared = this.#prepared.get(plan) ?? this.#prepare(plan);
      const values = valuesOf(statement, SQLITE).map(bound);
      if (plan.wanted === 'count') return prepared.run(...values).changes;
      if (plan.wanted === 'all') return answerOf(plan, prepared.all(...values));
      const row = prepared.get(...values);
      return answerOf(plan, row === undefined ? [] : [row]);
    } catch (error) {
      throw named(error, plan);
    }
  }

  #prepare(plan: Plan): Prepared {
    const prepared = this.#db.prepare<unknown[], readonly unknown[]>(textOf(plan, SQLITE));
    if (plan.wanted !== 'count') {
      checkColumns(
        plan,
        prepared.columns().map(({ name }) => name),
      );
      prepared.raw(true).safeIntegers(true);
    }
    this.#prepared.set(plan, prepared);
    return prepared;
  }
}

function noTrail(): never {
  throw new Error('A read leaves no row in the trail');
}

/**
 * better-sqlite3 would bind a number as a double, `undefined` as NULL, and a boolean not at all.
 */
function bound(value: unknown): unknown {
  if (typeof value === 'boolean' || Number.isSafeInteger(value)) return BigInt(value as number | boolean);
  if (value === undefined) throw new TypeError('A value of a statement is undefined; null is NULL');
  return value;
}
