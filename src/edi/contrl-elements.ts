/** Writes values of a received interchange as elements of our answer. */
import type { EdiParty } from '../domain/interchange.ts';

/**
 * A `?` takes the special meaning from service characters. Characters that Latin-1 cannot show
 * become blanks.
 */
export const escaped = (text: string): string => text.replace(/[^\x20-\x7e\xa0-\xff]/g, ' ').replace(/[?+:']/g, '?$&');

export const partyElement = ({ id, qualifier }: EdiParty): string =>
  qualifier === '' ? escaped(id) : `${escaped(id)}:${escaped(qualifier)}`;
