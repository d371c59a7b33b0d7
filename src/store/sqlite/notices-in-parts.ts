/**
 * Notices on their way to the writer ahead of the work that files them.
 *
 * A session that collected a thousand messages ends with a thousand receipts in one transaction. To
 * copy them to the other thread in one piece held the loop for 200 ms (measured): they go over in
 * parts, a turn of the loop for each, and the work names them by a token.
 */
import type { Notices, SentNotices } from '../changes/accept-work.ts';

/** Notices in one part: some 3 ms. */
export const NOTICES_PER_PART = 20;

/** The writer's side. */
export class NoticesInParts {
  readonly #came = new Map<number, Notices[number][]>();

  add(token: number, notices: Notices): void {
    const before = this.#came.get(token);
    if (before === undefined) this.#came.set(token, [...notices]);
    else before.push(...notices);
  }

  /** Adds the notices that were sent ahead of it. */
  join(sent: SentNotices | undefined): void {
    if (sent?.partsToken === undefined) return;
    Object.assign(sent, { notices: this.#came.get(sent.partsToken) ?? [] });
    this.#came.delete(sent.partsToken);
  }
}
