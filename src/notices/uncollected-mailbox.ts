/**
 * What the parts of the daily round over mailboxes share: its work, one mailbox, its entries, and
 * how a notice is filed.
 */
import { defined } from '../domain/defined.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Organisation } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import type { Instant } from '../domain/units.ts';
import type { Absences } from '../store/port/registry.ts';
import type { UncollectedEntry, UncollectedMailbox } from '../store/deliveries.ts';
import type { Deliveries } from '../store/port/mail.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import type { PreparedNotice } from '../store/acceptance.ts';
import type { Store } from '../store/port/store.ts';
import type { AbsentDays } from './absent-days.ts';
import type { NoticeWriter } from './notice-writer.ts';
import type { OriginalReader } from './original.ts';

export interface UncollectedParts {
  readonly noticeWriter: NoticeWriter;
  readonly store: Pick<Store, 'accept' | 'messageParts'> & {
    readonly registry: Pick<Registry, 'findAccountById' | 'findOrganisation' | 'findRecipient'> &
      Pick<Absences, 'listAbsences'>;
    readonly deliveries: Pick<
      Deliveries,
      'uncollected' | 'uncollectedEntries' | 'expire' | 'usedKeys' | keyof OriginalReader
    >;
  };
  readonly clock: Clock;
  readonly log: Log;
}

/** One round under way; what is left when it is stopped is done by the next one. */
export interface RoundParts extends UncollectedParts {
  readonly now: Instant;
  readonly stopped: () => boolean;
}

/** A mailbox in which something waits. */
export interface Mailbox extends UncollectedMailbox {
  readonly summary: AccountSummary;
  readonly organisation: Organisation;
  readonly away: AbsentDays;
}

export const numberOf = (
  name: 'rhythm' | 'tell-sender-after' | 'keep-uncollected',
  { summary, organisation }: Mailbox,
): number => settingOf(name, summary.account.settings, organisation.settings);

/**
 * Entries accepted before `before` (with `restored`: handed out again before it) and never sent to
 * their end, oldest first, page by page.
 */
export async function* pagesOf(
  { store, stopped }: RoundParts,
  account: AccountId,
  before: Instant,
  limit: number,
  restored?: true,
): AsyncGenerator<readonly UncollectedEntry[]> {
  let after: UncollectedEntry['uid'] | undefined;
  while (!stopped()) {
    const page: readonly UncollectedEntry[] = await store.deliveries.uncollectedEntries(account, {
      before,
      limit,
      ...defined({ restored, after }),
    });
    yield page;
    after = page.at(-1)?.uid;
    if (page.length < limit) return;
  }
}

/** Files a notice; true if it was filed now. */
export async function file(store: Pick<Store, 'accept'>, notice: PreparedNotice | undefined): Promise<boolean> {
  if (notice === undefined) return false;
  try {
    return (await store.accept(notice.acceptance)).kind === 'filed';
  } finally {
    await notice.discard();
  }
}
