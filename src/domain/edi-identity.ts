/**
 * What an organisation is called in the envelope of an interchange: UNB S002 and S003 in EDIFACT,
 * facility and application in HL7.
 *
 * Written `ID` or `ID:QUALIFIER`. Without a qualifier any qualifier means the same party. Case and
 * blanks around do not count: real systems write both.
 */
import { type Result, fail, ok } from './result.ts';
import { visible } from './visible.ts';

/** Of an identification, and of a qualifier; EDIFACT allows 35, HL7 namespaces are longer. */
const MAX_IDENTITY = 70;

export interface EdiIdentity {
  /** Upper case. */
  readonly id: string;
  /** Upper case; empty: any. */
  readonly qualifier: string;
}

export function parseIdentity(text: string): Result<EdiIdentity, string> {
  const [id = '', qualifier = '', ...rest] = text
    .toUpperCase()
    .split(':')
    .map((part) => part.trim());
  const fits = (part: string): boolean => part.length <= MAX_IDENTITY && visible(part, MAX_IDENTITY) === part;
  if (id === '' || rest.length > 0 || !fits(id) || !fits(qualifier))
    return fail(`expected ID or ID:QUALIFIER, each of at most ${MAX_IDENTITY} characters, such as 500123456:ZZ`);
  return ok({ id, qualifier });
}

export const formatIdentity = ({ id, qualifier }: EdiIdentity): string =>
  qualifier === '' ? id : `${id}:${qualifier}`;
