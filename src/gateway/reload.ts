/**
 * What changes in a running gateway when its configuration is read again: key, certificate and
 * authorities as their files are now, the level of the log, the limits on connections and the times
 * of a stop. Everything else that differs is named, since it waits for a restart.
 *
 * All or nothing: a configuration, key or certificate that cannot be used changes nothing.
 */
import type { ReloadReport } from '../admin/running-gateway.ts';
import { loadConfig } from '../config/load.ts';
import type { Config } from '../config/schema.ts';
import { holdsAfterReload } from '../domain/config-setting.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import { connectionLimitsOf } from './limits.ts';
import type { ConnectionLimits } from '../platform/connections.ts';
import type { LogLevel } from '../platform/log.ts';

export interface ReloadParts {
  readonly connections: ConnectionLimits;
  /** Reads the files again. Rejects, and changes nothing, if they cannot be used. */
  readonly readFiles: () => Promise<void>;
  /** Absent if the configuration does not decide the level. */
  readonly setLogLevel?: (level: LogLevel) => void;
  readonly log: Log;
}

export class GatewayReload {
  readonly #parts: ReloadParts;
  #running: Config;
  #last: Promise<unknown> = Promise.resolve();

  constructor(config: Config, parts: ReloadParts) {
    this.#running = config;
    this.#parts = parts;
  }

  /** The configuration that holds now. */
  get running(): Config {
    return this.#running;
  }

  /**
   * Reads the configuration again; calls run one at a time. Rejects with ConfigError,
   * TlsMaterialError or AuthorityError.
   */
  reload(): Promise<ReloadReport> {
    const done = this.#last.then(() => this.#reload());
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #reload(): Promise<ReloadReport> {
    const { readFiles, setLogLevel, connections, log } = this.#parts;
    const fresh = loadConfig(this.#running.file);
    await readFiles();
    const changed = changesBetween(this.#running, fresh);
    const live = (name: string): boolean =>
      holdsAfterReload(name) && (name !== 'log.level' || setLogLevel !== undefined);
    const report = { applied: changed.filter(live), restart: changed.filter((name) => !live(name)) };
    connections.change(connectionLimitsOf(fresh));
    setLogLevel?.(fresh.log.level);
    this.#running = {
      ...this.#running,
      connections: fresh.connections,
      ...defined({ log: setLogLevel && { ...this.#running.log, level: fresh.log.level } }),
    };
    const told = { applied: report.applied.join(' ') || undefined, restart: report.restart.join(' ') || undefined };
    if (report.restart.length > 0) log.warn('config.needs-restart', told);
    else log.info('config.reloaded', told);
    return report;
  }
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
const isSection = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Names of the settings that differ, as `smtp.max-message`; of listeners, `listener.NAME`. */
export function changesBetween(before: Config, after: Config): readonly string[] {
  const named = ({ listener, ...others }: Config): Readonly<Record<string, unknown>> => ({
    ...others,
    listener: Object.fromEntries(listener.map((one) => [one.name, one])),
  });
  const [old, fresh] = [named(before), named(after)];
  return Object.keys({ ...old, ...fresh }).flatMap((name) => {
    const [a, b] = [old[name], fresh[name]];
    if (!isSection(a) || !isSection(b)) return same(a, b) ? [] : [name];
    return Object.keys({ ...a, ...b }).flatMap((key) => (same(a[key], b[key]) ? [] : [`${name}.${key}`]));
  });
}
