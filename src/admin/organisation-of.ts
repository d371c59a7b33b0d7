/** Finds an organisation by its name. */
import type { Organisation } from '../domain/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { AdminError } from './error.ts';

export const unknownOrganisation = (name: string): AdminError =>
  new AdminError(
    'unknown',
    `Cannot find organisation "${name}": none has that name; "sluis organisation list" shows them`,
  );

export async function organisationOf(registry: Registry, name: string): Promise<Organisation> {
  const found = await registry.findOrganisation(name);
  if (found === undefined) throw unknownOrganisation(name);
  return found;
}
