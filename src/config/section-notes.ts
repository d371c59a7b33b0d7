/**
 * What docs/configuration.md says about sections beyond their settings, by the names of the
 * sections.
 */
import type { Notes } from './section-notes/notes.ts';
import { MAIL_NOTES } from './section-notes/mail.ts';
import { PORT_NOTES } from './section-notes/ports.ts';
import { STORE_NOTES } from './section-notes/store.ts';

export const SECTION_NOTES: Notes = { ...PORT_NOTES, ...MAIL_NOTES, ...STORE_NOTES };
