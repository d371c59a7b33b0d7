/** Reads a row of the trail that stands for many events: how many, and when the last one was. */
const factIn = (facts: string, name: string): unknown => (JSON.parse(facts) as Readonly<Record<string, unknown>>)[name];

/** Number of events; 1 if the row does not say. */
export function countIn(facts: string): number {
  const value = factIn(facts, 'count');
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 1;
}

/** Time of the last event, milliseconds since 1970. */
export function lastIn(facts: string): number | undefined {
  const value = factIn(facts, 'last');
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}
