/** All partners, a page at a time: a region may have hundreds of them. */
import { defined } from '../domain/defined.ts';
import type { Partner } from '../domain/partner.ts';
import type { Registry } from '../store/port/registry.ts';

const PAGE = 1000;

/** Yields ended ones too. */
export async function* everyPartner(
  registry: Pick<Registry, 'listPartners'>,
  limit = PAGE,
): AsyncGenerator<Partner, void, void> {
  for (let after: string | undefined; ;) {
    const page = await registry.listPartners({ limit, ...defined({ after }) });
    yield* page;
    after = page.at(-1)?.name;
    if (after === undefined || page.length < limit) return;
  }
}
