/**
 * Every route of the API, with a valid request, by every role of no, its own and another
 * organisation, against a statement that is written by hand (support/rights-statement.ts). What
 * another organisation owns must answer as what does not exist. Then rights are taken away on
 * purpose, one at a time, and the same table must say so.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WITHIN } from '../../../src/admin/own-organisation.ts';
import type { Asked, Route } from '../../../src/api/core/route.ts';
import { API_ROUTES } from '../../../src/api/table.ts';
import { rowNamed, rowOperations } from '../../../src/commands/table.ts';
import type { ApiAnswer } from '../../support/api.ts';
import { NOWHERE, askAbout, namesSomething } from '../../support/rights-requests.ts';
import { type RightsCaller, type RightsScene, rightsScene } from '../../support/rights-scene.ts';
import { RIGHTS_STATED, type Stated } from '../../support/rights-statement.ts';

/**
 * `reached`: behind every check of rights. `refused`: 401 or 403, or 404 for a thing of nobody.
 * `absent`: as what does not exist.
 */
type Word = 'reached' | '401' | '403' | 'refused' | 'absent';

/** Answers, other than success, that only somebody gets who has the right. */
const BEHIND: Readonly<Record<string, readonly number[]>> = {
  // Two people must sign, or there is nothing to end.
  addScanExemption: [409],
  endScanExemption: [409],
  // The sender asked for no receipt.
  repeatReceipts: [409],
  // There is no authority yet.
  issueCert: [422],
};
/** Ids that the scene has no thing for: unknown to whoever has the right. */
const UNKNOWN = ['sessionId', 'deliveryId', 'serial', 'fingerprint', 'approvalId'];

function expected(route: Route, stated: Stated, { name, role, of }: RightsCaller): Word {
  if (stated.who === 'nobody') return 'reached';
  if (name === 'nobody') return '401';
  if (role === undefined) {
    if (stated.who === 'operator') return '403';
    return of === 'group' || !namesSomething(route) ? 'reached' : 'absent';
  }
  if (!stated.roles.includes(role)) return '403';
  if (of === undefined) return 'reached';
  if (!stated.within) return 'refused';
  return of === 'group' || !namesSomething(route) ? 'reached' : 'absent';
}

function isAs(word: Word, { id, params }: Route, { status }: ApiAnswer): boolean {
  if (word === '401' || word === '403') return status === Number(word);
  if (word === 'refused') return status === 403 || (status === 404 && Object.keys(params).length > 0);
  // Whoever sends as somebody else reads the same whether there is such an address.
  if (word === 'absent') return status === 404 || status === 422 || (id === 'sendMessage' && status === 403);
  const unknown = status === 404 && Object.keys(params).some((name) => UNKNOWN.includes(name));
  return status < 300 || unknown || BEHIND[id]?.includes(status) === true;
}

/** The answer without what the request itself named. */
const plain = ({ body }: ApiAnswer): string =>
  body
    .toString()
    .replaceAll('anna@group.test', NOWHERE.login)
    .replaceAll('\\"group\\"', `\\"${NOWHERE.organisation}\\"`);

/** Where the answers are not as stated, one line each. */
async function differences(scene: RightsScene, routes: readonly Route[]): Promise<string[]> {
  const wrong: string[] = [];
  for (const route of routes) {
    const stated = RIGHTS_STATED.get(route.id);
    assert(stated !== undefined, `Nobody has stated who may do ${route.id}: support/rights-statement.ts`);
    for (const caller of scene.callers) {
      const where = `${route.id} by ${caller.name}`;
      const word = expected(route, stated, caller);
      const target = word === 'reached' && route.method !== 'GET' ? await scene.fresh(route) : scene.kept;
      const answer = await askAbout(caller.client, route, target);
      const said = `${answer.status} ${answer.body.toString('utf8', 0, 300)}`;
      if (!isAs(word, route, answer)) wrong.push(`${where}: expected ${word}, not ${said}`);
      if (caller.of !== 'zuid') continue;
      if (namesSomething(route)) {
        const nowhere = await askAbout(caller.client, route, NOWHERE);
        if (answer.status !== nowhere.status || plain(answer) !== plain(nowhere))
          wrong.push(`${where}: what exists answers ${said}, what does not ${nowhere.status} ${plain(nowhere)}`);
      } else if (
        (stated.who === 'account' || stated.who === 'operator') &&
        /(?:anna|bert)@|"group"/.test(answer.body.toString())
      )
        wrong.push(`${where}: shows what another organisation has: ${said}`);
    }
  }
  return wrong;
}

