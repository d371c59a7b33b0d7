/** The backups of one store: taken one at a time, listed, checked; what metrics and alarms want to know of them. */
import { dirname, join, resolve } from 'node:path';
import { Counts } from '../domain/counts.ts';
import { defined } from '../domain/defined.ts';
import { DRILL_KINDS, type DrillDue, type DrillKind, type DrillMarks, NO_SITES, drillsDue } from '../domain/drills.ts';
import { type Instant, type Milliseconds, days, instant, minutes } from '../domain/units.ts';
import { THE_GATEWAY } from '../store/actor.ts';
import type { LogKept } from '../store/copies.ts';
import { factsOfFile } from './files.ts';
import { FolderTurn } from './folder-turn.ts';
import { keyFingerprint } from '../crypto/keys/key-fingerprint.ts';
import { type DrillReport, drill, keyCopyIn } from './drill.ts';
import {
  type Keep,
  type KnownBackup,
  backupsIn,
  noteOffsite,
  provenBackupsIn,
  removeBackup,
  tooMany,
} from './folder.ts';
import { type Actor, type KeyRoundParts, KeyRounds } from './key-rounds.ts';
import { LogArchive, LogEnded } from './log-archive.ts';
import { readManifest } from './manifest.ts';
import { BackupRefused, isCode, reasonOf } from './refused.ts';
import { DRILLS, type DrillEvidence, drillsIn, lastReport } from './reports.ts';
import { type Copied, type OffsiteRules, copyOffsite, hasOffsite } from './offsite.ts';
import { type RestoreParts, SAMPLE } from './restore.ts';
import { type Rhythm, dueAt } from './schedule.ts';
import { publicKeysIn } from './signed.ts';
import { type SiteDrill, type SiteDrillReport, writeSiteDrill } from './site-drill.ts';
import { type TakeParts, type Taken, takeBackup } from './take.ts';
import { type BackupState, type BackupView, type CheckedBackup, type TakenView, viewBackup } from './views.ts';

export interface BackupParts extends TakeParts, KeyRoundParts {
  /** Where backups go without being told; absent: nowhere. */
  readonly folder?: string;
  readonly keep: Keep;
  readonly rhythm: Rhythm;
  readonly offsite: OffsiteRules;
  /** How often a drill is made without being told to; absent: never. */
  readonly drillEvery?: Milliseconds;
  /** What a drill of now is made with. */
  readonly marks: () => Promise<DrillMarks>;
  /** Whether there is another site, to which the service could go. */
  readonly sites: boolean;
  /** Other gateways have the same folder. */
  readonly shared?: boolean;
  /** What a restore on this machine would work with, and with this key folder in place of its own. */
  readonly restore: (keyFolder?: string) => Promise<RestoreParts>;
  /** Tells the operator, by mail, of something that failed without anybody watching. */
  readonly tell: (failure: BackupFailure) => Promise<void>;
}

export type BackupStep = 'backup' | 'offsite' | 'drill' | 'keys' | 'log';

export interface BackupFailure {
  readonly step: BackupStep;
  readonly why: string;
}

export interface TakeWish {
  /** Default: the configured folder, whose old backups go then. */
  readonly folder?: string;
  readonly actor: Actor;
  readonly told?: (octets: number, of: number) => void;
}

const begunAt = (known: KnownBackup | undefined): Instant | undefined =>
  known === undefined ? undefined : instant(Date.parse(known.manifest.begun));

const failedStep = ({ steps }: Pick<DrillReport, 'steps'>): string => steps.find(({ passed }) => !passed)?.found ?? '';

/** Another backup or drill is under way. */
class BackupBusy extends BackupRefused {}

/** The folder cannot be worked in. */
class NoFolder extends BackupRefused {}

/** What the gateway does by itself comes again in a minute, without an alarm: somebody takes a backup by hand, or the last one takes its time. */
async function unlessBusy<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof BackupBusy) return undefined;
    throw error;
  }
}

