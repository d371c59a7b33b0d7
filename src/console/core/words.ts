/**
 * Where an operator can go from every page, and what the console says in words of its own where
 * something was not done.
 */
import type { OwnProblems } from '../../web/look/problem.ts';

export const MENU = {
  nl: { today: 'Vandaag', search: 'Zoeken', registers: 'Overzichten' },
  en: { today: 'Today', search: 'Search', registers: 'Registers' },
};

export const CONSOLE_PROBLEMS: OwnProblems = { nl: { back: 'Naar Vandaag' }, en: { back: 'To Today' } };
