/** Valid requests for every route of the API, about things that exist or do not. */
import { makeCertificateRequest } from '../../src/crypto/certificates/certificate-request.ts';
import { makeName } from '../../src/crypto/certificates/distinguished-name.ts';
import type { Route } from '../../src/api/core/route.ts';
import { days } from '../../src/domain/units.ts';
import { keyNamed } from '../crypto/support.ts';
import type { ApiAnswer, ApiClient, ApiRequest } from './api.ts';
import { pathOf } from './api-samples.ts';
import { makeClientAuthority } from './client-certificates.ts';

/** What a request names: in its path, its query and its body. */
export interface Target {
  readonly params: Readonly<Record<string, string>>;
  readonly login: string;
  readonly organisation: string;
}

/** The account that the things in question are of, and its organisation. */
export const ANNA = { login: 'anna@group.test', organisation: 'group' };

/** Names nothing that exists; its texts are as long as those of what does. */
export const NOWHERE: Target = { params: { partNumber: '1' }, login: 'oooo@group.test', organisation: 'ooooo' };

export const URL = 'https://hooks.example.nl/in';
export const PASSWORD = 'een lange zin 12';
export const ends = (): string => new Date(Date.now() + days(9)).toISOString();
const day = (ahead: number): string => new Date(Date.now() + days(ahead)).toISOString().slice(0, 10);

export const ABSENCE = () => ({ until: day(9), refuse: true });

/** Bodies by operationId; a route that is not here takes none, or an empty one. */
const BODIES: Readonly<Record<string, (target: Target, n: number) => unknown>> = {
  sendMessage: ({ login }) => ({ from: login, to: ['bert@group.test'], text: 'Goedemiddag' }),
  createClaim: () => ({ most: 1 }),
  renewClaim: () => ({ seconds: 60 }),
  acknowledgeClaim: () => ({}),
  addOwnWebhook: (_, n) => ({ name: `w${n}`, url: URL }),
  changeOwnWebhook: (_, n) => ({ name: `w${n}` }),
  addOwnAppPassword: (_, n) => ({ name: `p${n}` }),
  addOrganisation: (_, n) => ({ name: `new${n}`, title: 'New' }),
  searchOrganisation: ({ organisation: name }) => ({ name }),
  setOrganisation: () => ({ title: 'Title' }),
  endOrganisation: () => ({ now: true }),
  addOrganisationEdi: (_, n) => ({ identity: `7${String(n).padStart(8, '0')}:ZZ` }),
  addAccount: ({ organisation }, n) => ({ login: `new${n}@group.test`, organisation }),
  searchAccount: ({ login }) => ({ login }),
  moveAccount: () => ({ organisation: 'zuid', since: day(-1) }),
  setAccount: () => ({ settings: { quota: '1GiB' } }),
  addAccountPassword: (_, n) => ({ name: `p${n}`, password: PASSWORD }),
  addAccountAppPassword: (_, n) => ({ name: `p${n}` }),
  addAddress: (_, n) => ({ address: `more${n}@group.test` }),
  searchAddress: ({ login: address }) => ({ address }),
  setAddress: () => ({ settings: { 'max-message': '10MiB' } }),
  addAddressAbsence: () => ABSENCE(),
  addAddressConsent: () => ({ substitute: 'bert@group.test' }),
  restoreMailbox: () => ({ since: '2026-01-01' }),
  addScanExemption: () => ({ ends: ends() }),
  searchTraces: ({ login: sender }) => ({ sender }),
  addOperatorToken: () => ({ name: 'els', scope: 'read', ends: ends() }),
  addWebhook: ({ login: account }, n) => ({ name: `w${n}`, url: URL, account }),
  changeWebhook: (_, n) => ({ name: `w${n}` }),
  signApproval: () => ({ fingerprint: 'ab'.repeat(20), at: 1, signature: 'AAAA' }),
  enrolCert: ({ login: account }) => ({ account, use: 'login' }),
};
const FILES: Readonly<Record<string, (target: Target) => string>> = {
  importOrganisationEdi: ({ organisation }) => `organisation,identity\r\n${organisation},799999999:ZZ\r\n`,
  importAddressAbsence: ({ login }) => `address,until,refuse\r\n${login},${day(9)},yes\r\n`,
};
const QUERIES: Readonly<Record<string, string>> = { showApproval: `fingerprint=${'ab'.repeat(20)}` };
let count = 0;

/** A valid request for the route about the target. */
export async function askAbout(client: ApiClient, route: Route, target: Target): Promise<ApiAnswer> {
  count += 1;
  const { id, method } = route;
  const query = QUERIES[id] === undefined ? '' : `?${QUERIES[id]}`;
  const { sentId: sent = target.params.messageId } = target.params;
  const params = id === 'getMessage' && sent !== undefined ? { ...target.params, messageId: sent } : target.params;
  const path = `${pathOf(route, params)}${query}`;
  const reason = { 'sluis-reason': 'trial' };
  const headers = route.headers['sluis-reason'] === undefined ? {} : reason;
  const file = FILES[id]?.(target);
  let asked: ApiRequest = { headers };
  if (file !== undefined) asked = { headers: { ...headers, 'content-type': 'text/csv' }, body: file };
  else if (id === 'addAccountCertificate') asked = { headers, json: { pem: await certificate(count), match: 'pin' } };
  else if (id === 'issueCert')
    asked = { headers, json: { account: target.login, use: 'login', request: await certificateRequest() } };
  else if (route.body !== undefined) asked = { headers, json: BODIES[id]?.(target, count) ?? {} };
  return await client.ask(method, path, asked);
}

let authority: ReturnType<typeof makeClientAuthority> | undefined;
export async function certificate(n: number): Promise<string> {
  authority ??= makeClientAuthority('rights');
  const { certificate: pem } = await (await authority).issue(`client ${n}`);
  return pem;
}

async function certificateRequest(): Promise<string> {
  const keys = await keyNamed('rights request');
  const der = await makeCertificateRequest(keys, { subject: makeName({ commonName: 'Rights' }) });
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

/** True if the request names something, in its path or in what it sends. */
export const namesSomething = (route: Route): boolean => {
  const { id, params } = route;
  const [there, not] = [ANNA, NOWHERE].map((target) => {
    const about = { params: {}, ...target };
    return JSON.stringify([FILES[id]?.(about), BODIES[id]?.(about, 0)]);
  });
  return Object.keys(params).length > 0 || there !== not || id === 'issueCert';
};
