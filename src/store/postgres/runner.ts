/** Runs changes and reads on a connection, and awaits each of their steps. */
import type { AuditItem } from '../../domain/audit-row.ts';
import type { Services } from '../changes/services.ts';
import type { Dialect } from '../sql/parts.ts';
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
import type { Connection } from './connection.ts';

/** The services as this engine has them: more steps. */
export type StepServices = {
  readonly [K in keyof Services]: (...args: Parameters<Services[K]>) => Change<ReturnType<Services[K]>>;
};

export interface RunnerParts {
  /** Appends a row to the trail and returns its number. Absent if nothing is changed. */
  readonly append?: (item: AuditItem) => Change<number>;
  /** Writes rows of the trail that wait, since a statement is about to read them. */
  readonly flush?: () => Change<void>;
  readonly services?: StepServices;
}

type Lock = Dialect['lock'];
const DIALECTS: Readonly<Record<Lock, Dialect>> = {
  '': { engine: 'postgres', lock: '' },
  'FOR SHARE': { engine: 'postgres', lock: 'FOR SHARE' },
  'FOR UPDATE': { engine: 'postgres', lock: 'FOR UPDATE' },
};
/** A statement that locks has another text, and so another name. */
const NAMES: Readonly<Record<Lock, string>> = { '': 's', 'FOR SHARE': 'h', 'FOR UPDATE': 'u' };

/**
 * The plan that a connection keeps for a statement was made for lists of ten, whatever comes later:
 * with more it may go through a whole table for each element. 1,000 leases of maildrops took 10 ms
 * with a plan of their own, and 1 to 2.6 s with the one that was kept from the sixth time on.
 */
const LONG_LIST = 100;
const isLong = (value: unknown): boolean => Array.isArray(value) && value.length > LONG_LIST;

const texts = new Map<string, string>();

/** The text of a plan is worked out once for each way to lock. */
function prepared(plan: Plan, lock: Lock): { readonly name: string; readonly text: string } {
  const name = `${NAMES[lock]}${plan.number}`;
  let text = texts.get(name);
  if (text === undefined) texts.set(name, (text = textOf(plan, DIALECTS[lock])));
  return { name, text };
}

const namesTrail = (plan: Plan): boolean => /\baudit\b/.test(prepared(plan, '').text);

export class PostgresRunner {
  readonly #connection: Connection;
  readonly #parts: RunnerParts;
  /** Plans whose columns were seen to be those that are declared. */
  readonly #checked = new Set<Plan>();
  readonly #ofTrail = new Map<Plan, boolean>();

  constructor(connection: Connection, parts: RunnerParts = {}) {
    this.#connection = connection;
    this.#parts = parts;
  }

  /**
   * Runs a change in the open transaction, or without one each statement by itself. `lock`: how
   * strongly rows are locked that the change relies on.
   */
  async run<T>(change: Change<T>, lock: Lock = ''): Promise<T> {
    let step = change.next();
    while (step.done !== true) {
      const { value } = step;
      if ('plan' in value) {
        if (this.#parts.flush !== undefined && this.#isOfTrail(value.plan)) await this.run(this.#parts.flush(), lock);
        step = change.next(await this.#ask(value, lock));
      } else if ('audit' in value) step = change.next(await this.run(this.#append(value.audit), lock));
      else step = change.next(await this.run(this.#serve(value), lock));
    }
    return step.value;
  }

  #isOfTrail(plan: Plan): boolean {
    let is = this.#ofTrail.get(plan);
    if (is === undefined) this.#ofTrail.set(plan, (is = namesTrail(plan)));
    return is;
  }

  #append(item: AuditItem): Change<number> {
    if (this.#parts.append === undefined) throw new Error('A read leaves no row in the trail');
    return this.#parts.append(item);
  }

  #serve({ service, args }: ServiceStep): Change<unknown> {
    const services = this.#parts.services as
      Readonly<Partial<Record<string, (...args: readonly unknown[]) => Change<unknown>>>> | undefined;
    if (services?.[service] === undefined) throw new Error(`There is nobody here for ${service}`);
    return services[service](...args);
  }

  async #ask(statement: Statement, lock: Lock): Promise<unknown> {
    const { plan } = statement;
    try {
      const values = valuesOf(statement, DIALECTS[lock]);
      if (values.includes(undefined)) throw new TypeError('A value of a statement is undefined; null is NULL');
      const { name, text } = prepared(plan, lock);
      const query = values.some(isLong) ? { text, values } : { name, text, values };
      const { rows, columns, count } = await this.#connection.query(query);
      if (plan.wanted === 'count') return count;
      if (!this.#checked.has(plan)) {
        checkColumns(plan, columns);
        this.#checked.add(plan);
      }
      return answerOf(plan, rows);
    } catch (error) {
      throw named(error, plan);
    }
  }
}
