/**
 * Finds out who calls: an account by Basic (RFC 7617) or its client certificate, an operator by a
 * token (RFC 6750) or a certificate.
 *
 * Callers are judged as in the other protocols: accounts by auth/, with its throttle and its equal
 * work for unknown names, operators by admin/authentication.ts. A refused caller gets the same text
 * after the same time, whatever the reason. A login that was not judged, because of a back-off or
 * too much work, is a 503 and never a 401: a program whose password is right must not believe that
 * it is wrong.
 *
 * On a kept connection a login holds for the next requests with the same header, as one holds for a
 * session of SMTP: the account is looked up again each time, and any change of it ends that.
 */
import { createHmac } from 'node:crypto';
import type { AdminContext } from '../../admin/context.ts';
import { type KnownCaller, authenticate, operatorOfCertificate } from '../../admin/authentication.ts';
import type { TokenNotes } from '../../admin/token-notes.ts';
import type { AuthOutcome, Authenticator } from '../../auth/authenticator.ts';
import { passwordStands } from '../../auth/candidates.ts';
import { pause } from '../../auth/pause.ts';
import { sharedThrottle } from '../../auth/shared-throttle.ts';
import type { Throttle, ThrottleLimits } from '../../auth/throttle.ts';
import { readToken } from '../../crypto/keys/operator-token.ts';
import { defined } from '../../domain/defined.ts';
import type { Clock, RandomBytes } from '../../domain/effects.ts';
import { mayDo } from '../../domain/roles.ts';
import { type Milliseconds, milliseconds, minutes } from '../../domain/units.ts';
import { fingerprintOf, holdsAt } from '../../platform/client-certificate.ts';
import type { NetworkSet } from '../../platform/network.ts';
import type { Store } from '../../store/port/store.ts';
import type { LoginRecord } from '../../store/registry.ts';
import type { SharedCount } from '../../store/shared-counts.ts';
import type { Access, AccountCaller, Caller, OperatorCaller, Scope } from './callers.ts';
import type { ApiConnection } from './connection.ts';
import { type Problem, problem } from './problem.ts';

export interface CallerParts {
  readonly authenticator: Authenticator;
  readonly store: Pick<Store, 'registry'>;
  readonly admin: () => AdminContext;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** Limits as for other logins: tries at tokens are slowed down by network. */
  readonly limits: { readonly throttle: ThrottleLimits; readonly refusalGrid: Milliseconds };
  /** Networks whose failures cause no back-off. */
  readonly exempt: NetworkSet;
  /** Counts failures together with the other gateways of the store. */
  readonly shared?: SharedCount;
  /** Notes refused tokens; the trail gets them once a minute. */
  readonly tokens: Pick<TokenNotes, 'refused'>;
}

const BOTH: ReadonlySet<Scope> = new Set(['send', 'fetch']);
/**
 * How long a login holds on a connection before it is judged again; a password may have an end by
 * the clock.
 */
const HOLDS = minutes(5);
const MAX_AUTHORIZATION = 2048;

export class Callers {
  readonly #parts: CallerParts;
  readonly #throttle: Throttle;
  readonly #key: Uint8Array;

  constructor(parts: CallerParts) {
    this.#parts = parts;
    this.#throttle = sharedThrottle(parts.limits.throttle, parts.clock, parts.shared);
    this.#key = parts.random(32);
  }

  /** Finds the caller; undefined if the route asks nobody. Throws Problem (401, 403, 429, 503). */
  async identify(
    connection: ApiConnection,
    authorization: string | undefined,
    access: Access,
    signal: AbortSignal,
  ): Promise<Caller | undefined> {
    if (access.kind === 'nobody') return undefined;
    const caller = await this.#judge(connection, authorization, access, signal);
    if (caller === undefined) throw unauthorized(access);
    if (!connection.becomes(caller))
      throw problem(
        429,
        'connections',
        'Too many connections',
        'This account has as many connections open as it may; close some, or use one for many requests',
        {
          retryAfter: 10,
          close: true,
        },
      );
    mustHave(caller, access);
    return caller;
  }

