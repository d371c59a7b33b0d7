/** Cookies of the console (RFC 6265bis). `__Host-`: set by this very host over TLS, for all its paths; no other host of the domain can set it. */
import type { Language } from '../../domain/registry.ts';

const SESSION = '__Host-sluis';
const LANGUAGE = '__Host-sluis-language';
const YEAR = 31_536_000;

const cookie = (name: string, value: string, more: string): string =>
  `${name}=${value}; Path=/; Secure; HttpOnly; SameSite=Strict${more}`;

/** Until the browser is closed; the store ends it sooner. */
export const sessionCookie = (secret: string): string => cookie(SESSION, secret, '');
export const noSessionCookie = (): string => cookie(SESSION, '', '; Max-Age=0');
export const languageCookie = (language: Language): string => cookie(LANGUAGE, language, `; Max-Age=${YEAR}`);

export interface Shown {
  readonly secret?: string;
  readonly language?: Language;
}

/** A name that stands there twice is nobody's. */
export function cookiesIn(header: string | undefined): Shown {
  const found = new Map<string, string | undefined>();
  for (const part of (header ?? '').split(';')) {
    const cut = part.indexOf('=');
    if (cut < 0) continue;
    const name = part.slice(0, cut).trim();
    found.set(name, found.has(name) ? undefined : part.slice(cut + 1).trim());
  }
  const secret = found.get(SESSION);
  const language = found.get(LANGUAGE);
  return {
    ...(secret === undefined || secret === '' ? {} : { secret }),
    ...(language === 'nl' || language === 'en' ? { language } : {}),
  };
}
