/**
 * Tells that two places empty one mailbox, once a week as long as it goes on: the owner, whoever
 * else of the organisation reads, and the operator. A letter in that mailbox alone would be taken
 * by one of the two programs, and perhaps by nobody's eyes.
 */
import type { Clock } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import { days } from '../domain/units.ts';
import { twoReadersLetters } from '../letters/mailbox.ts';
import type { Store } from '../store/port/store.ts';
import type { NoticeWriter } from './notice-writer.ts';
import { file } from './uncollected-mailbox.ts';

export interface TwoReadersWarningParts {
  readonly noticeWriter: NoticeWriter;
  readonly store: Store;
  readonly clock: Clock;
}

/** Warns the owner. Rejects with StoreFull or StoreFailed. */
export async function warnOfTwoReaders(
  { noticeWriter, store, clock }: TwoReadersWarningParts,
  account: AccountId,
  networks: readonly string[],
): Promise<void> {
  const summary = await store.registry.findAccountById(account);
  if (summary === undefined) return;
  const letters = twoReadersLetters({ login: summary.account.login, networks });
  const week = Math.floor(clock.now() / days(7));
  for (const place of await noticeWriter.places.aroundMailbox(account, 'operator')) {
    const once = `consumers:${account}:${week}:${place?.as ?? 'nobody'}`;
    await file(store, await noticeWriter.letter(place, { kind: 'consumers', once, letters }));
  }
}