const BUSY = 'Cannot back up now: a backup is being taken; try again when it has ended';
/** Of the log; until then it is tried again without a word to anybody. */
const LOG_LATE = minutes(15);

export class Backups {
  readonly failures = new Counts(['step']);
  readonly #p: BackupParts;
  #running = false;
  readonly #keys: KeyRounds;
  readonly #log: LogArchive | undefined;
  /** When the log was last whole, or this process began. */
  #logged: Instant;
  #last: readonly { readonly seconds: number; readonly octets: number }[] = [];

  constructor(parts: BackupParts) {
    this.#p = parts;
    this.#keys = new KeyRounds(parts, (error, actor) => this.#failed('keys', error, actor));
    const { store, hostname, clock, keys, offsite } = parts;
    this.#log =
      store.log &&
      new LogArchive({
        source: store.log,
        storeId: store.id,
        hostname,
        clock,
        keys,
        ...defined({ elsewhere: offsite.folder }),
      });
    this.#logged = clock.now();
  }

  get running(): boolean {
    return this.#running;
  }

  /** When the copy of the key folder was last seen to be whole, in this process. */
  get keysCopied(): Instant | undefined {
    return this.#keys.copied;
  }

  /** Of the last backup of this process; empty before the first. */
  get last(): readonly { readonly seconds: number; readonly octets: number }[] {
    return this.#last;
  }

  /** Rejects with BackupRefused. */
  async take({ folder, actor, told }: TakeWish): Promise<TakenView> {
    const to = this.#folder(folder, 'back up');
    try {
      return await this.#alone(to, () => this.#take(to, { actor, ...defined({ folder, told }) }));
    } catch (error) {
      if (error instanceof NoFolder) this.#failed('backup', error, actor);
      throw error;
    }
  }

  async #take(to: string, { folder, actor, told }: TakeWish): Promise<TakenView> {
    // It begins before the backup that it follows.
    if (folder === undefined) await this.logRound().catch(() => undefined);
    let taken: Taken;
    try {
      taken = await takeBackup(this.#p, to, told);
    } catch (error) {
      this.#failed('backup', error, actor);
      throw error;
    }
    this.#last = [taken];
    this.#took(taken, actor);
    const removed = folder === undefined ? await this.#tidy(to) : [];
    if (folder === undefined) await this.#offsite(actor);
    // Whoever takes one by hand wants to hear of the keys too; by itself they have rounds of their own.
    if (folder === undefined && actor !== THE_GATEWAY) await this.keyRound(actor);
    const { seconds, logOctets } = taken;
    return { ...viewBackup(taken), seconds, logOctets, removed };
  }

