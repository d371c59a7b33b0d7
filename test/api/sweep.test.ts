/**
 * The document and the server agree: every operation of openapi.json is called with good and bad
 * input that is made of the document itself. The client judges each answer by the document, with
 * ajv (support/api-judge.ts); nothing may be a 500, and afterwards everything still works.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ApiAnswer, type ApiClient, startApi } from '../support/api.ts';
import { ApiInputs } from '../support/api-inputs.ts';
import { type OpenApiOperation, judgeOf } from '../support/api-judge.ts';
import { effort } from '../support/effort.ts';
import { type Seeded, seeded } from '../support/seeded.ts';

/** Wrong answers that are told of. */
const SHOWN = 20;
const ROUNDS = effort(4, 60);

test('every operation answers good and bad input as the document says', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  t.diagnostic(`SEED=${seed}`);
  const random = seeded(seed);
  const api = await startApi(t, { accounts: ['anna', 'bert'], configuration: '[api]\nrequests = 10000000\n' });
  const owner = await api.operator('owner');
  const callers: readonly ApiClient[] = [
    owner,
    owner,
    owner,
    api.as('anna'),
    api.as('anna'),
    await api.operator('read'),
  ];
  const document = await api.anyone.get('/openapi.json');
  const judge = await judgeOf(document.body.toString());
  const inputs = new ApiInputs(judge.document, random);
  const spared = await whoAsks(owner);
  // By chance the account is ended early, and nothing can be done with it from then on: another one
  // comes.
  const someAccount = async (round: number): Promise<void> => {
    await owner.post('/organisations', { name: `swept${round}`, title: 'Swept' });
    await owner.post('/accounts', { login: `swept${round}@swept.example`, organisation: `swept${round}` });
    for (const path of ['/organisations', '/accounts']) inputs.learn((await owner.get(path)).json, spared);
  };
  const operations = Object.entries(judge.document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      ...{ path, method: method.toUpperCase(), operation },
    })),
  );
  let calls = 0;
  const wrong: string[] = [];
  const statuses = new Map<number, number>();
  for (let round = 0; round < ROUNDS; round += 1) {
    if (round % 5 === 0) await someAccount(round);
    for (const { path, method, operation } of operations) {
      const { path: asked, headers, body } = inputs.make(method, path, operation, random.below(2) === 0);
      // A number that was made up may be theirs.
      if (method !== 'GET' && asked.split(/[/?]/).some((part) => part !== '' && spared.has(part))) continue;
      const client = takes(operation, callers, random);
      const answer = await client
        .ask(method, asked, { headers, ...(body !== undefined && { body }) })
        .catch((error: unknown) => String(error));
      calls += 1;
      if (typeof answer === 'string') {
        wrong.push(answer);
        continue;
      }
      if (answer.status >= 500 && answer.status !== 503) wrong.push(`${method} ${asked}: ${answer.body.toString()}`);
      if (answer.status < 300) inputs.learn(answer.json, spared);
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
    }
  }
  t.diagnostic(`${calls} calls of ${operations.length} operations: ${JSON.stringify([...statuses].sort())}`);
  assert.deepEqual(wrong.slice(0, SHOWN), [], `${wrong.length} answers`);
  assert(calls >= effort(300, 5000));
  for (const status of effort([200, 400, 404, 422], [200, 201, 400, 404, 409, 422]))
    assert(statuses.has(status), `no answer was a ${status}`);
  assert.equal((await owner.get('/gateway')).status, 200);
  assert.equal((await api.as('anna').get('/mailbox/messages')).status, 200);
});

/** Accounts, operators or nobody: whom the document lets in, and now and then another. */
function takes(
  { security }: OpenApiOperation & { readonly security?: readonly Readonly<Record<string, unknown>>[] },
  callers: readonly ApiClient[],
  random: Seeded,
): ApiClient {
  const schemes = new Set((security ?? []).flatMap((one) => Object.keys(one)));
  const [owner, , , account] = callers;
  const fits = schemes.has('token') ? owner : account;
  return random.below(8) === 0 || fits === undefined ? random.pick(callers) : fits;
}

/**
 * Ids of whoever asks and of his organisation: ended half way, he would be refused everything else.
 */
async function whoAsks(owner: ApiClient): Promise<ReadonlySet<string>> {
  const { items } = (await owner.get('/accounts')).json as { readonly items: readonly Record<string, string>[] };
  const operators: ApiAnswer = await owner.get('/operator-tokens');
  const { items: tokens } = operators.json as { readonly items: readonly Record<string, string>[] };
  const organisations = (await owner.get('/organisations')).json as {
    readonly items: readonly Record<string, string>[];
  };
  return new Set([
    ...items.flatMap(({ accountId = '', organisationId = '', login = '', organisation = '' }) => [
      accountId,
      organisationId,
      login,
      organisation,
    ]),
    ...tokens.map(({ id = '' }) => id),
    ...organisations.items.flatMap(({ id = '', organisationId = '' }) => [id, organisationId]),
  ]);
}
