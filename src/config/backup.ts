/** What follows from the section backup. */
import { type Milliseconds, days, hours, milliseconds } from '../domain/units.ts';
import type { Config } from './schema.ts';

/** A backup takes its time, and one that fails once is taken a while later. */
const SLACK = hours(2);

/** Age beyond which the newest backup is too old. */
export const maxAgeOf = ({ backup }: Pick<Config, 'backup'>): Milliseconds =>
  backup['max-age'] ?? milliseconds(backup.every + SLACK);

/** Where nothing is scheduled: a drill every three months, and some days to make it. */
const BY_HAND = days(100);

/** Age beyond which the last good drill is too old. */
export const maxDrillAgeOf = ({ backup }: Pick<Config, 'backup'>): Milliseconds => {
  const every = backup['drill-every'];
  return every === undefined ? BY_HAND : milliseconds(every + days(2));
};
