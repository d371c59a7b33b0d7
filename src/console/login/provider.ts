/**
 * The OpenID provider: where a browser is sent, and whether what it brings back is right (OpenID
 * Connect Core 1.0, code flow with PKCE; RFC 7636, RFC 9207). The only file that knows
 * openid-client.
 *
 * The signature of an ID token is verified also where it came over TLS from the provider itself,
 * which the library leaves out unless it is told. What the provider has is asked once an hour, with
 * its file of authorities and the secret of the client; after a failure not again for some seconds,
 * whoever presses the button.
 */
import * as oidc from 'openid-client';
import { z } from '../../config/zod.ts';
import { defined } from '../../domain/defined.ts';
import type { Clock, Log } from '../../domain/effects.ts';
import { type Milliseconds, hours, seconds } from '../../domain/units.ts';
import { type ProviderLine, ProviderUnreachable, askProvider } from './provider-fetch.ts';

export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly scope: string;
  readonly groupsClaim: string;
  /** Values of which the provider must meet one, if the list is not empty. */
  readonly acr: readonly string[];
  readonly amr: readonly string[];
  /** Values of amr that are enough beside a client certificate. */
  readonly withCertificate: readonly string[];
  /** URL to which browsers come back. */
  readonly redirect: string;
  /** Read again when the provider is asked. Throws ConfigError. */
  readonly secret: () => string;
  readonly authorities: () => readonly string[];
}

/** What is bound to one login. `again`: the provider must have asked the person just now. */
export interface Flow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly again: boolean;
}

/** The person for whom the provider vouches. */
export interface Vouched {
  readonly subject: string;
  /** Name that the person prefers at the provider; nothing is decided by it. */
  readonly preferred?: string;
  readonly groups: readonly string[];
  /**
   * What he has shown counts as two factors, `with` the client certificate of his operator, or not.
   */
  readonly strength: 'two' | 'with' | 'less';
}

/**
 * `down`: no answer that could be used; later perhaps. `denied`: the provider let nobody in.
 * `provider`: what came does not fit.
 */
export type ProviderFault = 'down' | 'denied' | 'provider';
export type Answered = { readonly kind: 'vouched'; readonly vouched: Vouched } | ProviderFault;

const KNOWN_FOR = hours(1);
const FAILED_FOR = seconds(5);
export const PROVIDER_DEADLINE = seconds(5);
export const MAX_PROVIDER_ANSWER = 256 * 1024;
const MAX_GROUPS = 1000;
/** Between the moment in which the person was asked and that in which we hear of it. */
const JUST_NOW = 120;

const groupsIn = z.union([z.string().transform((one) => [one]), z.array(z.string()).max(MAX_GROUPS)]);
const texts = z.array(z.string()).max(64);

export class Provider {
  readonly issuer: string;
  readonly #settings: ProviderSettings;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #deadline: Milliseconds;
  #known: { readonly configuration: oidc.Configuration; readonly until: number } | undefined;
  #asking: Promise<oidc.Configuration> | undefined;
  #failedUntil = 0;

  constructor(settings: ProviderSettings, clock: Clock, log: Log, deadline: Milliseconds = PROVIDER_DEADLINE) {
    this.issuer = settings.issuer;
    this.#settings = settings;
    this.#clock = clock;
    this.#log = log;
    this.#deadline = deadline;
  }

