// Unit tests that hold golden files, generated pages and lists to the code, as beginnings of their names below test. A change on purpose makes these fail
// and no other ones: `npm run goldens` renews what can be renewed, and runs all of them.

/** With WRITE_GOLDEN=1 they write their golden files anew. */
const WRITERS = [
  'admin/rights.',
  'api/administration/rights.',
  'api/document.',
  'ca/enrol/letters.',
  'cli/frozen/',
  'commands/statement.',
  'docs/formats.',
  'pictures/',
  'store/migration-numbers.',
  'store/schema.',
];
/** They read what others wrote: what is missing there has to be written by hand. */
const READERS = [
  'api/sweep.',
  'claims/',
  'cli/check.',
  'cli/groups.',
  'cli/printed-commands.',
  'commands/',
  'config/',
  'console/pages.',
  'docs/',
  'domain/',
  'gateway/metrics.',
  'letters/',
  'package/',
  'store/query-plans.',
  'trail/completeness.',
  'trail/persons.',
];

const isOneOf = (beginnings) => (name) => beginnings.some((beginning) => name.startsWith(beginning));

/** `name`: below test, with slashes. */
export const writesGoldens = isOneOf(WRITERS);
export const holdsGoldens = isOneOf([...WRITERS, ...READERS]);

/** What the lists name. */
export const goldenBeginnings = [...WRITERS, ...READERS];
