/** Limits of the pages on which accounts help themselves: how they get in, and for how long. */
import { days, hours, minutes } from './units.ts';

/** Digits of a code by mail. */
export const MAILED_DIGITS = 8;
/** How long a code is valid: the reader's program fetches mail every few minutes. */
export const MAILED_LIFE = minutes(15);
/** Wrong tries at one code; then it is void. */
export const MAX_MAILED_TRIES = 5;
/**
 * Codes that are made for an account in an hour: no more letters come than somebody reads, and 25
 * tries an hour find one of 100 million codes in 200 years.
 */
export const MAX_MAILED_CODES = 5;
export const MAILED_KEPT = hours(1);
/** Sessions of one account at a time; one more ends the oldest. */
export const MAX_SELF_SERVICE_SESSIONS = 5;
/** Ended sessions are kept for so long. */
export const SELF_SERVICE_KEPT = days(30);
/** Longest session without a request, and at most. */
export const SELF_SERVICE_IDLE = minutes(20);
export const SELF_SERVICE_LONGEST = hours(4);
