/** The accounts of one organisation, or all of them, page by page. */
import { defined } from '../domain/defined.ts';
import type { AccountSummary } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';

const PAGE = 200;

export async function* accountsOf(
  { registry }: { readonly registry: Pick<Registry, 'listAccounts'> },
  organisation?: string,
): AsyncGenerator<AccountSummary, void, void> {
  for (let after: string | undefined; ;) {
    const page = await registry.listAccounts({ limit: PAGE, ...defined({ organisation, after }) });
    yield* page;
    after = page.at(-1)?.account.login;
    if (after === undefined || page.length < PAGE) return;
  }
}