  /** Address that the browser is sent to. */
  async address(flow: Flow, language: string): Promise<URL | ProviderFault> {
    try {
      const { redirect, scope, acr } = this.#settings;
      const url = oidc.buildAuthorizationUrl(await this.#configuration(), {
        redirect_uri: redirect,
        scope,
        state: flow.state,
        nonce: flow.nonce,
        code_challenge: await oidc.calculatePKCECodeChallenge(flow.verifier),
        code_challenge_method: 'S256',
        ui_locales: language,
        ...(acr.length > 0 && { acr_values: acr.join(' ') }),
        ...(flow.again && { prompt: 'login', max_age: '0' }),
      });
      return url.protocol === 'https:' ? url : this.#fault(new Error('its authorization endpoint is not https'));
    } catch (error) {
      return this.#fault(error);
    }
  }

  /**
   * `query`: what the browser brought. The caller knows that `state` was made here, for this
   * browser, and serves once.
   */
  async judge(query: URLSearchParams, { state, nonce, verifier, again }: Flow): Promise<Answered> {
    const { redirect, acr, amr, groupsClaim, withCertificate } = this.#settings;
    const url = new URL(redirect);
    url.search = query.toString();
    try {
      const configuration = await this.#configuration();
      const tokens = await oidc.authorizationCodeGrant(configuration, url, {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
        ...(again && { maxAge: JUST_NOW }),
      });
      const claims = tokens.claims();
      if (claims === undefined) return 'provider';
      const told = texts.safeParse(claims.amr);
      const shown = told.success ? told.data : [];
      const isStrong =
        (acr.length === 0 || (typeof claims.acr === 'string' && acr.includes(claims.acr))) &&
        (amr.length === 0 || shown.some((one) => amr.includes(one)));
      const { sub: subject } = claims;
      let { [groupsClaim]: groups, preferred_username: preferred } = claims;
      if (groups === undefined && configuration.serverMetadata().userinfo_endpoint !== undefined) {
        const user = await oidc.fetchUserInfo(configuration, tokens.access_token, subject);
        ({ [groupsClaim]: groups } = user);
        preferred ??= user.preferred_username;
      }
      const read = groupsIn.safeParse(groups);
      return {
        kind: 'vouched',
        vouched: {
          subject,
          groups: read.success ? read.data : [],
          strength: isStrong ? 'two' : shown.some((one) => withCertificate.includes(one)) ? 'with' : 'less',
          ...defined({ preferred: typeof preferred === 'string' ? preferred : undefined }),
        },
      };
    } catch (error) {
      return this.#fault(error);
    }
  }

  /**
   * Where whoever leaves ends his session at the provider as well (OpenID Connect RP-Initiated
   * Logout 1.0, section 2); undefined if the provider has no such place, or gives no answer. It
   * stays there: an address to come back to would have to be registered with it, and a hint of who
   * it was would be a token that is kept.
   */
  async logOut(language: string): Promise<URL | undefined> {
    try {
      const configuration = await this.#configuration();
      if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
      const url = oidc.buildEndSessionUrl(configuration, { ui_locales: language });
      return url.protocol === 'https:' ? url : undefined;
    } catch (error) {
      this.#fault(error);
      return undefined;
    }
  }

  /** The provider's configuration, read once for all who wait. */
  async #configuration(): Promise<oidc.Configuration> {
    const now = this.#clock.monotonic();
    if (this.#known !== undefined && this.#known.until > now) return this.#known.configuration;
    if (now < this.#failedUntil) throw new ProviderUnreachable('it failed just now');
    this.#asking ??= this.#discover()
      .then((configuration) => {
        this.#known = { configuration, until: this.#clock.monotonic() + KNOWN_FOR };
        return configuration;
      })
      .catch((error: unknown) => {
        this.#failedUntil = this.#clock.monotonic() + FAILED_FOR;
        throw error;
      })
      .finally(() => (this.#asking = undefined));
    return await this.#asking;
  }

  #discover(): Promise<oidc.Configuration> {
    const { issuer, clientId, secret, authorities } = this.#settings;
    const line: ProviderLine = { authorities: authorities(), deadline: this.#deadline, most: MAX_PROVIDER_ANSWER };
    const own = secret();
    const [basic, post] = [oidc.ClientSecretBasic(own), oidc.ClientSecretPost(own)];
    const shown: oidc.ClientAuth = (server, ...more) => {
      // RFC 8414 section 2: of a provider that does not say, it is "client_secret_basic".
      const { token_endpoint_auth_methods_supported: taken = ['client_secret_basic'] } = server;
      return (taken.includes('client_secret_basic') ? basic : post)(server, ...more);
    };
    return oidc.discovery(new URL(issuer), clientId, undefined, shown, {
      [oidc.customFetch]: (url, asked) => askProvider(line, url, asked),
      execute: [oidc.enableNonRepudiationChecks],
    });
  }

  /** The reason is for the log: neither a code nor a token stands in it. */
  #fault(error: unknown): ProviderFault {
    const [why, fault] = faultOf(error);
    if (fault !== 'denied') this.#log.warn('console.provider', { issuer: this.issuer, fault, why });
    return fault;
  }
}

function faultOf(error: unknown): readonly [string, ProviderFault] {
  if (error instanceof oidc.AuthorizationResponseError)
    return error.error === 'temporarily_unavailable' || error.error === 'server_error'
      ? [error.error, 'down']
      : [error.error, 'denied'];
  if (error instanceof oidc.ResponseBodyError) return [error.error, 'provider'];
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; cause = cause.cause, depth += 1)
    if (cause instanceof ProviderUnreachable || cause.name === 'ConfigError') return [cause.message, 'down'];
  return [error instanceof Error ? error.message : String(error), 'provider'];
}
