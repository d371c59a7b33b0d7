/** Two organisations, and callers of every kind. */
import type { TestContext } from 'node:test';
import type { Route } from '../../src/api/core/route.ts';
import { ROLES, type Role } from '../../src/domain/roles.ts';
import { days, instant } from '../../src/domain/units.ts';
import { type ApiClient, type TestApi, basic, startApi } from './api.ts';
import { PASSWORD, type Target } from './rights-requests.ts';
import { Things, done } from './rights-things.ts';

export interface RightsCaller {
  readonly name: string;
  readonly client: ApiClient;
  readonly role?: Role;
  /** Of which organisation; absent: of all. The things in question are those of `group`. */
  readonly of?: string;
}

export interface RightsScene {
  readonly api: TestApi;
  readonly callers: readonly RightsCaller[];
  readonly owner: ApiClient;
  /** Things of `group` and its account anna, that nothing changes. */
  readonly kept: Target;
  /** Things of `group` for this one call. */
  fresh(route: Route): Promise<Target>;
}

export async function rightsScene(t: TestContext): Promise<RightsScene> {
  const api = await startApi(t, { accounts: ['anna', 'bert'], configuration: '[api]\nrequests = 1000000\n' });
  const owner = await api.operator('owner');
  await done(owner.post('/organisations', { name: 'zuid', title: 'Zuid' }));
  const clara = 'clara@zuid.test';
  await done(owner.post('/accounts', { login: clara, organisation: 'zuid', password: PASSWORD }));
  await api.gateway.store.operators.add(
    { name: 'els', role: 'read', endsAt: instant(Date.now() + days(99)) },
    { name: 'test' },
  );
  const callers: RightsCaller[] = [
    { name: 'nobody', client: api.anyone },
    { name: 'anna', client: api.as('anna'), of: 'group' },
    { name: 'clara', client: api.client(basic(clara, PASSWORD)), of: 'zuid' },
  ];
  for (const role of ROLES) {
    callers.push({ name: `${role} of all`, client: await api.operator(role), role });
    for (const home of ['group', 'zuid'])
      callers.push({ name: `${role} of ${home}`, client: await api.operator(role, home), role, of: home });
  }
  const made = new Things(api, owner);
  const kept = await made.all();
  return { api, callers, owner, kept, fresh: (route) => made.of(route) };
}
