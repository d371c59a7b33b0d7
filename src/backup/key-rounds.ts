/**
 * The rounds of the keys: they are in no backup, have copies of their own, and what was destroyed
 * since has to be destroyed there, too.
 */
import type { Clock, Log } from '../domain/effects.ts';
import type { Instant } from '../domain/units.ts';
import { type Actor, THE_GATEWAY } from '../store/actor.ts';
import type { AuditTrail } from '../store/port/audit.ts';
import type { BackupFailures } from './failures.ts';
import { type KeyCopyPlaces, copyKeys, destroyKept, keptAside } from './key-copies.ts';

export interface KeyRoundParts {
  readonly keyFolder: string;
  readonly audit: Pick<AuditTrail, 'note'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Where the key folder is copied; absent: nowhere. */
  readonly keyCopy?: () => Promise<KeyCopyPlaces>;
}

const settled = async (run: Promise<void>): Promise<{ readonly error?: unknown }> =>
  await run.then(
    () => ({}),
    (error: unknown) => ({ error }),
  );

export class KeyRounds {
  readonly #p: KeyRoundParts;
  readonly #failures: BackupFailures;
  #running: Promise<void> = Promise.resolve();
  #copied: Instant | undefined;

  constructor(parts: KeyRoundParts, failures: BackupFailures) {
    this.#p = parts;
    this.#failures = failures;
  }

  /** When the copy of the key folder was last seen to be whole, in this process. */
  get copied(): Instant | undefined {
    return this.#copied;
  }

  /**
   * Brings the copy of the key folder up to date, and what a rotation kept of it. Rejects if one
   * failed.
   */
  async round(actor: Actor = THE_GATEWAY): Promise<void> {
    // A drill has one of its own, in the same minute as that of the gateway: two at once would
    // write the same files.
    const round = this.#running.then(() => this.#both(actor));
    this.#running = round.catch(() => undefined);
    await round;
  }

  async #both(actor: Actor): Promise<void> {
    // A fault of the one must not put off the other.
    const ended = [await settled(this.#kept(actor)), await settled(this.#copy(actor))];
    const failed = ended.find((one) => one.error !== undefined);
    for (const { error } of ended) if (error !== undefined) this.#failures.note('keys', error, actor);
    if (failed !== undefined) throw failed.error;
  }

  /** Also destroys in folders that a rotation kept what was destroyed since. */
  async #kept({ name }: Actor): Promise<void> {
    const { keyFolder, log, audit } = this.#p;
    const keys = await destroyKept(keyFolder);
    if (keys === 0) return;
    const where = keptAside(keyFolder);
    log.info('backup.kept-keys-destroyed', { keys, where });
    const personal = { actor: name, where };
    audit.note({ event: 'backup.kept-keys-destroyed', outcome: 'success', facts: { keys }, personal });
  }

  async #copy({ name }: Actor): Promise<void> {
    const { keyCopy, log, audit, clock } = this.#p;
    if (keyCopy === undefined) return;
    const places = await keyCopy();
    const { missing, undestroyed } = await copyKeys(places);
    this.#copied = clock.now();
    if (missing.length + undestroyed.length === 0) return;
    const facts = { files: missing.length, destroyed: undestroyed.length };
    log.info('backup.keys-copied', { ...facts, where: places.to });
    const personal = { actor: name, where: places.to };
    audit.note({ event: 'backup.keys-copied', outcome: 'success', facts, personal });
  }
}
