/**
 * What a request says about its reader: the preferred language, and whether a form came from a page
 * of ours.
 */
import type { IncomingHttpHeaders } from 'node:http';

/**
 * True for a form of this page and for a program that sends no Origin. There is no cookie that a
 * foreign page could borrow; this keeps it from trying codes with other people's browsers.
 */
export function isOwnOrigin(
  { origin, host, 'sec-fetch-site': site }: IncomingHttpHeaders,
  page: string | undefined,
): boolean {
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
  if (origin === undefined) return true;
  return origin === `https://${host ?? ''}` || (page !== undefined && origin === new URL(page).origin);
}

/**
 * The language that the reader likes best, of the two that there are; Dutch where nothing is said.
 */
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
