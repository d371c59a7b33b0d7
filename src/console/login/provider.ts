/**
 * The OpenID provider: where a browser is sent, and whether what it brings back is right (OpenID
 * Connect Core 1.0, code flow with PKCE; RFC 7636, RFC 9207). Only this file knows openid-client.
 *
 * The signature of an ID token is always verified, even if the token came over TLS from the
 * provider itself; the library skips that unless it is told. The metadata of the provider is read
 * once an hour. The file of authorities and the client's secret are then read again too. After a
 * failure nothing is asked for some seconds, however often somebody presses the button.
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
  /**
   * Values of `acr`; the ID token must have one of them, if the list is not empty. The same holds
   * for `amr`.
   */
  readonly acr: readonly string[];
  readonly amr: readonly string[];
  /** Values of `amr` that are enough together with a client certificate. */
  readonly withCertificate: readonly string[];
  /** URL at which browsers come back. */
  readonly redirect: string;
  /** Read again whenever the provider's metadata is. Throws ConfigError. */
  readonly secret: () => string;
  readonly authorities: () => readonly string[];
}

/**
 * What belongs to one login. `again`: the provider must have asked the person to log in just now.
 */
export interface Flow {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
  readonly again: boolean;
}

/** The person for whom the provider vouches. */
export interface Vouched {
  readonly subject: string;
  /** The name that the person prefers at the provider. It gives no rights. */
  readonly preferred?: string;
  readonly groups: readonly string[];
  /**
   * How strongly the person has logged in there. `two`: with two factors. `with`: enough together
   * with the client certificate of his operator. `less`: not enough.
   */
  readonly strength: 'two' | 'with' | 'less';
}

/**
 * `down`: no answer that could be used; a later attempt may succeed. `denied`: the provider let
 * nobody in. `provider`: the answer is not as it must be.
 */
export type ProviderFault = 'down' | 'denied' | 'provider';
export type Answered = { readonly kind: 'vouched'; readonly vouched: Vouched } | ProviderFault;

const KNOWN_FOR = hours(1);
const FAILED_FOR = seconds(5);
export const PROVIDER_DEADLINE = seconds(5);
export const MAX_PROVIDER_ANSWER = 256 * 1024;
const MAX_GROUPS = 1000;
/** Seconds that may lie between the login at the provider and our check of it. */
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
   * Judges an answer. `query`: what the browser brought. The caller has checked that `state` was
   * made here for this browser, and makes sure that it counts once.
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
   * Address where the visitor can end his session at the provider as well (OpenID Connect
   * RP-Initiated Logout 1.0, section 2). Undefined if the provider has none, or does not answer.
   *
   * The browser does not come back from there. To come back it would need an address that is
   * registered with the provider, and a hint of who it was: a token that we would have to keep.
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

  /** The provider's configuration. Callers that wait at the same time share one reading of it. */
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
      // A provider that does not say it takes "client_secret_basic" (RFC 8414 section 2).
      const { token_endpoint_auth_methods_supported: taken = ['client_secret_basic'] } = server;
      return (taken.includes('client_secret_basic') ? basic : post)(server, ...more);
    };
    return oidc.discovery(new URL(issuer), clientId, undefined, shown, {
      [oidc.customFetch]: (url, asked) => askProvider(line, url, asked),
      execute: [oidc.enableNonRepudiationChecks],
    });
  }

  /** Logs what went wrong. The text has neither a code nor a token in it. */
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
