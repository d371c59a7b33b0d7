/** What docs/signals.md says of one event of the log. */
export interface LogEvent {
  /** As the code writes it; several, where it depends on what happened. */
  readonly levels: readonly Level[];
  /** What happened, and which fields the line has. */
  readonly about: string;
  /**
   * What to do. Each event that can be a warning or an error has it. `[SluisDown]` leads to the
   * entry of that alarm.
   */
  readonly remedy?: string;
}

export type Level = 'debug' | 'info' | 'warn' | 'error';

export type LogEvents = Readonly<Record<string, LogEvent>>;

export const debug = (about: string): LogEvent => ({ levels: ['debug'], about });
export const info = (about: string): LogEvent => ({ levels: ['info'], about });
export const warn = (about: string, remedy: string): LogEvent => ({ levels: ['warn'], about, remedy });
export const error = (about: string, remedy: string): LogEvent => ({ levels: ['error'], about, remedy });

/** Of several levels: the most usual one first. */
export const either = (levels: readonly [Level, Level, ...Level[]], about: string, remedy: string): LogEvent => ({
  levels,
  about,
  remedy,
});