const named = (...ids: readonly string[]): readonly Route[] => API_ROUTES.filter(({ id }) => ids.includes(id));

test('every route answers every role of no, its own and another organisation as is stated', async (t) => {
  assert.deepEqual([...RIGHTS_STATED.keys()].sort(), API_ROUTES.map(({ id }) => id).sort());
  const scene = await rightsScene(t);
  const wrong = await differences(scene, API_ROUTES);
  assert.deepEqual(wrong.slice(0, 20), [], `${wrong.length} answers`);
  // What others were asked about is there still: otherwise "as what does not exist" says nothing.
  let shown = '';
  for (const { client } of scene.callers.filter(({ name }) => name === 'anna' || name === 'owner of all'))
    for (const route of API_ROUTES.filter(({ method }) => method === 'GET'))
      shown += (await askAbout(client, route, scene.kept)).body.toString();
  for (const [name, id] of Object.entries(scene.kept.params))
    assert(shown.includes(`"${id}"`), `${name} ${id} has gone`);
});

type Changing = Record<string, unknown>;

/** Does the work with something else in a declared thing, which then is as before. */
async function withChanged<T>(of: object, change: Changing, work: () => Promise<T>): Promise<T> {
  const was = Object.fromEntries(Object.keys(change).map((key) => [key, (of as Changing)[key]]));
  Object.assign(of, change);
  try {
    return await work();
  } finally {
    Object.assign(of, was);
  }
}

/** The callers whose answers are not as stated. */
const callersIn = (wrong: readonly string[]): readonly string[] =>
  [...new Set(wrong.map((line) => /^\w+ by ([^:]+):/.exec(line)?.[1] ?? line))].sort();

test('a right that is weakened, a filter and a check of the owner that are dropped are seen in the table', async (t) => {
  const scene = await rightsScene(t);

  await t.test('support may end accounts', async () => {
    const wrong = await withChanged(rowNamed('account.end'), { right: 'support' }, () =>
      withChanged(rowOperations['account.end'], { right: 'support' }, () => differences(scene, named('endAccount'))),
    );
    // Registry has it anyway, and read does not have it still.
    assert.deepEqual(
      callersIn(wrong),
      ['security', 'support'].flatMap((role) => ['all', 'group', 'zuid'].map((of) => `${role} of ${of}`)),
    );
  });

  await t.test('what an operator of one organisation searches for may be of any', async () => {
    const { owned, read } = rowOperations['account.show'];
    assert.notEqual(owned, undefined);
    // The field by which it is seen whose account it is; in its place one that is always his own.
    const blind = {
      owned: { other: 'organisation' },
      read: ({ other: _, ...input }: Changing) => read(input),
    };
    const wrong = await withChanged(rowOperations['account.show'], blind, () =>
      differences(scene, named('searchAccount')),
    );
    const roles = ['owner', 'read', 'registry', 'security', 'support'];
    assert.deepEqual(
      callersIn(wrong),
      roles.map((role) => `${role} of zuid`),
    );
  });

  await t.test('an operation about the whole gateway is taken for one about an organisation', async () => {
    const within = WITHIN as Set<string>;
    within.add('address.consent.list');
    const wrong = await differences(scene, named('listConsents')).finally(() => within.delete('address.consent.list'));
    assert.deepEqual(
      callersIn(wrong),
      ['owner', 'read', 'registry', 'security', 'support'].map((role) => `${role} of group`),
    );
  });

  await t.test('a webhook of an account is shown to every account', async () => {
    const [route] = named('showOwnWebhook');
    assert(route !== undefined);
    const { run } = route;
    const { store } = scene.api.gateway;
    const anna = await store.registry.findAccount(scene.kept.login);
    const asAnna = (asked: Asked, services: Parameters<typeof run>[1]) =>
      run({ ...asked, caller: { ...asked.caller, account: anna?.account } as never }, services);
    const wrong = await withChanged(route, { run: asAnna }, () => differences(scene, [route]));
    assert.deepEqual(callersIn(wrong), ['clara']);
  });

  // And with all as it was, nothing is seen.
  assert.deepEqual(
    await differences(scene, named('endAccount', 'searchAccount', 'listConsents', 'showOwnWebhook')),
    [],
  );
});
