/**
 * What every answer of the page carries: no script, no frame, nothing from elsewhere, nothing kept, nothing told to others.
 *
 * The referrer policy is same-origin and not no-referrer: with the latter a browser sends "Origin: null" with a form (Fetch section 3.2), and a
 * form of ours could not be told from a foreign one.
 */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http';

const YEAR = 31_536_000;

export const pageHeaders = (style: string): OutgoingHttpHeaders => ({
  'content-security-policy': [
    "default-src 'none'",
    `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'`,
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join('; '),
  'strict-transport-security': `max-age=${YEAR}`,
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  // One request for each connection: nothing to smuggle behind it, nobody who holds one open.
  connection: 'close',
});

/**
 * True for a form of this page and for a program that sends no Origin. There is no cookie that a foreign page could borrow; this keeps it from
 * trying codes with other people's browsers.
 */
export function isOwnOrigin(
  { origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders,
  page: string | undefined,
): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (origin === undefined) return true;
  return origin === `https://${host ?? ''}` || (page !== undefined && origin === new URL(page).origin);
}

/** The language that the reader likes best, of the two that there are; Dutch where nothing is said. */
export function languageOf(header: string | undefined): 'nl' | 'en' {
  let best: { language: 'nl' | 'en'; weight: number } = { language: 'nl', weight: 0 };
  for (const part of (header ?? '').slice(0, 200).split(',')) {
    const [, language, weight = '1'] =
      /^\s*(nl|en)(?:-[a-z0-9-]+)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*$/i.exec(part) ?? [];
    if (language !== undefined && Number(weight) > best.weight)
      best = { language: language.toLowerCase() as 'nl' | 'en', weight: Number(weight) };
  }
  return best.language;
}
