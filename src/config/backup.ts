/** What follows from the section backup. */
import { type Milliseconds, hours, milliseconds } from '../domain/units.ts';
import type { Config } from './schema.ts';

/** A backup takes its time, and one that fails once is taken a while later. */
const SLACK = hours(2);

/** Age beyond which the newest backup is too old. */
export const maxAgeOf = ({ backup }: Pick<Config, 'backup'>): Milliseconds =>
  backup['max-age'] ?? milliseconds(backup.every + SLACK);
