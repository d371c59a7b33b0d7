/**
 * The log: winston, one event a line, JSON for machines or one readable line for people.
 *
 * A line never carries content, subject, password or key. Callers give named fields only, and a
 * field whose name speaks of a secret is dropped here, as a last net: a mistake elsewhere must not
 * become a line that is kept for years.
 */
import winston from 'winston';
import type { Log, LogFields } from '../domain/effects.ts';
import { visibleJson } from '../domain/visible.ts';
import { logLines } from './log-lines.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'json' | 'pretty';
  /** Where lines are written, each at once. Absent: standard error. */
  readonly destination?: NodeJS.WritableStream;
}

const SECRET = /pass(word|wd|phrase)?|secret|token|credential|subject|content|body|privatekey/i;
/**
 * Most characters of one field: enough for any address or reason, and too few for a peer to fill
 * the disk.
 */
const MAX_FIELD = 512;

const clean = (fields: LogFields): Record<string, string | number | boolean> => {
  const kept: Record<string, string | number | boolean> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || SECRET.test(name)) continue;
    kept[name] = typeof value === 'string' && value.length > MAX_FIELD ? `${value.slice(0, MAX_FIELD)}...` : value;
  }
  return kept;
};

// Fields travel in an object of their own: winston's own `level`, `message` and `timestamp` must
// not collide with a field of that name.
const fieldsOf = (info: winston.Logform.TransformableInfo): Record<string, unknown> =>
  info.fields as Record<string, unknown>;

const pretty = winston.format.printf((info) => {
  const rest = Object.entries(fieldsOf(info)).map(([name, value]) => `${name}=${visibleJson(value)}`);
  return [String(info.timestamp), info.level.toUpperCase().padEnd(5), String(info.message), ...rest].join(' ');
});

/** Names and order of the JSON line: time, level, event, then the fields. */
const json = winston.format.printf((info) =>
  visibleJson({ time: info.timestamp, level: info.level, event: info.message, ...fieldsOf(info) }),
);

/** Where winston keeps a line that is ready (package triple-beam). */
const MESSAGE = Symbol.for('message');

/** Writes to standard error, the lines of one turn at once. */
const TOGETHER = {
  log: (info: winston.Logform.TransformableInfo, next: () => void): void => {
    logLines.add(`${String(info[MESSAGE])}\n`);
    // An error is written at once: what comes next may end the process before anything more is
    // written.
    if (info.level === 'error') logLines.flush();
    next();
  },
};

const flushLines = (): void => logLines.flush();

export interface LevelLog extends Log {
  /** Sets the level of this log and of every one that came `with` fields from it. */
  setLevel(level: LogLevel): void;
}

export function createLog(options: LogOptions): LevelLog {
  const { destination } = options;
  if (destination === undefined) {
    logLines.to((text) => void process.stderr.write(text));
    process.off('exit', flushLines).on('exit', flushLines);
  }
  const logger = winston.createLogger({
    level: options.level,
    format: winston.format.combine(winston.format.timestamp(), options.format === 'json' ? json : pretty),
    transports: [
      new winston.transports.Stream({
        stream: destination ?? process.stderr,
        eol: '\n',
        ...(destination === undefined ? TOGETHER : {}),
      }),
    ],
    exitOnError: false,
  });
  const logOf = (base: Record<string, string | number | boolean>): Log => {
    // Fields are joined only for a line that is written, so that debug calls cost little on the way
    // of each message.
    const write = (level: LogLevel, event: string, fields?: LogFields): void => {
      if (logger.isLevelEnabled(level))
        logger.log({ level, message: event, fields: fields === undefined ? base : { ...base, ...clean(fields) } });
    };
    return {
      debug: (event, fields) => write('debug', event, fields),
      info: (event, fields) => write('info', event, fields),
      warn: (event, fields) => write('warn', event, fields),
      error: (event, fields) => write('error', event, fields),
      with: (fields) => logOf({ ...base, ...clean(fields) }),
    };
  };
  return {
    ...logOf({}),
    setLevel: (level) => {
      logger.level = level;
    },
  };
}
