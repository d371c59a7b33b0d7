/** Operations on organisations. */
import { AdminError } from './context.ts';
import { type Input, oneOf, optionalText, organisationName, page, text } from './input.ts';
import { change, listing } from './operation.ts';
import { type OrganisationView, viewOrganisation } from './views.ts';

const register = (input: Input, name: 'agb' | 'ura'): string | undefined => {
  const value = optionalText(input, name);
  if (value === undefined || /^\d{8}$/.test(value)) return value;
  throw new AdminError('invalid', `Cannot use "${value}" as ${name}: expected 8 digits`);
};

/** Drops what was not given: an absent field and a field that is undefined are two things to the registry's types. */
const given = <K extends string>(fields: Readonly<Record<K, string | undefined>>): Partial<Record<K, string>> => {
  const kept: Partial<Record<K, string>> = {};
  for (const key of Object.keys(fields) as K[]) {
    const value = fields[key];
    if (value !== undefined) kept[key] = value;
  }
  return kept;
};

export const organisationOperations = {
  'organisation.add': change(
    (input) => ({
      name: organisationName(input, 'name'),
      title: text(input, 'title'),
      language: oneOf(input, 'language', ['nl', 'en'], 'nl'),
      ...given({
        contact: optionalText(input, 'contact'),
        telephone: optionalText(input, 'telephone', 40),
        agb: register(input, 'agb'),
        ura: register(input, 'ura'),
      }),
    }),
    async ({ store }, organisation, { actor }): Promise<{ name: string }> => {
      await store.registry.addOrganisation(organisation, actor);
      return { name: organisation.name };
    },
  ),
  'organisation.list': listing(page, async ({ store }, at): Promise<OrganisationView[]> =>
    (await store.registry.listOrganisations(at)).map(viewOrganisation),
  ),
  'organisation.show': listing(
    (input) => organisationName(input, 'name'),
    async ({ store }, name): Promise<OrganisationView> => {
      const found = await store.registry.findOrganisation(name);
      if (found === undefined) throw unknownOrganisation(name);
      return viewOrganisation(found);
    },
  ),
};

export const unknownOrganisation = (name: string): AdminError =>
  new AdminError(
    'unknown',
    `Cannot find organisation "${name}": none has that name; "sluis organisation list" shows them`,
  );
