/** Operations on EDI identities: what organisations, and single accounts of theirs, are called in envelopes of interchanges. */
import { defined } from '../domain/defined.ts';
import { type EdiIdentity, formatIdentity, parseIdentity } from '../domain/edi-identity.ts';
import type { IdentityQuery, RegisteredIdentity } from '../store/edi-identities.ts';
import { type AdminContext, AdminError, type Call } from './context.ts';
import { type CsvProblem, problemLines, readTable } from './csv-table.ts';
import { type Input, login, optionalText, organisationName, page, text } from './input.ts';
import { change, listing } from './operation.ts';
import { unknownOrganisation } from './organisations.ts';

/** Most lines of one file. */
const MAX_IDENTITY_LINES = 5000;

export interface IdentityView {
  /** `ID` or `ID:QUALIFIER`. */
  readonly identity: string;
  readonly organisation: string;
  /** Log-in name, where it is one account's alone. */
  readonly account?: string;
}

const viewIdentity = (identity: RegisteredIdentity): IdentityView => ({
  identity: formatIdentity(identity),
  organisation: identity.organisation,
  ...defined({ account: identity.login }),
});

function identity(written: string, what: string): EdiIdentity {
  const parsed = parseIdentity(written);
  if (!parsed.ok)
    throw new AdminError('invalid', `Cannot use ${JSON.stringify(written.slice(0, 120))} as ${what}: ${parsed.error}`);
  return parsed.value;
}

const registered = (input: Input): RegisteredIdentity => ({
  ...identity(text(input, 'identity'), 'identity'),
  organisation: organisationName(input, 'organisation'),
  ...(input.account === undefined ? {} : { login: login(input, 'account') }),
});

/** Header `organisation,identity` and where wanted `account`. Every bad line is told; where there is one nothing is registered. */
async function identitiesIn(source: AsyncIterable<string>) {
  const identities: RegisteredIdentity[] = [];
  const problems: CsvProblem[] = [];
  const shape = { required: ['organisation', 'identity'], optional: ['account'], records: MAX_IDENTITY_LINES };
  for await (const item of readTable(source, shape)) {
    if (item.kind === 'problem') problems.push(item.problem);
    if (item.kind !== 'record') continue;
    const { record } = item;
    try {
      const account = record.cell('account');
      const cells = { organisation: record.cell('organisation'), identity: record.cell('identity') };
      identities.push(registered(account === '' ? cells : { ...cells, account }));
    } catch (error) {
      if (!(error instanceof AdminError)) throw error;
      problems.push({ line: record.line, text: error.message });
    }
  }
  return { identities, problems };
}

async function importMany({ store }: AdminContext, _: undefined, { actor, upload }: Call): Promise<{ read: number }> {
  if (upload === undefined)
    throw new AdminError('invalid', 'Cannot register EDI identities: no file came with the request');
  const { identities, problems } = await identitiesIn(upload);
  if (problems.length > 0)
    throw new AdminError('invalid', `Cannot register EDI identities, nothing was changed:\n${problemLines(problems)}`);
  if (identities.length > 0) await store.registry.addIdentities(identities, actor);
  return { read: identities.length };
}

export const identityOperations = {
  'organisation.edi.add': change(registered, async ({ store }, added, { actor }): Promise<IdentityView> => {
    await store.registry.addIdentities([added], actor);
    return viewIdentity(added);
  }),
  'organisation.edi.import': change(() => undefined, importMany),
  'organisation.edi.remove': change(
    (input) => identity(text(input, 'identity'), 'identity'),
    async ({ store }, removed, { actor }): Promise<{ identity: string }> => {
      await store.registry.removeIdentity(removed, actor);
      return { identity: formatIdentity(removed) };
    },
  ),
  'organisation.edi.list': listing(
    (input): IdentityQuery => {
      const { limit, after } = page(input);
      const id = optionalText(input, 'id');
      return {
        limit,
        ...(after === undefined ? {} : { after: identity(after, 'after') }),
        ...(input.organisation === undefined ? {} : { organisation: organisationName(input, 'organisation') }),
        ...(id === undefined ? {} : { id: identity(id, 'id').id }),
      };
    },
    async ({ store }, query): Promise<IdentityView[]> => {
      const { organisation } = query;
      if (organisation !== undefined && (await store.registry.findOrganisation(organisation)) === undefined)
        throw unknownOrganisation(organisation);
      return (await store.registry.listIdentities(query)).map(viewIdentity);
    },
  ),
};
