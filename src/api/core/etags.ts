/** Tags of representations, as RFC 9110 compares them: one place for every route. */
import { z } from '../../config/zod.ts';

/** The header of a GET that has one. */
export const ifNoneMatch = z
  .string()
  .regex(/^[\x20-\x7e]{1,1000}$/)
  .optional()
  .meta({ description: 'The ETag that you have: if nothing has changed, the answer is 304.' });

const listed = (header: string): readonly string[] => header.split(',').map((one) => one.trim());
const opaque = (tag: string): string => tag.replace(/^W\//, '');

/** Section 13.1.1: a weak tag matches nothing here. */
export const matches = (ifMatch: string, etag: string): boolean =>
  ifMatch.trim() === '*' || (!etag.startsWith('W/') && listed(ifMatch).includes(etag));

/** Section 13.1.2, compared weakly: true if the client already has what it would get. */
export const isCurrent = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  (ifNoneMatch.trim() === '*' || listed(ifNoneMatch).some((one) => opaque(one) === opaque(etag)));
