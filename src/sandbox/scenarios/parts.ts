/** What the lists of scenarios share. */
import type { Facts } from '../facts.ts';
import { type Mail, type Placed, result } from '../mails.ts';
import { wholeVisits } from '../judge-fetch.ts';

export const two: readonly Mail[] = [result('A'), result('B')];
export const three: readonly Mail[] = [...two, result('C')];

export const LAB = 'lab@ziekenhuis.test';
/** Its mailbox is an account of its own. */
export const FULL = 'vol@ziekenhuis.test';
export const POLI = 'poli@ziekenhuis.test';

/** Programs that come again and again without a pause. */
export const hammers = (facts: Facts, most: number): boolean => {
  const times = facts.visits.map(({ at }) => at);
  return facts.runs.length === 0 && times.some((at, i) => (times[i + most] ?? Infinity) - at < 10_000);
};

export const names = (placed: readonly Placed[]): string => placed.map(({ name }) => name).join(', ');
export const cameBack = (facts: Facts): boolean => wholeVisits(facts).length > 0;
