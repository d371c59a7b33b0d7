/** Values of another interchange as elements of ours. */
import type { EdiParty } from '../domain/interchange.ts';

/** Signs with a meaning of their own keep it out of a value. */
export const escaped = (text: string): string => text.replace(/[^\x20-\x7e\xa0-\xff]/g, ' ').replace(/[?+:']/g, '?$&');

export const partyElement = ({ id, qualifier }: EdiParty): string =>
  qualifier === '' ? escaped(id) : `${escaped(id)}:${escaped(qualifier)}`;
