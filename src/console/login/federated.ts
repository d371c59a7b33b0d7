/**
 * Login at an OpenID provider: a browser is sent there, comes back with a code, and who it is
 * decides what he may do here.
 *
 * Nothing is remembered meanwhile. The browser keeps a secret in a cookie; nonce and PKCE verifier
 * are made from it, and `state` is a challenge that is bound to the whole cookie: so what comes
 * back belongs to this browser, to what it wanted, and to the last minutes. That it serves once is
 * a row in the transaction that lets somebody in. The cookie is Lax, since a Strict one is not sent
 * where the page before was the provider's.
 *
 * Groups decide the role at each login, and nothing else; which ones is the configuration's. Who
 * somebody is, is issuer and subject: neither a name nor an address of the provider makes anybody
 * somebody else here.
 */
import { createHash, createHmac } from 'node:crypto';
import { base32 } from '../../crypto/keys/base32.ts';
import { type Challenges, newSessionSecret, newShownId, proofOf } from '../../crypto/keys/console-secrets.ts';
import { FEDERATED_LIFE } from '../../domain/console.ts';
import { defined } from '../../domain/defined.ts';
import type { Clock, RandomBytes } from '../../domain/effects.ts';
import type { Role } from '../../domain/roles.ts';
import { isOperatorName } from '../../domain/second-person.ts';
import { seconds } from '../../domain/units.ts';
import type { HeldSession } from '../../store/console.ts';
import type { Store } from '../../store/port/store.ts';
import { RegistryError } from '../../store/registry.ts';
import { newSession } from '../../web/login/new-session.ts';
import type { LogInRefusal } from '../../web/login/notes.ts';
import type { Flow, Provider, Vouched } from './provider.ts';
import type { Busy, From, Judged, Slowed, Turned } from '../../web/login/slowed.ts';

export interface FederatedParts {
  readonly store: Pick<Store, 'identities'>;
  readonly provider: Pick<Provider, 'issuer' | 'address' | 'judge' | 'logOut'>;
  readonly challenges: Challenges;
  readonly slowed: Slowed;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** The role of these groups; undefined: none of them lets anybody in. */
  readonly roleOf: (groups: readonly string[]) => Role | undefined;
  readonly organisation?: string;
  /** Name of the provider on the page. */
  readonly name: string;
}

/** Names a login among those that a browser has under way: many tabs, each with its own. */
export const markOf = (state: string): string =>
  base32(createHash('sha256').update(state).digest().subarray(0, 10)).toLowerCase();

/** What a browser brings back from the provider. */
export interface Shown {
  /** The cookie that `begin` set for this login. */
  readonly cookie: string;
  /** SHA-256 of its client certificate. */
  readonly certificate?: string | undefined;
}

export type Redirected =
  { readonly kind: 'away'; readonly to: string; readonly cookie: string; readonly mark: string } | Turned;
export type Returned =
  | { readonly kind: 'in'; readonly secret: string; readonly to: string }
  | { readonly kind: 'proven'; readonly to: string }
  | Turned;

/** Codes that are being judged at one time: each is a few requests to the provider. */
const MOST_AT_ONCE = 8;
const MAX_COOKIE = 1024;
const FULL: Busy = { kind: 'busy', wait: seconds(5) };

export class FederatedLogIns {
  readonly name: string;
  readonly #p: FederatedParts;
  #judging = 0;

  constructor(parts: FederatedParts) {
    this.name = parts.name;
    this.#p = parts;
  }

  /**
   * `session`: of somebody who is logged in, and is to be asked again. `to`: a path of ours for
   * afterwards.
   */
  async begin(to: string, language: string, from: From, session?: Pick<HeldSession, 'id'>): Promise<Redirected> {
    const { challenges, clock, provider, random, slowed } = this.#p;
    const cookie = [newSessionSecret(random), session?.id ?? '', Buffer.from(to).toString('base64url')].join('.');
    const state = Buffer.from(challenges.make(useOf(cookie), clock.now())).toString('base64url');
    const began = await slowed.judge(`oidc ${from.network}`, '', from, async () => {
      const address = await provider.address(flowOf(cookie, state), language);
      return address instanceof URL ? { kind: 'right', is: address.href } : address;
    });
    return began.kind === 'right' ? { kind: 'away', to: began.is, cookie, mark: markOf(state) } : began;
  }

