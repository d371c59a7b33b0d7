/**
 * Headers that every answer of a site carries. By the rules that Mozilla publishes for its
 * Observatory they earn an A+; test/console/parts.test.ts checks those rules.
 *
 * The referrer policy is `same-origin` and not `no-referrer`. With `no-referrer` a browser sends
 * "Origin: null" with a form, and we could not tell our own forms from foreign ones.
 */
import type { OutgoingHttpHeaders } from 'node:http';

const TWO_YEARS = 63_072_000;

const CSP = [
  "default-src 'none'",
  ...['style', 'script', 'img'].map((kind) => `${kind}-src 'self'`),
  "form-action 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "require-trusted-types-for 'script'",
].join('; ');

const POLICY = [
  'publickey-credentials-get=(self)',
  'publickey-credentials-create=(self)',
  ...['camera', 'geolocation', 'microphone', 'payment', 'usb'].map((feature) => `${feature}=()`),
].join(', ');

export const PAGE_HEADERS: OutgoingHttpHeaders = {
  'content-security-policy': CSP,
  'strict-transport-security': `max-age=${TWO_YEARS}`,
  'referrer-policy': 'same-origin',
  'permissions-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'x-robots-tag': 'noindex',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
};

/**
 * `Cache-Control` of pages. A page must not come back after a log-out, nor lie in a cache. Of all
 * values that were tried, only `no-store` makes a browser ask again.
 */
export const NOT_KEPT = 'no-store';
export const KEPT = 'public, max-age=31536000, immutable';
