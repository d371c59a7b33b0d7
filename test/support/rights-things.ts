/**
 * Things of an organisation and its account that a path can name. A request that changes something
 * gets things of its own, so that no call depends on an earlier one.
 */
import assert from 'node:assert/strict';
import type { Route } from '../../src/api/core/route.ts';
import type { ApiAnswer, ApiClient, TestApi } from './api.ts';
import { ABSENCE, ANNA, PASSWORD, type Target, URL, certificate, ends } from './rights-requests.ts';

type Members = Readonly<Record<string, unknown>>;

export async function done(asked: Promise<ApiAnswer>): Promise<Members> {
  const answer = await asked;
  assert(answer.status < 300, `${answer.status} ${answer.body.toString()}`);
  return answer.json as Members;
}

const first = (answer: Members, list: string, name: string): string => {
  const id = (answer[list] as readonly Members[])[0]?.[name];
  assert(typeof id === 'string', `no ${name} in ${JSON.stringify(answer)}`);
  return id;
};

/** Makes what a path names, with an owner of all. */
export class Things {
  readonly #api: TestApi;
  readonly #owner: ApiClient;
  #made = 0;
  /** Name of the webhook that stays. */
  #kept = '';

  constructor(api: TestApi, owner: ApiClient) {
    this.#api = api;
    this.#owner = owner;
  }

  /** Everything of `group` and anna that a path can name. */
  async all(): Promise<Target> {
    const params: Record<string, string> = {};
    for (const name of Object.keys(MAKERS)) await this.#add(params, name, ANNA);
    const { webhookId = '' } = params;
    this.#kept = String((await done(this.#owner.get(`/operator-webhooks/${webhookId}`))).name);
    return { params, ...ANNA };
  }

