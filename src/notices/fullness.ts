/**
 * Tells the owner of a mailbox, and whoever else of its organisation reads, that it is nearly full:
 * once a week, as long as mail comes.
 *
 * Asked at every recipient whose mailbox is nearly full, so what was told is remembered, and nobody
 * waits for a letter: a mailing meets thousands of mailboxes in a minute.
 */
import type { Clock, Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import { days } from '../domain/units.ts';
import { type Filling, quotaLetters } from '../letters/quota.ts';
import type { Store } from '../store/port/store.ts';
import type { NoticeWriter } from './notice-writer.ts';
import { file } from './uncollected-mailbox.ts';

export interface FullnessParts {
  readonly noticeWriter: NoticeWriter;
  readonly store: Pick<Store, 'accept'>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Accounts of which it is remembered that they were told. */
export const MAX_TOLD = 10_000;
/** Most mailboxes whose letters wait; for others the next message causes the letter. */
export const MAX_WAITING = 1000;
const TELL_EVERY = days(1);
const WEEK = days(7);

export class Fullness {
  readonly #parts: FullnessParts;
  readonly #told = new Map<AccountId, number>();
  #waiting = 0;
  #work: Promise<void> = Promise.resolve();

  constructor(parts: FullnessParts) {
    this.#parts = parts;
  }

  note(account: AccountId, filling: Filling): void {
    const now = this.#parts.clock.monotonic();
    const before = this.#told.get(account);
    if ((before !== undefined && now - before < TELL_EVERY) || this.#waiting >= MAX_WAITING) return;
    this.#told.delete(account);
    const [oldest] = this.#told.size >= MAX_TOLD ? this.#told.keys() : [];
    if (oldest !== undefined) this.#told.delete(oldest);
    this.#told.set(account, now);
    this.#waiting += 1;
    // One after the other: letters must not take the writer from the mail that fills the mailboxes.
    this.#work = this.#work
      .then(() => this.#tell(account, filling))
      .catch((error: unknown) => {
        this.#told.delete(account);
        this.#parts.log.warn('quota.untold', { account: filling.login, why: String(error) });
      })
      .finally(() => (this.#waiting -= 1));
  }

  /** Resolves when every letter that was asked for is filed. */
  async close(): Promise<void> {
    await this.#work;
  }

  async #tell(account: AccountId, filling: Filling): Promise<void> {
    const { noticeWriter, store, clock } = this.#parts;
    const week = Math.floor(clock.now() / WEEK);
    for (const place of await noticeWriter.places.aroundMailbox(account)) {
      const once = `quota:${account}:${week}:${place?.as ?? 'nobody'}`;
      await file(store, await noticeWriter.letter(place, { kind: 'quota', once, letters: quotaLetters(filling) }));
    }
  }
}
