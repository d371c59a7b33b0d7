/**
 * Which accounts belong or belonged to an organisation, and which part of their trail is the
 * organisation's own. An account may have moved to another organisation (decision 1306).
 */
import type { Instant } from '../domain/units.ts';
import type { FormerAccount } from '../store/organisation-merge.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { Store } from '../store/port/store.ts';
import { accountsOf } from './organisation-accounts.ts';

const PAGE = 200;

export interface Belonging {
  /** The account as it is now. */
  readonly summary: AccountSummary;
  /**
   * The organisation owns the rows of the account's trail after `after`, up to and including
   * `upTo`.
   */
  readonly after: number;
  readonly upTo: number;
  /** When the account left, and which organisation it went to; absent if it is still here. */
  readonly left?: { readonly at: Instant; readonly to: string };
}

/** First the accounts that the organisation has now, then those that it had before. */
export async function* belongingsOf(store: Store, organisation: string): AsyncGenerator<Belonging, void, void> {
  for await (const summary of accountsOf(store, organisation)) {
    const after = await store.registry.trailFrom(summary.account.id);
    yield { summary, after, upTo: Number.MAX_SAFE_INTEGER };
  }
  yield* formerOf(store, organisation);
}

/** Accounts that left the organisation. */
export async function* formerOf({ registry }: Store, organisation: string): AsyncGenerator<Belonging, void, void> {
  for (let last: FormerAccount | undefined; ;) {
    const after = last === undefined ? {} : { after: last };
    const page: readonly FormerAccount[] = await registry.listFormerAccounts({ organisation, limit: PAGE, ...after });
    for (const { account, fromSeq, untilSeq, until, organisation: to } of page) {
      const summary = await registry.findAccountById(account);
      if (summary !== undefined) yield { summary, after: fromSeq, upTo: untilSeq, left: { at: until, to } };
    }
    last = page.at(-1);
    if (page.length < PAGE) return;
  }
}
