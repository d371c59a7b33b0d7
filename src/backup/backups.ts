/**
 * The backups of one store: taken one at a time, listed, checked; what metrics and alarms want to
 * know of them.
 */
import type { Counts } from '../domain/counts.ts';
import { defined } from '../domain/defined.ts';
import type { Instant } from '../domain/units.ts';
import { type Actor, THE_GATEWAY } from '../store/actor.ts';
import { checkBackup } from './check.ts';
import { type DrillParts, Drills } from './drills.ts';
import { BackupFailures, type FailureParts } from './failures.ts';
import { type Keep, begunAt, removeOld } from './folder.ts';
import { type KeyRoundParts, KeyRounds } from './key-rounds.ts';
import { KnownBackups, type KnownBackupsParts } from './known-backups.ts';
import { type LogRoundParts, LogRounds } from './log-rounds.ts';
import { hasOffsite } from './offsite.ts';
import { OffsiteCopies, type OffsiteParts } from './offsite-copies.ts';
import { NoFolder, OneAtATime, type OneAtATimeParts, unlessBusy } from './one-at-a-time.ts';
import { dueAt } from './schedule.ts';
import { type TakeParts, type Taken, takeBackup } from './take.ts';
import { type BackupState, type BackupView, type CheckedBackup, type TakenView, viewBackup } from './views.ts';

export interface BackupParts
  extends
    TakeParts,
    KnownBackupsParts,
    OneAtATimeParts,
    FailureParts,
    KeyRoundParts,
    LogRoundParts,
    OffsiteParts,
    DrillParts {
  readonly store: TakeParts['store'];
  readonly keep: Keep;
}

export interface TakeWish {
  /** Default: the configured folder, whose old backups go then. */
  readonly folder?: string;
  readonly actor: Actor;
  readonly told?: (octets: number, of: number) => void;
}

export class Backups {
  readonly drills: Drills;
  /** The rounds of the key folder's copies. */
  readonly keys: KeyRounds;
  /** Rounds of the log behind base backups. */
  readonly log: LogRounds;
  readonly #p: BackupParts;
  readonly #failures: BackupFailures;
  readonly #known: KnownBackups;
  readonly #oneAtATime: OneAtATime;
  readonly #offsite: OffsiteCopies;
  #last: readonly { readonly seconds: number; readonly octets: number }[] = [];

