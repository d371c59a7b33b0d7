/** The copy elsewhere of the newest backup, made once, and remembered beside the backup. */
import type { AuditKeys } from '../crypto/keys/audit-keys.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { Actor } from '../store/actor.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { BackupFailures } from './failures.ts';
import { type KnownBackup, noteOffsite } from './folder.ts';
import type { KnownBackups } from './known-backups.ts';
import { type Copied, type OffsiteRules, copyOffsite, hasOffsite } from './offsite.ts';

export interface OffsiteParts {
  readonly offsite: OffsiteRules;
  readonly clock: Clock;
  readonly log: Log;
  readonly audit: Pick<AuditTrail, 'note'>;
  readonly keys: () => Promise<AuditKeys>;
}

export class OffsiteCopies {
  readonly #p: OffsiteParts;
  readonly #known: KnownBackups;
  readonly #failures: BackupFailures;

  constructor(parts: OffsiteParts, known: KnownBackups, failures: BackupFailures) {
    this.#p = parts;
    this.#known = known;
    this.#failures = failures;
  }

  /** True if the backup should be elsewhere, and nothing says that it is. */
  owes(newest: KnownBackup | undefined): newest is KnownBackup {
    return hasOffsite(this.#p.offsite) && newest !== undefined && newest.offsite === undefined;
  }

  /** Where the copy of the newest backup can be read: in a folder, where it was read back. */
  async readable(): Promise<string | undefined> {
    const newest = await this.#known.newest();
    return this.#p.offsite.folder === undefined || newest?.offsite?.at === undefined ? undefined : newest.offsite.where;
  }

  /**
   * Copies the newest backup where its copy is not there yet; false: it is. Rejects if it failed.
   */
  async copy(actor: Actor): Promise<boolean> {
    const { offsite, log, audit, clock } = this.#p;
    if (!hasOffsite(offsite)) return false;
    // Looked for anew: since the round looked, somebody may have taken one by hand.
    const newest = await this.#known.newest();
    if (!this.owes(newest)) return false;
    const backup = newest.manifest.id;
    let copied: Copied;
    try {
      copied = await copyOffsite(newest, offsite);
    } catch (error) {
      this.#failures.note('offsite', error, actor);
      throw error;
    }
    const { where, verified } = copied;
    const at = new Date(clock.now()).toISOString();
    // Remembered as done in any case: without a way of reading back it would be copied again each
    // minute.
    await noteOffsite(newest, verified ? { at, where } : { copied: at, where }, await this.#p.keys());
    log.info('backup.copied', { backup, where, verified });
    const personal = { actor: actor.name, where };
    audit.note({ event: 'backup.copied', outcome: 'success', facts: { backup, verified }, personal });
    return true;
  }
}
