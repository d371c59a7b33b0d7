/** A log that a test can read. */
import type { Log, LogFields } from '../../src/domain/effects.ts';

export interface LoggedEvent {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly event: string;
  readonly fields: LogFields;
}

export class MemoryLog implements Log {
  readonly events: LoggedEvent[];
  readonly #base: LogFields;

  constructor(base: LogFields = {}, events: LoggedEvent[] = []) {
    this.#base = base;
    this.events = events;
  }

  #write(level: LoggedEvent['level'], event: string, fields: LogFields = {}): void {
    this.events.push({ level, event, fields: { ...this.#base, ...fields } });
  }

  debug = (event: string, fields?: LogFields): void => this.#write('debug', event, fields);
  info = (event: string, fields?: LogFields): void => this.#write('info', event, fields);
  warn = (event: string, fields?: LogFields): void => this.#write('warn', event, fields);
  error = (event: string, fields?: LogFields): void => this.#write('error', event, fields);
  with = (fields: LogFields): Log => new MemoryLog({ ...this.#base, ...fields }, this.events);

  /** The names of what was logged, in order. */
  get names(): string[] {
    return this.events.map((e) => e.event);
  }
}
