/**
 * Cookies of sites that may have the same host name, each on a port of its own (RFC 6265bis).
 * `__Host-`: set by this very host over TLS, for all its paths; no other host of the domain can set
 * it.
 */
import { FEDERATED_LIFE } from '../../domain/console.ts';
import type { Language } from '../../domain/registry.ts';

const LANGUAGE = '__Host-sluis-language';
/**
 * The cookie of a browser that was sent to an OpenID provider, one for each login under way. Lax: a
 * Strict one would not be sent when the previous page was the provider's.
 */
const AWAY = '__Host-sluis-oidc-';
/**
 * Such logins of one browser: 8 of 800 octets are half of what a request may have in its header.
 */
const MOST_AWAY = 8;
const MARK = /^[a-z2-7]{1,32}$/;
const YEAR = 31_536_000;

const cookie = (name: string, value: string, more: string, site: 'Strict' | 'Lax' = 'Strict'): string =>
  `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${site}${more}`;

/** Until the browser is closed; the store ends it sooner. `name` begins with `__Host-`. */
export const secretCookie = (name: string, secret: string): string => cookie(name, secret, '');
export const noSecretCookie = (name: string): string => cookie(name, '', '; Max-Age=0');
export const languageCookie = (language: Language): string => cookie(LANGUAGE, language, `; Max-Age=${YEAR}`);

/**
 * `mark`: of one login. `shown`: those that the browser has; the oldest, which it sends first (RFC
 * 6265bis, "Retrieval Model"), make room.
 */
export const awayCookies = (mark: string, value: string, shown: Shown['away']): readonly string[] => [
  ...[...shown.keys()].slice(0, Math.max(0, shown.size + 1 - MOST_AWAY)).map(noAwayCookie),
  cookie(AWAY + mark, value, `; Max-Age=${FEDERATED_LIFE / 1000}`, 'Lax'),
];
export const noAwayCookie = (mark: string): string => cookie(AWAY + mark, '', '; Max-Age=0', 'Lax');

export interface Shown {
  /** Values by the marks of the logins. */
  readonly away: ReadonlyMap<string, string>;
  readonly secret?: string;
  readonly language?: Language;
}

/** `session`: the name of the cookie of a logged-in browser. */
export function cookiesIn(header: string | undefined, session: string): Shown {
  const found = namedIn(header);
  const secret = found.get(session);
  const away = [...found].flatMap(([name, value]) =>
    name.startsWith(AWAY) && MARK.test(name.slice(AWAY.length)) && value !== undefined && value !== ''
      ? [[name.slice(AWAY.length), value] as const]
      : [],
  );
  const language = found.get(LANGUAGE);
  return {
    ...(secret === undefined || secret === '' ? {} : { secret }),
    away: new Map(away),
    ...(language === 'nl' || language === 'en' ? { language } : {}),
  };
}

/** A name that stands there twice is nobody's. */
export function namedIn(header: string | undefined): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const part of (header ?? '').split(';')) {
    const cut = part.indexOf('=');
    if (cut < 0) continue;
    const name = part.slice(0, cut).trim();
    found.set(name, found.has(name) ? undefined : part.slice(cut + 1).trim());
  }
  return found;
}
