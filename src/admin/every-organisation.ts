/** All organisations, a page at a time: a region has thousands of them. */
import { defined } from '../domain/defined.ts';
import type { Organisation } from '../domain/registry.ts';
import type { Registry } from '../store/port/registry.ts';

const PAGE = 1000;

/** Yields ended ones too. */
export async function* everyOrganisation(
  registry: Pick<Registry, 'listOrganisations'>,
  limit = PAGE,
): AsyncGenerator<readonly Organisation[], void, void> {
  for (let after: string | undefined; ;) {
    const page = await registry.listOrganisations({ limit, ...defined({ after }) });
    yield page;
    after = page.at(-1)?.name;
    if (after === undefined || page.length < limit) return;
  }
}
