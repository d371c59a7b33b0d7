/**
 * Moments and sizes as people read them. A moment is in local time with its zone, since an operator
 * may work in another zone than the gateway.
 */
import type { Language } from '../../domain/registry.ts';
import { TIME_ZONE } from '../../domain/working-days.ts';
import { type Html, html } from '../../http/html.ts';

const formats: Readonly<Record<Language, Intl.DateTimeFormat>> = { nl: format('nl-NL'), en: format('en-GB') };

function format(locale: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, {
    timeZone: TIME_ZONE,
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  });
}

/**
 * A moment such as `27 nov 2026 13:05 CET`. `iso`: ISO 8601; text that is no moment is shown as it
 * is.
 */
export function timeOf(iso: string, language: Language): Html {
  const at = Date.parse(iso);
  if (Number.isNaN(at)) return html`${iso}`;
  return html`<time datetime="${new Date(at).toISOString()}">${formats[language].format(at).replace(',', '')}</time>`;
}

const SIZES = ['bytes', 'KB', 'MB', 'GB', 'TB'];

/** A number of octets as people read it, such as `1.5 MB`. */
export function sizeOf(octets: number, language: Language): string {
  let [value, unit] = [octets, 0];
  while (value >= 1000 && unit < SIZES.length - 1) [value, unit] = [value / 1000, unit + 1];
  const text = new Intl.NumberFormat(language === 'nl' ? 'nl-NL' : 'en-GB', { maximumFractionDigits: 1 }).format(value);
  return `${text} ${SIZES[unit] ?? ''}`;
}