  async list(folder?: string): Promise<readonly BackupView[]> {
    return (await backupsIn(this.#folder(folder, 'list backups'), await this.#publicKeys())).map(viewBackup);
  }

  async state(): Promise<BackupState> {
    const { folder } = this.#p;
    if (folder === undefined) return {};
    const all = await this.#proven(folder);
    const newest = begunAt(all.at(-1));
    const offsite = begunAt(all.findLast((known) => known.offsite?.at !== undefined));
    const { good, last } = await drillsIn(join(folder, DRILLS), await this.#publicKeys());
    const logged = await this.#log?.at(folder, await this.#publicKeys());
    return defined({ newest, offsite, logged, drill: good?.at, lastDrill: last });
  }

  /** What the server keeps of the log because it was not received yet; undefined: no log is kept behind backups here, or nobody can say. */
  async logKept(): Promise<LogKept | undefined> {
    return this.configured.logs ? await this.#log?.kept().catch(() => undefined) : undefined;
  }

  /** Which drills are due, and which change made them so. That no backup was ever restored, or not in time, is told of by its age (`state`). */
  async due(): Promise<readonly DrillDue[]> {
    const { folder, clock, sites } = this.#p;
    if (folder === undefined && !sites) return [];
    const [keys, marks] = [await this.#publicKeys(), await this.#p.marks()];
    const restore = folder === undefined ? [] : await this.#dueRestore(folder, marks);
    if (!sites) return restore;
    const { good } = await drillsIn(this.#reports(), keys, 'site');
    return [...restore, ...drillsDue('site', good, marks, clock.now())];
  }

  /** The last report of each kind, and why another drill is due. */
  async drillEvidence(kind: DrillKind): Promise<{ readonly last?: DrillEvidence; readonly due: readonly DrillDue[] }> {
    const last = await lastReport(this.#reports(), await this.#publicKeys(), kind);
    const due = drillsDue(kind, last?.state.good, await this.#p.marks(), this.#p.clock.now());
    return { due, ...defined({ last }) };
  }

  async #dueRestore(folder: string, marks: DrillMarks): Promise<readonly DrillDue[]> {
    const { good } = await drillsIn(join(folder, DRILLS), await this.#publicKeys());
    return good === undefined ? [] : drillsDue('restore', good, marks, this.#p.clock.now());
  }

  /** Where reports go: beside the backups, else beside the data. */
  #reports(): string {
    return join(this.#p.folder ?? this.#p.dataFolder, DRILLS);
  }

  async #proven(folder: string): Promise<readonly KnownBackup[]> {
    return await provenBackupsIn(folder, await this.#publicKeys());
  }

  /** Every manifest in the folder is read and its signature checked: whoever needs it twice keeps it. */
  async #newest(): Promise<KnownBackup | undefined> {
    const { folder } = this.#p;
    return folder === undefined ? undefined : (await this.#proven(folder)).at(-1);
  }

  #publicKeys(): ReturnType<typeof publicKeysIn> {
    return publicKeysIn(this.#p.anchorKeyFile);
  }

  /** Those that can be made here. */
  get drillKinds(): readonly DrillKind[] {
    const { folder, sites } = this.configured;
    return DRILL_KINDS.filter((kind) => (kind === 'site' ? sites : folder));
  }

  get configured(): Readonly<Record<'folder' | 'offsite' | 'keys' | 'drills' | 'sites' | 'logs', boolean>> {
    const { folder, offsite, keyCopy, drillEvery, sites } = this.#p;
    return {
      folder: folder !== undefined,
      offsite: hasOffsite(offsite),
      keys: keyCopy !== undefined,
      sites,
      logs: folder !== undefined && this.#log !== undefined,
      drills: folder !== undefined && drillEvery !== undefined,
    };
  }

  /** What is due now: a backup, or the copy elsewhere of the newest. Rejects where it failed; it is due again then. */
  async round(): Promise<void> {
    const { folder, clock, rhythm } = this.#p;
    // One that somebody takes by hand is looked at in the next minute.
    if (folder === undefined || this.#running) return;
    const newest = await this.#newest().catch((error: unknown) => {
      this.#failed('backup', error, THE_GATEWAY);
      throw error;
    });
    await unlessBusy(async () => {
      if (clock.now() >= dueAt(rhythm, begunAt(newest)) || !(await this.#logFollows(newest, folder)))
        await this.take({ actor: THE_GATEWAY });
      // Held only where there is work: a drill that looks in the same moment would find it taken each minute.
      else if (this.#owedElsewhere(newest)) await this.#alone(folder, () => this.#offsite(THE_GATEWAY));
    });
  }

  /** A log that began behind the newest backup brings no backup to any moment. Where none can be begun another backup helps nobody, and would come each minute. */
  async #logFollows(newest: KnownBackup | undefined, folder: string): Promise<boolean> {
    const log = this.#log;
    if (newest === undefined || log === undefined) return true;
    const keys = await this.#publicKeys();
    const begins = async (): Promise<boolean> =>
      await log.round(folder).then(
        () => true,
        () => false,
      );
    if ((await log.at(folder, keys)) === undefined && !(await begins())) return true;
    return await log.follows(newest, folder, keys);
  }

  /** Brings the log behind the backups up to date. Rejects where it failed; it is due again then. */
  async logRound(): Promise<void> {
    const { folder, clock, log } = this.#p;
    if (folder === undefined || this.#log === undefined) return;
    try {
      await this.#log.round(folder);
      this.#logged = clock.now();
    } catch (error) {
      // A switch of the primary is over within a minute: nobody is told of that by mail.
      if (error instanceof LogEnded || clock.now() - this.#logged > LOG_LATE) this.#failed('log', error, THE_GATEWAY);
      else log.warn('backup.log-behind', { why: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  /** Brings the copies of the key folder up to date (`KeyRounds`). Rejects where one failed. */
  async keyRound(actor: Actor = THE_GATEWAY): Promise<void> {
    await this.#keys.round(actor);
  }

  /**
   * A drill where one is due: of the newest backup, read from the copy elsewhere where that is a folder, and opened with the copy of the key folder where there
   * is one. That is what would be left. Rejects where it failed; it is due again then.
   */
  async drillRound(): Promise<void> {
    const { folder, drillEvery, keyCopy, clock, rhythm } = this.#p;
    if (folder === undefined || drillEvery === undefined || this.#running) return;
    const { newest, drill: good } = await this.state();
    // The drill of a backup that is about to be replaced says less than that of the new one.
    if (newest === undefined || clock.now() >= dueAt(rhythm, newest)) return;
    if (clock.now() < dueAt({ ...rhythm, every: drillEvery }, good) && !(await this.#changedSince(folder, good)))
      return;
    // So that no key that was made a moment ago is missing there.
    await this.keyRound();
    let report: DrillReport | undefined;
    try {
      const backup = await this.#elsewhere();
      const keysFrom = keyCopy === undefined ? {} : { keysFrom: (await keyCopy()).to };
      report = await unlessBusy(() => this.drill({ actor: THE_GATEWAY, ...keysFrom, ...defined({ backup }) }));
    } catch (error) {
      this.#failed('drill', error, THE_GATEWAY);
      throw error;
    }
    if (report?.passed !== false) return;
    const why = `${report.backup}: ${failedStep(report)}`;
    this.#tell('drill', why);
    throw new BackupRefused('unusable', why);
  }

  /** Something came since that no drill has tried; at the next time of day that suits, a day after the last one at the earliest. */
  async #changedSince(folder: string, good: Instant | undefined): Promise<boolean> {
    if (this.#p.clock.now() < dueAt({ ...this.#p.rhythm, every: days(1) }, good)) return false;
    return (await this.#dueRestore(folder, await this.#p.marks())).length > 0;
  }

  /** Where the copy elsewhere of the newest backup can be read. */
  async #elsewhere(): Promise<string | undefined> {
    const { offsite } = this.#p;
    const newest = await this.#newest();
    return offsite.folder === undefined || newest?.offsite?.at === undefined ? undefined : newest.offsite.where;
  }

  /** Restores a backup into a scratch folder, proves it and writes a report. Default: the newest. Rejects with BackupRefused. */
  async drill(
    wish: { readonly backup?: string; readonly actor: Actor; readonly all?: boolean; readonly keysFrom?: string },
    told: (done: number, of: number) => void = () => undefined,
  ): Promise<DrillReport & { readonly file: string }> {
    const backup = await this.#pathOf(wish.backup);
    const folder = this.#p.folder ?? dirname(backup);
    return await this.#alone(folder, async () => {
      const { hostname, version, keyFolder: live } = this.#p;
      const keyFolder =
        wish.keysFrom === undefined
          ? undefined
          : await keyCopyIn(wish.keysFrom, live, keyFingerprint((await this.#p.restore()).masterKey));
      const { report, file } = await drill(await this.#p.restore(keyFolder), {
        backup,
        under: folder,
        reports: join(this.#p.folder ?? folder, DRILLS),
        actor: wish.actor,
        told,
        ...(keyFolder === undefined ? {} : { keyCopy: { folder: keyFolder, live } }),
        hostname,
        version,
        keys: await this.#p.keys(),
        marks: await this.#p.marks(),
        sample: wish.all === true ? 0 : SAMPLE,
      });
      this.#drilled(report, wish.actor);
      return { ...report, file };
    });
  }

  /** Writes down a planned switch to the other site and back. Rejects with BackupRefused. */
  async siteDrill(drill: SiteDrill, actor: Actor): Promise<SiteDrillReport & { readonly file: string }> {
    const { sites, clock, hostname, version, keys, marks, log, audit } = this.#p;
    const at = clock.now();
    if (!sites) throw new BackupRefused('conflict', `Cannot write down a drill of a site: ${NO_SITES}`);
    if (Math.max(drill.there, drill.back ?? 0) > at)
      throw new BackupRefused(
        'invalid',
        'Cannot write down a drill that is to come: --there and --back are in the past',
      );
    const report = await writeSiteDrill(drill, {
      at,
      hostname,
      version,
      actor,
      reports: this.#reports(),
      keys: await keys(),
      marks: await marks(),
    });
    const { passed, from, to, lost, outage } = report;
    const facts = { from, to, lost, seconds: outage.seconds, by: outage.by };
    const personal = { actor: actor.name, people: drill.people, ...defined({ reason: actor.reason }) };
    audit.note({ event: 'site.drilled', outcome: passed ? 'success' : 'failure', facts, personal });
    log.info('site.drilled', { passed, ...facts });
    return report;
  }

  /** Reads every octet of a backup again. Default: the newest of the configured folder. */
  async check(
    backup: string | undefined,
    told: (octets: number, of: number) => void = () => undefined,
  ): Promise<CheckedBackup> {
    const path = await this.#pathOf(backup);
    const { manifest, signature } = await readManifest(path, await this.#publicKeys());
    const files: CheckedBackup['files'][number][] = [];
    for (const { name, octets, sha256 } of manifest.files) {
      const why = await factsOfFile(resolve(path, name), (done) => told(done, octets)).then(
        (found) => (found.sha256 === sha256 ? undefined : 'its SHA-256 is not the one of the manifest'),
        (error: unknown) => `it cannot be read (${reasonOf(error)})`,
      );
      files.push({ name, whole: why === undefined, ...defined({ why }) });
    }
    const { label } = manifest.store.postgres ?? {};
    if (label !== undefined) {
      const why = await this.#p.store.checkCopy(label).then(
        () => undefined,
        (error: unknown) => reasonOf(error),
      );
      files.push({ name: label, whole: why === undefined, ...defined({ why }) });
    }
    const whole = signature === 'good' && files.every((file) => file.whole);
    return { backup: manifest.id, path, signature, files, whole };
  }

  async #pathOf(backup: string | undefined): Promise<string> {
    if (backup !== undefined) return backup;
    const folder = this.#folder(undefined, 'choose a backup');
    const newest = (await backupsIn(folder)).at(-1);
    if (newest === undefined)
      throw new BackupRefused('unknown', `Cannot find a backup in "${folder}": take one with "sluis backup take"`);
    return newest.path;
  }

  #folder(given: string | undefined, action: string): string {
    const folder = given ?? this.#p.folder;
    if (folder === undefined)
      throw new BackupRefused(
        'invalid',
        `Cannot ${action}: no folder was named, and the configuration has none; name one, or set folder in its section backup`,
      );
    return folder;
  }

  async #alone<T>(folder: string, run: () => Promise<T>): Promise<T> {
    if (this.#running) throw new BackupBusy('unavailable', BUSY);
    this.#running = true;
    try {
      if (this.#p.shared !== true) return await run();
      const turn = await FolderTurn.take(folder, this.#p.clock).catch((error: unknown) => {
        const why = isCode(error, 'ENOSPC')
          ? 'the disk is full; free some space there, or name another folder'
          : reasonOf(error);
        throw new NoFolder('unavailable', `Cannot work in "${folder}": ${why}`, { cause: error });
      });
      if (turn === undefined) throw new BackupBusy('unavailable', BUSY);
      try {
        return await run();
      } finally {
        await turn.end();
      }
    } finally {
      this.#running = false;
    }
  }

  #took({ manifest, seconds, octets, logOctets, path }: Taken, { name, reason }: Actor): void {
    const { counts, audit: head } = manifest.store;
    this.#p.log.info('backup.taken', {
      backup: manifest.id,
      octets,
      seconds,
      log: logOctets,
      messages: counts.messages,
    });
    this.#p.audit.note({
      event: 'backup.taken',
      outcome: 'success',
      facts: { backup: manifest.id, octets, seconds, messages: counts.messages, head: head.seq },
      personal: { actor: name, folder: path, ...defined({ reason }) },
    });
  }

  /** It should be elsewhere, and nothing says that it is. */
  #owedElsewhere(newest: KnownBackup | undefined): newest is KnownBackup {
    return hasOffsite(this.#p.offsite) && newest !== undefined && newest.offsite === undefined;
  }

  /** The copy elsewhere of the newest backup, where it is not there yet. */
  async #offsite(actor: Actor): Promise<void> {
    const { offsite, log, audit, clock } = this.#p;
    if (!hasOffsite(offsite)) return;
    // Looked for anew: since the round looked, somebody may have taken one by hand.
    const newest = await this.#newest();
    if (!this.#owedElsewhere(newest)) return;
    const backup = newest.manifest.id;
    let copied: Copied;
    try {
      copied = await copyOffsite(newest, offsite);
    } catch (error) {
      this.#failed('offsite', error, actor);
      throw error;
    }
    const { where, verified } = copied;
    const at = new Date(clock.now()).toISOString();
    // Remembered as done in any case: without a way of reading back it would be copied again each minute.
    await noteOffsite(newest, verified ? { at, where } : { copied: at, where }, await this.#p.keys());
    log.info('backup.copied', { backup, where, verified });
    audit.note({
      event: 'backup.copied',
      outcome: 'success',
      facts: { backup, verified },
      personal: { actor: actor.name, where },
    });
    if (offsite.folder !== undefined) await this.#tidy(offsite.folder);
  }

  #drilled({ backup, passed, opened, erased, seconds, steps, keysFrom }: DrillReport, { name, reason }: Actor): void {
    const facts = { backup, opened, erased, seconds, copiedKeys: keysFrom !== undefined };
    this.#p.audit.note({
      event: 'backup.drilled',
      outcome: passed ? 'success' : 'failure',
      facts,
      personal: { actor: name, ...defined({ reason }) },
    });
    if (passed) return this.#p.log.info('backup.drilled', facts);
    const why = failedStep({ steps });
    this.failures.add(['drill']);
    this.#p.log.error('backup.drill-failed', { backup, why });
  }

  /** Mistakes of whoever asked are told to them alone. */
  #failed(step: BackupStep, error: unknown, actor: Actor): void {
    if (error instanceof BackupRefused && error.kind === 'invalid' && actor !== THE_GATEWAY) return;
    const why = error instanceof Error ? error.message : String(error);
    this.failures.add([step]);
    this.#p.log.error('backup.failed', { step, why });
    const personal = { actor: actor.name, why };
    this.#p.audit.note({ event: 'backup.failed', outcome: 'failure', facts: { step }, personal });
    if (actor === THE_GATEWAY) this.#tell(step, why);
  }

  #tell(step: BackupStep, why: string): void {
    this.#p.tell({ step, why }).catch((untold: unknown) => {
      this.#p.log.error('backup.untold', { step, why: String(untold) });
    });
  }

  async #tidy(folder: string): Promise<readonly string[]> {
    // Where somebody mounted the folder of another gateway, its backups are not ours to remove.
    const own = (await backupsIn(folder)).filter(({ manifest }) => manifest.store.storeId === this.#p.store.id);
    const removed = tooMany(own, this.#p.keep, this.#p.clock.now());
    for (const { path } of removed) await removeBackup(path);
    await this.#log?.tidy(
      folder,
      own.filter((known) => !removed.includes(known)),
    );
    return removed.map(({ manifest }) => manifest.id);
  }
}
