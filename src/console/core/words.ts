/** The menu of every page, and the console's own words for some problems. */
import type { OwnProblems } from '../../web/look/problem.ts';

export const MENU = {
  nl: { today: 'Vandaag', search: 'Zoeken', registers: 'Overzichten' },
  en: { today: 'Today', search: 'Search', registers: 'Registers' },
};

export const CONSOLE_PROBLEMS: OwnProblems = { nl: { back: 'Naar Vandaag' }, en: { back: 'To Today' } };