  constructor(parts: BackupParts) {
    this.#p = parts;
    const known = (this.#known = new KnownBackups(parts));
    const failures = (this.#failures = new BackupFailures(parts));
    const oneAtATime = (this.#oneAtATime = new OneAtATime(parts));
    const elsewhere = (this.#offsite = new OffsiteCopies(parts, known, failures));
    const keys = (this.keys = new KeyRounds(parts, failures));
    this.log = new LogRounds(parts, known, failures);
    this.drills = new Drills(parts, { known, failures, oneAtATime, keys, elsewhere });
  }

  /** A backup or a drill is under way. */
  get running(): boolean {
    return this.#oneAtATime.running;
  }

  /** What failed, by step. */
  get failures(): Counts {
    return this.#failures.counts;
  }

  /** Facts of the last backup of this process; empty before the first. */
  get last(): readonly { readonly seconds: number; readonly octets: number }[] {
    return this.#last;
  }

  get configured(): Readonly<Record<'folder' | 'offsite' | 'keys' | 'drills' | 'sites' | 'logs', boolean>> {
    const { folder, offsite, keyCopy, drillEvery, sites } = this.#p;
    return {
      folder: folder !== undefined,
      offsite: hasOffsite(offsite),
      keys: keyCopy !== undefined,
      sites,
      logs: this.log.kept,
      drills: folder !== undefined && drillEvery !== undefined,
    };
  }

  /** Takes a backup. Rejects with BackupRefused. */
  async take({ folder, actor, told }: TakeWish): Promise<TakenView> {
    const to = this.#known.folder(folder, 'back up');
    try {
      return await this.#oneAtATime.run(to, () => this.#take(to, { actor, ...defined({ folder, told }) }));
    } catch (error) {
      if (error instanceof NoFolder) this.#failures.note('backup', error, actor);
      throw error;
    }
  }

  async #take(to: string, { folder, actor, told }: TakeWish): Promise<TakenView> {
    // The log begins before the backup that it follows.
    if (folder === undefined) await this.log.round().catch(() => undefined);
    let taken: Taken;
    try {
      taken = await takeBackup(this.#p, to, told);
    } catch (error) {
      this.#failures.note('backup', error, actor);
      throw error;
    }
    this.#last = [taken];
    this.#noteTaken(taken, actor);
    const removed = folder === undefined ? await this.#tidy(to) : [];
    if (folder === undefined) await this.#copyElsewhere(actor);
    // Whoever takes one by hand wants to hear of the keys too; by itself they have rounds of their
    // own.
    if (folder === undefined && actor !== THE_GATEWAY) await this.keys.round(actor);
    const { seconds, logOctets } = taken;
    return { ...viewBackup(taken), seconds, logOctets, removed };
  }

  #noteTaken({ manifest, seconds, octets, logOctets: log, path }: Taken, { name, reason }: Actor): void {
    const { id: backup } = manifest;
    const { counts, audit: head } = manifest.store;
    const { messages } = counts;
    this.#p.log.info('backup.taken', { backup, octets, seconds, log, messages });
    this.#p.audit.note({
      event: 'backup.taken',
      outcome: 'success',
      facts: { backup, octets, seconds, messages, head: head.seq },
      personal: { actor: name, folder: path, ...defined({ reason }) },
    });
  }

  async #copyElsewhere(actor: Actor): Promise<void> {
    const { folder } = this.#p.offsite;
    if ((await this.#offsite.copy(actor)) && folder !== undefined) await this.#tidy(folder);
  }

  /** Removes what is beyond the rule of the configuration; the ids of those. */
  async #tidy(folder: string): Promise<readonly string[]> {
    const { store, keep, clock } = this.#p;
    const { removed, kept } = await removeOld(folder, store.id, keep, clock.now());
    await this.log.tidy(folder, kept);
    return removed.map(({ manifest }) => manifest.id);
  }

  /**
   * What is due now: a backup, or the copy elsewhere of the newest. Rejects if it failed; it is due
   * again then.
   */
  async round(): Promise<void> {
    const { folder, clock, rhythm } = this.#p;
    // A backup that somebody takes by hand is noticed within a minute.
    if (folder === undefined || this.running) return;
    const newest = await this.#known.newest().catch((error: unknown) => {
      this.#failures.note('backup', error, THE_GATEWAY);
      throw error;
    });
    await unlessBusy(async () => {
      const due =
        newest === undefined || clock.now() >= dueAt(rhythm, begunAt(newest)) || !(await this.log.follows(newest));
      if (due) await this.take({ actor: THE_GATEWAY });
      // Held only where there is work: a drill that looks in the same moment would find it taken
      // each minute.
      else if (this.#offsite.owes(newest)) await this.#oneAtATime.run(folder, () => this.#copyElsewhere(THE_GATEWAY));
    });
  }

  /** Lists backups. Rejects with BackupRefused. */
  async list(folder?: string): Promise<readonly BackupView[]> {
    return (await this.#known.in(this.#known.folder(folder, 'list backups'))).map(viewBackup);
  }

  /**
   * Reads every octet of a backup again. Default: the newest of the configured folder. Rejects with
   * BackupRefused.
   */
  async check(backup: string | undefined, told?: (octets: number, of: number) => void): Promise<CheckedBackup> {
    const path = await this.#known.pathOf(backup);
    return await checkBackup(path, await this.#known.publicKeys(), this.#p.store, told);
  }

  async state(): Promise<BackupState> {
    if (this.#p.folder === undefined) return {};
    const all = await this.#known.proven();
    const newest: Instant | undefined = begunAt(all.at(-1));
    const offsite = begunAt(all.findLast((known) => known.offsite?.at !== undefined));
    const { good, last } = await this.drills.state();
    return defined({ newest, offsite, logged: await this.log.at(), drill: good?.at, lastDrill: last });
  }
}
