/** The backups of one store: taken one at a time, listed, checked; what metrics and alarms want to know of them. */
import { resolve } from 'node:path';
import { Counts } from '../domain/counts.ts';
import type { Clock, Log } from '../domain/effects.ts';
import { type Instant, instant } from '../domain/units.ts';
import type { AuditTrail } from '../store/audit.ts';
import { factsOfFile } from './files.ts';
import { type Keep, type KnownBackup, backupsIn, removeBackup, tooMany } from './folder.ts';
import { readManifest } from './manifest.ts';
import { BackupRefused, reasonOf } from './refused.ts';
import { publicKeysIn } from './signed.ts';
import { type TakeParts, type Taken, takeBackup } from './take.ts';

export interface BackupParts extends TakeParts {
  readonly audit: Pick<AuditTrail, 'note'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Where backups go without being told; absent: nowhere. */
  readonly folder?: string;
  readonly keep: Keep;
}

export interface Actor {
  readonly name: string;
  readonly reason?: string;
}

export interface TakeWish {
  /** Default: the configured folder, whose old backups go then. */
  readonly folder?: string;
  readonly actor: Actor;
  readonly told?: (octets: number, of: number) => void;
}

/** How a backup looks to those who list it. */
export interface BackupView {
  readonly backup: string;
  readonly path: string;
  readonly begun: string;
  readonly octets: number;
  readonly messages: number;
  readonly hostname: string;
  readonly offsite?: { readonly at: string; readonly where: string };
}

export interface TakenView extends BackupView {
  readonly seconds: number;
  readonly logOctets: number;
  /** Older ones that were removed, by the rule of the configuration. */
  readonly removed: readonly string[];
}

export interface CheckedBackup {
  readonly backup: string;
  readonly path: string;
  readonly signature: 'good' | 'unknown' | 'missing';
  readonly files: readonly { readonly name: string; readonly whole: boolean; readonly why?: string }[];
  readonly whole: boolean;
}

export const viewBackup = ({ path, manifest, offsite }: KnownBackup): BackupView => ({
  backup: manifest.id,
  path,
  begun: manifest.begun,
  octets: manifest.files.reduce((sum, file) => sum + file.octets, 0),
  messages: manifest.store.counts.messages,
  hostname: manifest.hostname,
  ...(offsite === undefined ? {} : { offsite }),
});

export class Backups {
  readonly failures = new Counts(['step']);
  readonly #p: BackupParts;
  #running = false;
  #last: { readonly seconds: number; readonly octets: number } | undefined;

  constructor(parts: BackupParts) {
    this.#p = parts;
  }

  get running(): boolean {
    return this.#running;
  }

  /** Of the last backup of this process. */
  get last(): { readonly seconds: number; readonly octets: number } | undefined {
    return this.#last;
  }

  /** Rejects with BackupRefused. */
  async take({ folder, actor, told }: TakeWish): Promise<TakenView> {
    const to = this.#folder(folder, 'back up');
    return await this.#alone(async () => {
      let taken: Taken;
      try {
        taken = await takeBackup(this.#p, to, told);
      } catch (error) {
        this.#failed('backup', error, actor);
        throw error;
      }
      this.#last = taken;
      this.#took(taken, actor);
      const removed = folder === undefined ? await this.#tidy(to) : [];
      const { seconds, logOctets } = taken;
      return { ...viewBackup(taken), seconds, logOctets, removed };
    });
  }

  async list(folder?: string): Promise<readonly BackupView[]> {
    return (await backupsIn(this.#folder(folder, 'list backups'))).map(viewBackup);
  }

  /** When the newest backup in the configured folder was begun; undefined where there is none. */
  async newest(): Promise<Instant | undefined> {
    const last = this.#p.folder === undefined ? undefined : (await backupsIn(this.#p.folder)).at(-1);
    return last === undefined ? undefined : instant(Date.parse(last.manifest.begun));
  }

  /** Reads every octet of a backup again. Default: the newest of the configured folder. */
  async check(
    backup: string | undefined,
    told: (octets: number, of: number) => void = () => undefined,
  ): Promise<CheckedBackup> {
    const path = await this.#pathOf(backup);
    const { manifest, signature } = await readManifest(path, await publicKeysIn(this.#p.anchorKeyFile));
    const files: CheckedBackup['files'][number][] = [];
    for (const { name, octets, sha256 } of manifest.files) {
      const why = await factsOfFile(resolve(path, name), (done) => told(done, octets)).then(
        (found) => (found.sha256 === sha256 ? undefined : 'its SHA-256 is not the one of the manifest'),
        (error: unknown) => `it cannot be read (${reasonOf(error)})`,
      );
      files.push({ name, whole: why === undefined, ...(why === undefined ? {} : { why }) });
    }
    const whole = signature === 'good' && files.every((file) => file.whole);
    return { backup: manifest.id, path, signature, files, whole };
  }

  async #pathOf(backup: string | undefined): Promise<string> {
    if (backup !== undefined) return backup;
    const folder = this.#folder(undefined, 'choose a backup');
    const newest = (await backupsIn(folder)).at(-1);
    if (newest === undefined)
      throw new BackupRefused('unknown', `Cannot find a backup in "${folder}": take one with "sluis backup"`);
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

  async #alone<T>(run: () => Promise<T>): Promise<T> {
    if (this.#running)
      throw new BackupRefused(
        'unavailable',
        'Cannot back up now: a backup is being taken; try again when it has ended',
      );
    this.#running = true;
    try {
      return await run();
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
      personal: { actor: name, folder: path, ...(reason === undefined ? {} : { reason }) },
    });
  }

  /** Mistakes of whoever asked are told to them alone. */
  #failed(step: 'backup' | 'offsite', error: unknown, { name }: Actor): void {
    if (error instanceof BackupRefused && error.kind === 'invalid') return;
    const why = error instanceof Error ? error.message : String(error);
    this.failures.add([step]);
    this.#p.log.error('backup.failed', { step, why });
    this.#p.audit.note({ event: 'backup.failed', outcome: 'failure', facts: { step }, personal: { actor: name, why } });
  }

  async #tidy(folder: string): Promise<readonly string[]> {
    const removed = tooMany(await backupsIn(folder), this.#p.keep, this.#p.clock.now());
    for (const { path } of removed) await removeBackup(path);
    return removed.map(({ manifest }) => manifest.id);
  }
}
