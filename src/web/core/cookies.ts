/**
 * The cookies of the sites of pages (RFC 6265bis). Two sites may share one host name, each on its
 * own port, and browsers do not keep cookies apart by port. So each site gives its session cookie
 * another name.
 *
 * All names begin with `__Host-`: a browser takes such a cookie only over TLS, for all paths, and
 * from this very host. No other host of the domain can set it.
 */
import { FEDERATED_LIFE } from '../../domain/console.ts';
import type { Language } from '../../domain/registry.ts';

const LANGUAGE = '__Host-sluis-language';
/**
 * Begins the name of the cookie that a browser gets when it is sent to an OpenID provider: one
 * cookie for each login that is under way. It is `SameSite=Lax`, because a browser that comes back
 * from the provider's page does not send a `Strict` cookie.
 */
const AWAY = '__Host-sluis-oidc-';
/**
 * Most logins at the provider that one browser may have under way. 8 cookies of 800 octets are half
 * of what the header of a request may have.
 */
const MOST_AWAY = 8;
const MARK = /^[a-z2-7]{1,32}$/;
const YEAR = 31_536_000;

const cookie = (name: string, value: string, more: string, site: 'Strict' | 'Lax' = 'Strict'): string =>
  `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=${site}${more}`;

/**
 * The cookie of a session. The browser keeps it until it is closed; the store may end the session
 * sooner. `name` begins with `__Host-`.
 */
export const secretCookie = (name: string, secret: string): string => cookie(name, secret, '');
export const noSecretCookie = (name: string): string => cookie(name, '', '; Max-Age=0');
export const languageCookie = (language: Language): string => cookie(LANGUAGE, language, `; Max-Age=${YEAR}`);

/**
 * The cookies for one more login at the OpenID provider. `mark` names that login. `shown`: those
 * that the browser has now. If there are too many, the oldest are removed: a browser sends those
 * first (RFC 6265bis, "Retrieval Model").
 */
export const awayCookies = (mark: string, value: string, shown: Shown['away']): readonly string[] => [
  ...[...shown.keys()].slice(0, Math.max(0, shown.size + 1 - MOST_AWAY)).map(noAwayCookie),
  cookie(AWAY + mark, value, `; Max-Age=${FEDERATED_LIFE / 1000}`, 'Lax'),
];
export const noAwayCookie = (mark: string): string => cookie(AWAY + mark, '', '; Max-Age=0', 'Lax');

export interface Shown {
  /** The values of the cookies of logins at an OpenID provider, by the mark of the login. */
  readonly away: ReadonlyMap<string, string>;
  readonly secret?: string;
  readonly language?: Language;
}

/** The cookies of a request. `session`: name of the cookie that keeps a browser logged in. */
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

/**
 * The cookies of a header by their names. A name that stands there twice has no value: nobody can
 * tell which of the two is ours.
 */
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
