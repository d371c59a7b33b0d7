/**
 * Login at an OpenID provider. A browser is sent there and comes back with a code; who the provider
 * says it is decides what the visitor may do here.
 *
 * The gateway stores nothing while the browser is away. The browser keeps a secret in a cookie; the
 * nonce and the PKCE verifier are computed from it, and `state` is a challenge that is bound to the
 * whole cookie. So an answer belongs to this browser, to the page that it wanted, and to the last
 * minutes. An answer counts once: the transaction that logs the visitor in writes a row for it. The
 * cookie is `SameSite=Lax`, since a `Strict` one is not sent by a browser that comes from the
 * provider's page.
 *
 * At each login the groups alone decide the role, by the table of the configuration. Issuer and
 * subject alone say who somebody is: another name or address at the provider makes nobody somebody
 * else here.
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
  /** The role that these groups give; undefined if none of them may log in. */
  readonly roleOf: (groups: readonly string[]) => Role | undefined;
  readonly organisation?: string;
  /** Name of the provider on the page. */
  readonly name: string;
}

/**
 * Names one login among those that a browser has under way: it may have one in each of its tabs.
 */
export const markOf = (state: string): string =>
  base32(createHash('sha256').update(state).digest().subarray(0, 10)).toLowerCase();

/** What a browser brings back from the provider. */
export interface Shown {
  /** The cookie that `begin` set for this login. */
  readonly cookie: string;
  /** SHA-256 of the browser's client certificate. */
  readonly certificate?: string | undefined;
}

export type Redirected =
  { readonly kind: 'away'; readonly to: string; readonly cookie: string; readonly mark: string } | Turned;
export type Returned =
  | { readonly kind: 'in'; readonly secret: string; readonly to: string }
  | { readonly kind: 'proven'; readonly to: string }
  | Turned;

/** Most codes that are judged at the same time: each takes a few requests to the provider. */
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
   * Begins a login. `session`: a session whose operator must prove himself again; without it, a new
   * login. `to`: a path of ours to go to afterwards.
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

  /** Address at the provider where the browser can log out there too; undefined if it has none. */
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
 * Names for a new operator: what the person likes to be called, if that can be a name here; and the
 * same with a mark of his own, in case the first name is taken.
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