  /**
   * True if the login of the account on this connection still holds; asked when something of the
   * account has changed.
   */
  async stands({ caller, peer }: ApiConnection): Promise<boolean> {
    if (caller?.kind !== 'account') return true;
    const { account, password, certificate } = caller;
    const record = await this.#parts.store.registry.findLogin(account.login);
    return (
      record?.account.id === account.id &&
      record.account.state === 'active' &&
      passwordStands(record, password) &&
      (certificate === undefined || (await this.#parts.authenticator.certificateHolds(account.id, peer)))
    );
  }

  async #judge(
    connection: ApiConnection,
    authorization: string | undefined,
    access: Access,
    signal: AbortSignal,
  ): Promise<Caller | undefined> {
    if (authorization === undefined) return await this.#byCertificate(connection, access);
    if (authorization.length > MAX_AUTHORIZATION) return undefined;
    const [, scheme = '', credentials = ''] = /^(\w+) +(\S+)$/.exec(authorization) ?? [];
    switch (scheme.toLowerCase()) {
      case 'basic':
        return (
          (await this.#remembered(connection, authorization)) ??
          (await this.#byPassword(connection, authorization, credentials, signal))
        );
      case 'bearer':
        return await this.#byToken(connection, credentials, signal);
      default:
        return undefined;
    }
  }

  /** The login of an earlier request of the connection, while it stands. */
  async #remembered(connection: ApiConnection, shown: string): Promise<AccountCaller | undefined> {
    const { remembered } = connection;
    if (remembered?.shown !== shown || remembered.until <= this.#parts.clock.monotonic()) return undefined;
    const { account, certificate, password } = remembered.caller;
    const record = await this.#parts.store.registry.findLogin(account.login);
    if (record?.version !== remembered.version || record.account.state !== 'active') return undefined;
    // A login name goes to another account when an account moves, and versions of two accounts may
    // be the same number.
    if (record.account.id !== account.id || this.#hasEnded(record, password)) return undefined;
    if (certificate !== undefined && !(await this.#parts.authenticator.certificateHolds(account.id, connection.peer)))
      return undefined;
    return { ...remembered.caller, account: record.account, organisation: record.organisation };
  }

  /** True if the password has ended by the clock, which changes nothing in the registry. */
  #hasEnded({ passwords, appPasswords }: LoginRecord, used: AccountCaller['password']): boolean {
    const found =
      used?.app === undefined
        ? passwords.find(({ name }) => name === used?.name)
        : appPasswords.find(({ id }) => id === used.app);
    return found?.endsAt !== undefined && found.endsAt <= this.#parts.clock.now();
  }

  async #byPassword(
    connection: ApiConnection,
    shown: string,
    credentials: string,
    signal: AbortSignal,
  ): Promise<AccountCaller | undefined> {
    const text = Buffer.from(credentials, 'base64').toString('utf8');
    const cut = text.indexOf(':');
    const [login, password] = cut === -1 ? [text, ''] : [text.slice(0, cut), text.slice(cut + 1)];
    return await this.#granted(
      connection,
      shown,
      await this.#parts.authenticator.password(login, password, connection.peer, signal),
    );
  }

  async #byCertificate(connection: ApiConnection, access: Access): Promise<Caller | undefined> {
    const [leaf] = connection.peer.certificate ?? [];
    if (leaf === undefined) return undefined;
    // Operators' certificates are known by their fingerprint: nothing else looks at their dates.
    if (access.kind !== 'account' && holdsAt(leaf, this.#parts.clock.now())) {
      const operator = await operatorOfCertificate(this.#parts.admin(), fingerprintOf(leaf));
      if (operator !== undefined) return callerOf(operator);
    }
    if (access.kind === 'operator') return undefined;
    return (
      (await this.#remembered(connection, '')) ??
      (await this.#granted(connection, '', await this.#parts.authenticator.external('', connection.peer)))
    );
  }

  async #granted(connection: ApiConnection, shown: string, outcome: AuthOutcome): Promise<AccountCaller | undefined> {
    if (outcome.kind === 'busy') throw notJudged();
    if (outcome.kind === 'refused') return undefined;
    const { account, organisation, by, password, scopes } = outcome;
    const [leaf] = connection.peer.certificate ?? [];
    const caller: AccountCaller = {
      kind: 'account',
      account,
      organisation,
      by: scopes !== undefined ? 'app-password' : password === undefined ? 'certificate' : 'password',
      scopes: scopes === undefined ? BOTH : new Set(scopes),
      ...defined({ password, certificate: by === undefined || leaf === undefined ? undefined : fingerprintOf(leaf) }),
    };
    // Judging a password takes a while: what has changed meanwhile counts.
    const record = await this.#parts.store.registry.findLogin(account.login);
    if (record?.account.id !== account.id || record.account.state !== 'active') return undefined;
    const until = milliseconds(this.#parts.clock.monotonic() + HOLDS);
    connection.remembered = { shown, caller, version: record.version, until };
    return caller;
  }

  async #byToken({ peer }: ApiConnection, token: string, signal: AbortSignal): Promise<OperatorCaller | undefined> {
    const { clock, exempt, admin, tokens } = this.#parts;
    const came = clock.monotonic();
    const whose = `token ${readToken(token)?.id ?? peer.network}`;
    const free = exempt.has(peer.address);
    const wait = free ? 0 : this.#throttle.wait(whose, peer.network, came);
    if (wait > 0) throw notJudged(wait);
    const known = await authenticate(admin(), token, peer.address, (one) =>
      tokens.refused({ ...one, network: peer.network }),
    );
    if (known !== undefined) {
      this.#throttle.succeeded(whose, peer.network, clock.monotonic());
      return callerOf(known);
    }
    const guess = createHmac('sha256', this.#key).update(token).digest('base64');
    if (!free) this.#throttle.failed(whose, peer.network, guess, clock.monotonic());
    await this.#onGrid(came, signal);
    return undefined;
  }

  async #onGrid(came: Milliseconds, signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#parts;
    if (limits.refusalGrid === 0) return;
    const past = (clock.monotonic() - came) % limits.refusalGrid;
    await pause(clock, milliseconds(limits.refusalGrid - past), signal);
  }
}

const callerOf = (known: KnownCaller): OperatorCaller => ({ kind: 'operator', ...known });

const CHALLENGES = { account: 'Basic realm="Sluis", charset="UTF-8"', operator: 'Bearer realm="Sluis"' } as const;

function unauthorized({ kind }: Access): Problem {
  const challenges = kind === 'either' ? Object.values(CHALLENGES) : kind === 'nobody' ? [] : [CHALLENGES[kind]];
  return problem(
    401,
    'unauthorized',
    'Log in first',
    'The login is missing or wrong, or it has ended; send the right one in the header Authorization',
    { headers: { 'www-authenticate': challenges.join(', ') } },
  );
}

const notJudged = (wait = 5000): Problem =>
  problem(
    503,
    'login-not-judged',
    'The login was not judged',
    'The gateway could not check the login, because there were too many just now; try again later',
    {
      retryAfter: Math.max(1, Math.ceil(wait / 1000)),
    },
  );

const forbidden = (detail: string): Problem => problem(403, 'forbidden', 'Not allowed', detail);

/** Checks the caller's access. Throws Problem (403). */
function mustHave(caller: Caller, access: Access): void {
  if (caller.kind === 'operator') {
    if (access.kind !== 'operator' && access.kind !== 'either')
      throw forbidden('Only accounts may do this, and you are logged in as an operator');
    if (!mayDo(caller.role, access.right))
      throw forbidden(`This needs the right ${access.right}, which you do not have`);
    return;
  }
  if (access.kind !== 'account' && access.kind !== 'either')
    throw forbidden('Only operators may do this, and you are logged in as an account');
  if (access.scope !== 'any' && !caller.scopes.has(access.scope))
    throw forbidden(`This app password may not do this; use one with the scope ${access.scope}`);
}
