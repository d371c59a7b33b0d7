/**
 * The log behind base backups, brought up to date each minute; a store without such a log has
 * rounds that do nothing.
 */
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Instant, minutes } from '../domain/units.ts';
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import { THE_GATEWAY } from '../store/actor.ts';
import type { LogKept } from '../store/copies.ts';
import type { Store } from '../store/port/store.ts';
import type { BackupFailures } from './failures.ts';
import type { KnownBackup } from './folder.ts';
import type { KnownBackups } from './known-backups.ts';
import { LogArchive, LogEnded } from './log-archive.ts';
import type { OffsiteRules } from './offsite.ts';

export interface LogRoundParts {
  readonly store: Pick<Store, 'id' | 'log'>;
  readonly hostname: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly keys: () => Promise<AuditKeys>;
  /** Of the backups; absent: no log is kept. */
  readonly folder?: string;
  readonly offsite: OffsiteRules;
}

/** Time in which failures are tried again without telling anybody. */
const LATE = minutes(15);

export class LogRounds {
  readonly #p: LogRoundParts;
  readonly #known: KnownBackups;
  readonly #failures: BackupFailures;
  readonly #archive: LogArchive | undefined;
  /** When the log was last whole, or this process began. */
  #whole: Instant;

  constructor(parts: LogRoundParts, known: KnownBackups, failures: BackupFailures) {
    this.#p = parts;
    this.#known = known;
    this.#failures = failures;
    const { store, hostname, clock, keys, offsite } = parts;
    const elsewhere = defined({ elsewhere: offsite.folder });
    this.#archive =
      store.log && new LogArchive({ source: store.log, storeId: store.id, hostname, clock, keys, ...elsewhere });
    this.#whole = clock.now();
  }

  /** True if a log is kept behind backups here. */
  get kept(): boolean {
    return this.#p.folder !== undefined && this.#archive !== undefined;
  }

  /**
   * What the server keeps of the log because it was not received yet; undefined: no log is kept
   * here, or nobody can say.
   */
  async waiting(): Promise<LogKept | undefined> {
    return this.kept ? await this.#archive?.kept().catch(() => undefined) : undefined;
  }

  /** Until when the log is whole. */
  async at(): Promise<Instant | undefined> {
    const { folder } = this.#p;
    return folder === undefined ? undefined : await this.#archive?.at(folder, await this.#known.publicKeys());
  }

  /** Brings the log up to date. Rejects if it failed; it is due again then. */
  async round(): Promise<void> {
    const { folder, clock, log } = this.#p;
    if (folder === undefined || this.#archive === undefined) return;
    try {
      await this.#archive.round(folder);
      this.#whole = clock.now();
    } catch (error) {
      // A switch of the primary is over within a minute: nobody is told of that by mail.
      if (error instanceof LogEnded || clock.now() - this.#whole > LATE) this.#failures.note('log', error, THE_GATEWAY);
      else log.warn('backup.log-behind', { why: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  /**
   * A log that began behind the newest backup brings no backup to any moment. Where none can be
   * begun another backup helps nobody, and would come each minute.
   */
  async follows(newest: KnownBackup): Promise<boolean> {
    const { folder } = this.#p;
    const archive = this.#archive;
    if (folder === undefined || archive === undefined) return true;
    const keys = await this.#known.publicKeys();
    const begins = async (): Promise<boolean> =>
      await archive.round(folder).then(
        () => true,
        () => false,
      );
    if ((await archive.at(folder, keys)) === undefined && !(await begins())) return true;
    return await archive.follows(newest, folder, keys);
  }

  /** Removes what none of these backups needs. */
  async tidy(folder: string, backups: readonly KnownBackup[]): Promise<void> {
    await this.#archive?.tidy(folder, backups);
  }
}
