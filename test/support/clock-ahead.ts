/**
 * Loaded with `--import` into a gateway as `clock-ahead.js?MILLISECONDS`: its clock is ahead by
 * that time. Timers and measured durations do not change.
 */
const ahead = Number(new URL(import.meta.url).search.slice(1));
const now = Date.now.bind(Date);
if (ahead !== 0) Date.now = () => now() + ahead;

/** Options of Node, for `Instance.serve`. */
export const clockAhead = (milliseconds: number): readonly string[] => [
  '--import',
  `${new URL(import.meta.url).href}?${milliseconds}`,
];
