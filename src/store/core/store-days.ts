/**
 * The keys of days, as the store has them: which are used, which are destroyed, and what is to be
 * forgotten with them.
 */
import type { KeyFolder } from '../../crypto/keys/key-folder.ts';
import type { Log } from '../../domain/effects.ts';
import type { Day } from '../../domain/utc-day.ts';
import type { Subjects } from '../objects.ts';
import type { StoreDays } from '../port/day-keys.ts';
import type { Audit } from './audit.ts';
import type { Bodies } from './bodies.ts';
import type { EngineContents } from './engine.ts';
import type { Erasures } from './erasures.ts';

const DAYS_AT_A_TIME = 500;

export interface StoreDaysParts {
  readonly keys: KeyFolder;
  /** Days of which there is content. */
  readonly days: Set<Day>;
  readonly bodies: Bodies;
  readonly engine: { readonly contents: Pick<EngineContents, 'forgetDay'> };
  readonly erasures: Erasures;
  readonly subjects: Pick<Subjects, 'dayKeys' | 'sweeps'>;
  readonly audit: Audit;
  readonly log: Log;
}

export class CoreStoreDays implements StoreDays {
  readonly #p: StoreDaysParts;
  readonly #listeners: ((day: Day) => void)[] = [];

  constructor(parts: StoreDaysParts) {
    this.#p = parts;
  }

  used(): Promise<readonly Day[]> {
    return this.#p.subjects.dayKeys.used();
  }

  async isErased(day: Day): Promise<boolean> {
    return (await this.#p.subjects.dayKeys.erased([day])).length > 0;
  }

  isWriting(day: Day): boolean {
    return this.#p.bodies.isWriting(day);
  }

  async forget(day: Day): Promise<void> {
    const { keys, days, engine } = this.#p;
    keys.forget(day);
    days.delete(day);
    await engine.contents.forgetDay(day);
  }

  close(day: Day): Promise<boolean> {
    return this.#p.erasures.follow(day);
  }

  noteErasing(day: Day, messages: readonly bigint[]): Promise<boolean> {
    return this.#p.erasures.noteOfAnother(day, messages);
  }

  onErased(listener: (day: Day) => void): void {
    this.#listeners.push(listener);
    this.#p.erasures.onChange(listener);
  }

  /**
   * Nothing of that day is left. The key first: if this is cut short, the next sweep finds the day
   * again.
   */
  async erase(day: Day): Promise<void> {
    const { subjects, log, audit } = this.#p;
    await this.#destroy(day);
    await subjects.sweeps.dayErased(day);
    log.info('store.day-key-erased', { day });
    audit.note({ event: 'store.day-key-erased', outcome: 'success', facts: { day } });
    for (const listener of this.#listeners) listener(day);
  }

  /**
   * Once, before anything is served: keys of days that were erased while this node was away, or
   * that came back with a copy of the key folder.
   */
  async destroyErased(): Promise<void> {
    const { keys, days, subjects, log } = this.#p;
    const unknown = keys.daysWithKeys.filter((day) => !days.has(day));
    for (let at = 0; at < unknown.length; at += DAYS_AT_A_TIME)
      for (const day of await subjects.dayKeys.erased(unknown.slice(at, at + DAYS_AT_A_TIME))) {
        await this.#destroy(day);
        log.info('store.day-key-erased', { day });
      }
  }

  async #destroy(day: Day): Promise<void> {
    this.#p.keys.erase(day);
    await this.forget(day);
  }
}
