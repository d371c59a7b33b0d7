/**
 * What docs/commands.md says about commands beyond their rows, by the words of the command. The
 * note of a group stands above its commands.
 */
import { GATEWAY_NOTES } from './command-notes/gateway.ts';
import { KEY_NOTES } from './command-notes/keys.ts';
import { MAIL_NOTES } from './command-notes/mail.ts';
import type { Notes } from '../config/section-notes/notes.ts';
import { PEOPLE_NOTES } from './command-notes/people.ts';

export const COMMAND_NOTES: Notes = { ...GATEWAY_NOTES, ...PEOPLE_NOTES, ...MAIL_NOTES, ...KEY_NOTES };
