/**
 * Drills: which are due and why, what the last ones showed, and those that the gateway makes by
 * itself.
 */
import { dirname, join } from 'node:path';
import { keyFingerprint } from '../crypto/keys/key-fingerprint.ts';
import { defined } from '../domain/defined.ts';
import { DRILL_KINDS, type DrillDue, type DrillKind, type DrillMarks, drillsDue } from '../domain/drills.ts';
import { type Instant, type Milliseconds, days } from '../domain/units.ts';
import { type Actor, THE_GATEWAY, personalOf } from '../store/actor.ts';
import { type DrillReport, drill, keyCopyIn } from './drill.ts';
import type { BackupFailures } from './failures.ts';
import { begunAt } from './folder.ts';
import type { KeyRoundParts, KeyRounds } from './key-rounds.ts';
import type { KnownBackups, KnownBackupsParts } from './known-backups.ts';
import type { OffsiteCopies } from './offsite-copies.ts';
import { type OneAtATime, unlessBusy } from './one-at-a-time.ts';
import { BackupRefused } from './refused.ts';
import { DRILLS, type DrillEvidence, type DrillState, drillsIn, lastReport } from './reports.ts';
import { type RestoreParts, SAMPLE } from './restore.ts';
import { type Rhythm, dueAt } from './schedule.ts';
import { type SiteDrill, type SiteDrillParts, type SiteDrillReport, writeSiteDrill } from './site-drill.ts';

export interface DrillParts
  extends KnownBackupsParts, Omit<SiteDrillParts, 'reports'>, Pick<KeyRoundParts, 'keyFolder' | 'keyCopy'> {
  readonly dataFolder: string;
  readonly rhythm: Rhythm;
  /** How often a drill is made without being told to; absent: never. */
  readonly drillEvery?: Milliseconds;
  /** Marks of a drill that is made now. */
  readonly marks: () => Promise<DrillMarks>;
  /** Whether there is another site, to which the service could go. */
  readonly sites: boolean;
  /**
   * What a restore on this machine would work with, and with this key folder in place of its own.
   */
  readonly restore: (keyFolder?: string) => Promise<RestoreParts>;
}

/** The parts that a drill works with. */
export interface DrillCompany {
  readonly known: KnownBackups;
  readonly failures: BackupFailures;
  readonly oneAtATime: OneAtATime;
  readonly keys: KeyRounds;
  readonly elsewhere: OffsiteCopies;
}

export interface DrillWishes {
  /** Default: the newest. */
  readonly backup?: string;
  readonly actor: Actor;
  /** Every message is opened, and not a sample. */
  readonly all?: boolean;
  /** The copy of the key folder that is to open it. */
  readonly keysFrom?: string;
}

const failedStep = ({ steps }: DrillReport): string => steps.find(({ passed }) => !passed)?.found ?? '';

export class Drills {
  readonly #p: DrillParts;
  readonly #with: DrillCompany;

  constructor(parts: DrillParts, company: DrillCompany) {
    this.#p = parts;
    this.#with = company;
  }

  /** Kinds of drills that can be made here. */
  get kinds(): readonly DrillKind[] {
    const { folder, sites } = this.#p;
    return DRILL_KINDS.filter((kind) => (kind === 'site' ? sites : folder !== undefined));
  }