  async of({ params: named, id, access }: Route): Promise<Target> {
    const params: Record<string, string> = {};
    this.#made += 1;
    let who = ANNA;
    // An account may have five webhooks.
    if (access.kind === 'account' && id.includes('OwnWebhook')) await this.#noWebhooks();
    if (OF_SOMEONE.has(id) || (access.kind === 'operator' && named.webhookId !== undefined))
      await this.#account(params, (who = this.#someone()));
    if (named.accountId !== undefined) await this.#account(params, (who = this.#someone()));
    if (/^(?:suspend|resume|end)Organisation$/.test(id)) {
      const name = `gone${this.#made}`;
      await done(this.#owner.post('/organisations', { name, title: 'Gone' }));
      params.organisationId = String((await this.#organisation(name)).organisationId);
    }
    if (id === 'getMessage') params.messageId = await MAKERS.sentId!(this.#making(params, who));
    for (const name of Object.keys(named)) if (params[name] === undefined) await this.#add(params, name, who);
    if (id === 'endAddressAbsence')
      await done(this.#owner.post(`${at(params)}/addresses/${params.addressId ?? ''}/absences`, ABSENCE()));
    if (id === 'restoreMailboxMessage')
      await done(this.#api.as('anna').delete(`/mailbox/messages/${params.messageId ?? ''}`));
    return { params, ...who };
  }

  async #noWebhooks(): Promise<void> {
    const anna = this.#api.as('anna');
    const { webhooks } = (await done(anna.get('/webhooks'))) as { readonly webhooks: readonly Members[] };
    for (const { webhookId, name } of webhooks)
      if (name !== this.#kept) await done(anna.delete(`/webhooks/${String(webhookId)}`));
  }

  #someone(): typeof ANNA {
    return { login: `some${this.#made}@group.test`, organisation: 'group' };
  }

  async #account(params: Record<string, string>, { login, organisation }: typeof ANNA): Promise<void> {
    const made = await done(this.#owner.post('/accounts', { login, organisation, kind: 'mail' }));
    params.accountId = String(made.accountId);
  }

  #organisation(name: string): Promise<Members> {
    return done(this.#owner.post('/organisation-searches', { name }));
  }

  async #add(params: Record<string, string>, name: string, who: typeof ANNA): Promise<void> {
    const make = MAKERS[name];
    // Deliveries, sessions, certificates and keys: no operator of one organisation is shown any, and
    // to one of all an unknown id says as much about his right.
    if (make === undefined) return;
    this.#made += 1;
    if (name !== 'accountId' && params.accountId === undefined && !OF_ACCOUNT.has(name))
      params.accountId = await MAKERS.accountId!(this.#making(params, who));
    params[name] = await make(this.#making(params, who));
  }

  #making(params: Record<string, string>, who: typeof ANNA): Making {
    return { api: this.#api, owner: this.#owner, params, who, n: this.#made };
  }
}

/** Routes without an id that change the account in their body. */
const OF_SOMEONE = new Set(['addWebhook', 'importAddressAbsence', 'issueCert', 'enrolCert']);
/** Things that the account itself makes. */
const OF_ACCOUNT = new Set(['organisationId', 'partnerId', 'tokenId', 'messageId', 'claimId', 'partNumber', 'sentId']);

interface Making {
  readonly api: TestApi;
  readonly owner: ApiClient;
  readonly params: Readonly<Record<string, string>>;
  readonly who: typeof ANNA;
  readonly n: number;
}
const at = ({ accountId }: Making['params']): string => `/accounts/${accountId ?? ''}`;

const MAKERS: Readonly<Record<string, (making: Making) => Promise<string>>> = {
  accountId: async ({ owner, who: { login } }) =>
    String((await done(owner.post('/account-searches', { login }))).accountId),
  organisationId: async ({ owner, who: { organisation: name } }) =>
    String((await done(owner.post('/organisation-searches', { name }))).organisationId),
  addressId: async ({ owner, params }) => first(await done(owner.get(at(params))), 'addresses', 'addressId'),
  delegateId: async ({ owner, params, who }) => {
    const bert = String((await done(owner.post('/account-searches', { login: 'bert@group.test' }))).accountId);
    if (who !== ANNA)
      await done(owner.ask('PUT', `${at(params)}/addresses/${params.addressId ?? ''}/delegates/${bert}`));
    return bert;
  },
  passwordId: async ({ owner, params }) => {
    await done(owner.post(`${at(params)}/passwords`, { name: 'balie', password: PASSWORD }));
    return first(await done(owner.get(`${at(params)}/passwords`)), 'passwords', 'passwordId');
  },
  appPasswordId: async ({ owner, params, n }) =>
    String((await done(owner.post(`${at(params)}/app-passwords`, { name: `p${n}` }))).appPasswordId),
  clientCertificateId: async ({ owner, params, n }) => {
    await done(
      owner.post(`${at(params)}/client-certificates`, { pem: await certificate(n), match: 'pin', name: 'pc' }),
    );
    return first(await done(owner.get(`${at(params)}/client-certificates`)), 'items', 'clientCertificateId');
  },
  partnerId: async ({ api: { gateway }, n }) => {
    // Nothing listens on port 1: a test of this partner ends at once.
    const server = { host: '127.0.0.1', port: 1, tls: 'starttls', connections: 1 } as const;
    const partner = { name: `noord${n}`, organisation: 'group', login: `mta-noord${n}`, server };
    return String(await gateway.store.registry.addPartner(partner, { name: 'test' }));
  },
  ediIdentityId: async ({ owner, params, n }) => {
    const path = `/organisations/${params.organisationId ?? ''}/edi-identities`;
    const identity = `5${String(n).padStart(8, '0')}:ZZ`;
    await done(owner.post(path, { identity }));
    const { items } = (await done(owner.get('/edi-identities'))) as { readonly items: readonly Members[] };
    return String(items.find((one) => one.identity === identity)?.ediIdentityId);
  },
  webhookId: async ({ owner, who: { login }, n }) =>
    String((await done(owner.post('/operator-webhooks', { name: `w${n}`, url: URL, account: login }))).webhookId),
  tokenId: async ({ owner, n }) =>
    String(
      (await done(owner.post('/operator-tokens', { name: 'els', scope: 'read', ends: ends() }, { key: `t${n}` }))).id,
    ),
  messageId: async ({ api }) => {
    const said = { from: 'bert@group.test', to: ['anna@group.test'], text: 'Goedemiddag' };
    await done(api.as('bert').post('/messages', said));
    const { messages } = (await done(api.as('anna').get('/mailbox/messages'))) as {
      readonly messages: readonly Members[];
    };
    return String(messages.at(-1)?.id);
  },
  partNumber: () => Promise.resolve('1'),
  sentId: async ({ api }) => {
    const said = { from: 'anna@group.test', to: ['bert@group.test'], text: 'Goedemiddag' };
    return String((await done(api.as('anna').post('/messages', said))).id);
  },
  claimId: async ({ api, params, who, n }) => {
    await MAKERS.messageId!({ api, owner: api.anyone, params, who, n });
    return String((await done(api.as('anna').post('/mailbox/claims', { most: 1 }))).id);
  },
};
