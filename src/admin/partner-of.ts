/** Finds the partner of an account. */
import { defined } from '../domain/defined.ts';
import type { Account } from '../domain/registry.ts';
import type { Store } from '../store/port/store.ts';

const PAGE = 200;

/** Undefined: it is no partner's. */
export async function partnerOf({ registry }: Store, { id, kind }: Account) {
  if (kind !== 'partner') return undefined;
  for (let after: string | undefined; ;) {
    const page = await registry.listPartners({ limit: PAGE, ...defined({ after }) });
    const found = page.find(({ account }) => account === id);
    after = page.at(-1)?.name;
    if (found !== undefined || after === undefined || page.length < PAGE) return found;
  }
}
