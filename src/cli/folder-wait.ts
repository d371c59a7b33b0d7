/** What a command says while it waits for another one, because it needs the data folder alone. */
import { holderText } from '../domain/lock-holder.ts';
import { TURN_SECONDS, type Waits } from '../gateway/stopped-store.ts';
import { note } from './terminal.ts';

export const tellsWait: Waits = (holder) =>
  note(`The data folder is in use by ${holderText(holder)}: waiting for it, at most ${TURN_SECONDS} s.\n`);
