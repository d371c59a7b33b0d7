/**
 * What can be done with an address: change its settings, move it to another mailbox or partner, end
 * it, and undo the end.
 */
import type { Deed } from '../parts/deed.ts';
import { END, MOVE_WORDS, RESUME } from './end-words.ts';
import { ADDRESS_SETTINGS } from './settings.ts';

const common = { back: '/addresses', caller: true } as const;

const MOVE: Deed = {
  ...common,
  path: '/addresses/{address}/move',
  operation: 'address.move',
  input: ({ address = '' }) => ({ addresses: [address] }),
  fields: ['to-account', 'to-partner', 'queued'],
  looksFirst: true,
  words: MOVE_WORDS,
};

const END_ADDRESS: Deed = {
  ...common,
  path: '/addresses/{address}/end',
  operation: 'address.end',
  input: ({ address = '' }) => ({ address }),
  fields: ['grace', 'successor'],
  looksFirst: true,
  words: END.address,
};

const RESUME_ADDRESS: Deed = {
  ...common,
  path: '/addresses/{address}/resume',
  operation: 'address.resume',
  input: ({ address = '' }) => ({ address }),
  words: RESUME.address,
};

export const OF_ADDRESS: readonly Deed[] = [MOVE, END_ADDRESS, RESUME_ADDRESS];

/** Actions on an address that make sense in this state. */
export const addressDeeds = (state: string): readonly Deed[] =>
  state === 'ended'
    ? []
    : state === 'active'
      ? [ADDRESS_SETTINGS, MOVE, END_ADDRESS]
      : [ADDRESS_SETTINGS, RESUME_ADDRESS, ...(state === 'suspended' ? [MOVE, END_ADDRESS] : [])];
