/**
 * Limits of one-time codes for passwords: the gateway holds to them, and the command line tells of
 * them without loading what makes codes.
 */

/** Days that a code holds, when nothing is said, and at most. */
export const CODE_DAYS = { initial: 7, most: 30 } as const;

/** Most accounts of one call: one transaction, and letters that fit one answer. */
export const MOST_CODES = 100;
