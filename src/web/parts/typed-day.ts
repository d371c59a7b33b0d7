/** Dates as the Dutch write them. */

/** `31-12-2027`, as a Dutch calendar has it; the other way round no form takes it. */
const DUTCH_DAY = /^(\d{1,2})-(\d{1,2})-(\d{4})$/;
/** Words of the kinds that take a day. */
const DAYS: ReadonlySet<string> = new Set(['day', 'date', 'moment']);

/**
 * What was typed in a field, with a Dutch date as the kinds of days read one: `2027-12-31`. `word`:
 * that of the kind.
 */
export function asTyped(word: string, text: string): string {
  const [, day = '', month = '', year = ''] = DAYS.has(word) ? (DUTCH_DAY.exec(text) ?? []) : [];
  return year === '' ? text : `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
}
