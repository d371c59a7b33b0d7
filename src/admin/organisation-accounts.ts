/** The accounts of one organisation, page by page. */
import { defined } from '../domain/defined.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { Store } from '../store/port/store.ts';

const PAGE = 200;

export async function* accountsOf(
  { registry }: Store,
  organisation: string,
): AsyncGenerator<AccountSummary, void, void> {
  for (let after: string | undefined; ;) {
    const page = await registry.listAccounts({ limit: PAGE, organisation, ...defined({ after }) });
    yield* page;
    after = page.at(-1)?.account.login;
    if (after === undefined || page.length < PAGE) return;
  }
}