  /** Where a browser is logged out at the provider too; undefined: nowhere. */
  async logOut(language: string): Promise<string | undefined> {
    return (await this.#p.provider.logOut(language))?.href;
  }

  async finish(query: URLSearchParams, shown: Shown, from: From): Promise<Returned> {
    if (this.#judging >= MOST_AT_ONCE) return FULL;
    this.#judging += 1;
    try {
      const judged = await this.#p.slowed.judge(`oidc ${from.network}`, query.toString().slice(0, 4096), from, () =>
        this.#finish(query, shown, from),
      );
      return judged.kind === 'right' ? judged.is : judged;
    } finally {
      this.#judging -= 1;
    }
  }

  async #finish(query: URLSearchParams, { cookie, certificate }: Shown, from: From): Promise<Judged<Returned>> {
    const { challenges, clock, provider, random, roleOf, store, organisation } = this.#p;
    const state = query.get('state') ?? '';
    if (cookie.length > MAX_COOKIE || !challenges.holds(state, useOf(cookie), clock.now(), { life: FEDERATED_LIFE }))
      return 'state';
    const [, session = '', path = ''] = cookie.split('.');
    const to = Buffer.from(path, 'base64url').toString('utf8');
    const answered = await provider.judge(query, flowOf(cookie, state));
    if (typeof answered === 'string') return answered;
    const { vouched } = answered;
    const beside = vouched.strength === 'with' ? certificate : undefined;
    if (vouched.strength !== 'two' && beside === undefined) return 'strength';
    const role = roleOf(vouched.groups);
    if (role === undefined) return 'groups';
    const { issuer } = provider;
    const identity = { issuer, subject: vouched.subject, ...defined({ certificate: beside }) };
    try {
      if (session !== '') {
        const isHis = await store.identities.prove(session, identity, proofOf(state));
        if (!isHis) return 'strength';
        return { kind: 'right', is: { kind: 'proven', to } };
      }
      const begun = newSession(random, from);
      const federated = { ...identity, names: namesOf(issuer, vouched), role, ...defined({ organisation }) };
      const name = await store.identities.logIn(federated, newShownId(random), begun, proofOf(state));
      if (name === undefined) return 'strength';
      return { kind: 'right', is: { kind: 'in', secret: begun.secret, to } };
    } catch (error) {
      if (error instanceof RegistryError) return refusalOf(error);
      throw error;
    }
  }
}

const refusalOf = ({ kind }: RegistryError): LogInRefusal =>
  kind === 'ended' ? 'replayed' : kind === 'unknown' ? 'ended' : 'registered';

const useOf = (cookie: string): `oidc ${string}` => `oidc ${createHash('sha256').update(cookie).digest('base64url')}`;

function flowOf(cookie: string, state: string): Flow {
  const [secret = '', session = ''] = cookie.split('.');
  const made = (what: string): string =>
    createHmac('sha256', secret).update(`sluis-oidc-${what}-1`).digest('base64url');
  return { state, nonce: made('nonce'), verifier: made('verifier'), again: session !== '' };
}

/**
 * What he likes to be called, if it can be a name here; and the same with a mark of his own, should
 * somebody have that name.
 */
function namesOf(issuer: string, { subject, preferred = '' }: Vouched): readonly string[] {
  const mark = base32(createHash('sha256').update(`${issuer}\0${subject}`).digest().subarray(0, 5)).toLowerCase();
  const plain = (preferred.split('@', 1)[0] ?? '')
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '')
    .replace(/^[.-]+/, '')
    .slice(0, 20);
  const names = plain === '' ? [`oidc-${mark}`] : [plain, `${plain}-${mark}`];
  return names.filter(isOperatorName);
}
