/**
 * `sluis takeover`: moves a whole region here from another server, practice by practice, in waves.
 */
import { subject } from './core/subject.ts';
import { back } from './takeover/back.ts';
import { giveBackParts } from './takeover/give-back.ts';
import { letterSent, letterText, letterWritten, letters } from './takeover/letters.ts';
import { mailboxes, note, practices, ready, rehearsed } from './takeover/parts.ts';
import { opens } from './takeover/passwords.ts';
import { rehearse } from './takeover/rehearse.ts';
import { status } from './takeover/status.ts';
import { waveHere } from './takeover/wave.ts';

export const takeovers = subject(
  'takeover',
  'the move of many practices from another server, in waves',
  { rehearse, wave: waveHere, status, letters, back },
  {
    parts: {
      practices,
      mailboxes,
      ready,
      note,
      rehearsed,
      opens,
      'letter-text': letterText,
      'letter-written': letterWritten,
      'letter-sent': letterSent,
      ...giveBackParts,
    },
  },
);
