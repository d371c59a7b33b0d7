/**
 * Paged results (RFC 2696). The cookie says behind which version of the directory the next page
 * begins, and how many entries came before it. It is a place in the directory, not state that we
 * hold: so it costs nothing and does not expire. A forged one leads only to entries that the client
 * may ask for anyway.
 */
import { parse, reading } from '../crypto/certificates/ber.ts';
import { smallInteger } from '../crypto/certificates/ber-values.ts';
import { Tag, integer, octetString, sequence } from '../crypto/certificates/der.ts';
import type { Result } from '../domain/result.ts';
import type { Control } from './requests.ts';
import type { ResponseControl } from './responses.ts';

export const PAGED = '1.2.840.113556.1.4.319';

export interface Page {
  readonly size: number;
  readonly after: number;
  readonly given: number;
}

const COOKIE = /^(\d{1,15})\.(\d{1,9})$/;

export function readPage({ value }: Control): Result<Page, unknown> {
  return reading('page', (): Page => {
    const parts = parse(value ?? Buffer.alloc(0))
      .as(Tag.sequence, 'a page')
      .children();
    const size = smallInteger(parts.next('a size'), 'a size');
    const cookie = parts.next('a cookie', Tag.octetString);
    if (cookie.content.length === 0) return { size, after: 0, given: 0 };
    const [, after, given] = COOKIE.exec(cookie.content.toString('latin1')) ?? [];
    if (after === undefined || given === undefined) throw cookie.error('malformed', 'the cookie is not one of ours');
    return { size, after: Number(after), given: Number(given) };
  });
}

/** `next`: where the next page begins; undefined: it was the last. */
export const pageControl = (next: Pick<Page, 'after' | 'given'> | undefined): ResponseControl => ({
  oid: PAGED,
  value: sequence(integer(0), octetString(Buffer.from(next === undefined ? '' : `${next.after}.${next.given}`))),
});