  /**
   * What the reports beside the backups say; beside the data where there is no folder for backups.
   */
  async state(kind: DrillKind = 'restore'): Promise<DrillState> {
    return await drillsIn(this.#reports, await this.#with.known.publicKeys(), kind);
  }

  get #reports(): string {
    return join(this.#p.folder ?? this.#p.dataFolder, DRILLS);
  }

  /**
   * Which drills are due, and which change made them so. That no backup was ever restored, or not
   * in time, is told of by its age.
   */
  async due(): Promise<readonly DrillDue[]> {
    const { folder, sites, clock } = this.#p;
    if (folder === undefined && !sites) return [];
    const marks = await this.#p.marks();
    const restore = folder === undefined ? [] : await this.#dueRestore(marks);
    return sites ? [...restore, ...drillsDue('site', (await this.state('site')).good, marks, clock.now())] : restore;
  }

  async #dueRestore(marks: DrillMarks): Promise<readonly DrillDue[]> {
    const { good } = await this.state();
    return good === undefined ? [] : drillsDue('restore', good, marks, this.#p.clock.now());
  }

  /** The last report of a kind, and why another drill is due. */
  async evidence(kind: DrillKind): Promise<{ readonly last?: DrillEvidence; readonly due: readonly DrillDue[] }> {
    const last = await lastReport(this.#reports, await this.#with.known.publicKeys(), kind);
    const due = drillsDue(kind, last?.state.good, await this.#p.marks(), this.#p.clock.now());
    return { due, ...defined({ last }) };
  }

  /**
   * A drill where one is due: of the newest backup, read from the copy elsewhere where that is a
   * folder, and opened with the copy of the key folder where there is one. That is what would be
   * left. Rejects if it failed; it is due again then.
   */
  async round(): Promise<void> {
    const { known, oneAtATime, failures, keys } = this.#with;
    if (this.#p.folder === undefined || oneAtATime.running) return;
    if (!(await this.#isDue(begunAt(await known.newest())))) return;
    // Copies new keys first, so that no key that was just made is missing there.
    await keys.round();
    let report: DrillReport | undefined;
    try {
      report = await this.#ofWhatWouldBeLeft();
    } catch (error) {
      failures.note('drill', error, THE_GATEWAY);
      throw error;
    }
    if (report?.passed !== false) return;
    const why = `${report.backup}: ${failedStep(report)}`;
    failures.tell('drill', why);
    throw new BackupRefused('unusable', why);
  }

  /**
   * `newest`: when the newest backup was begun. The drill of one that is about to be replaced says
   * less than that of the new one.
   */
  async #isDue(newest: Instant | undefined): Promise<boolean> {
    const { clock, rhythm, drillEvery } = this.#p;
    const now = clock.now();
    if (drillEvery === undefined || newest === undefined || now >= dueAt(rhythm, newest)) return false;
    const good = (await this.state()).good?.at;
    if (now >= dueAt({ ...rhythm, every: drillEvery }, good)) return true;
    // Something came since that no drill has tried: at the next time of day that suits, a day after
    // the last one at the earliest.
    if (now < dueAt({ ...rhythm, every: days(1) }, good)) return false;
    return (await this.#dueRestore(await this.#p.marks())).length > 0;
  }

  /** Drills with what would be left after a loss; undefined: somebody else is at work. */
  async #ofWhatWouldBeLeft(): Promise<DrillReport | undefined> {
    const { keyCopy } = this.#p;
    const backup = await this.#with.elsewhere.readable();
    const keysFrom = keyCopy === undefined ? undefined : (await keyCopy()).to;
    return await unlessBusy(() => this.restore({ actor: THE_GATEWAY, ...defined({ keysFrom, backup }) }));
  }

  /**
   * Restores a backup into a scratch folder, proves it and writes a report. Rejects with
   * BackupRefused.
   */
  async restore(
    { backup: named, actor, all = false, keysFrom }: DrillWishes,
    told: (done: number, of: number) => void = () => undefined,
  ): Promise<DrillReport & { readonly file: string }> {
    const { hostname, version, keys, marks } = this.#p;
    const backup = await this.#with.known.pathOf(named);
    const folder = this.#p.folder ?? dirname(backup);
    return await this.#with.oneAtATime.run(folder, async () => {
      const keyCopy = keysFrom === undefined ? undefined : await this.#keyCopy(keysFrom);
      const { report, file } = await drill(await this.#p.restore(keyCopy?.folder), {
        backup,
        under: folder,
        reports: join(folder, DRILLS),
        actor,
        told,
        ...defined({ keyCopy }),
        hostname,
        version,
        keys: await keys(),
        marks: await marks(),
        sample: all ? 0 : SAMPLE,
      });
      this.#note(report, actor);
      return { ...report, file };
    });
  }

  async #keyCopy(named: string): Promise<{ readonly folder: string; readonly live: string }> {
    const { keyFolder: live } = this.#p;
    const fingerprint = keyFingerprint((await this.#p.restore()).masterKey);
    return { folder: await keyCopyIn(named, live, fingerprint), live };
  }

  #note(report: DrillReport, actor: Actor): void {
    const { backup, passed, opened, erased, seconds, keysFrom } = report;
    const facts = { backup, opened, erased, seconds, copiedKeys: keysFrom !== undefined };
    const outcome = passed ? 'success' : 'failure';
    this.#p.audit.note({ event: 'backup.drilled', outcome, facts, personal: personalOf(actor) });
    if (passed) this.#p.log.info('backup.drilled', facts);
    else this.#with.failures.noteDrill(backup, failedStep(report));
  }

  /** Writes down a planned switch to the other site and back. Rejects with BackupRefused. */
  async site(drilled: SiteDrill, actor: Actor): Promise<SiteDrillReport & { readonly file: string }> {
    return await writeSiteDrill({ ...this.#p, reports: this.#reports }, drilled, actor);
  }
}
