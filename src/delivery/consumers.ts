/** Tells the owner that two places empty one mailbox: once a week, as long as it goes on. */
import type { Clock } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import { days } from '../domain/units.ts';
import type { Store } from '../store/store.ts';
import type { Desk } from './desk.ts';
import { consumersLetters } from './mailbox-letters.ts';

export interface ConsumerWarningParts {
  readonly desk: Desk;
  readonly store: Store;
  readonly clock: Clock;
}

/** Rejects with StoreFull or StoreFailed. */
export async function warnOfConsumers(
  { desk, store, clock }: ConsumerWarningParts,
  account: AccountId,
  networks: readonly string[],
): Promise<void> {
  const summary = await store.registry.findAccountById(account);
  if (summary === undefined) return;
  const notice = await desk.letter(await desk.places.ofAccount(account), {
    kind: 'consumers',
    once: `consumers:${account}:${Math.floor(clock.now() / days(7))}`,
    letters: consumersLetters({ login: summary.account.login, networks }),
  });
  try {
    if (notice !== undefined) await store.accept(notice.acceptance);
  } finally {
    await notice?.discard();
  }
}
