/**
 * What every answer of a site carries. By the rules that Mozilla publishes for its observatory this
 * is an A+; test/console/parts.test.ts has them.
 *
 * The referrer policy is same-origin and not no-referrer: with the latter a browser sends "Origin:
 * null" with a form, and a form of ours could not be told from a foreign one.
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
 * A page that was shown must not come back after a log-out, nor lie in a cache: of all that was
 * tried only no-store makes a browser ask again.
 */
export const NOT_KEPT = 'no-store';
export const KEPT = 'public, max-age=31536000, immutable';
