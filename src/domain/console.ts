/** Limits of the web console: how operators get in, and for how long. */
import { days, hours, minutes } from './units.ts';

/** How somebody logged in to the console. */
export const MEANS = ['passkey', 'oidc', 'break-glass'] as const;
export type Means = (typeof MEANS)[number];

/** A key for the office, one for home, and one in the safe. */
export const MAX_PASSKEYS = 10;
/** How long a one-time code holds with which a passkey is registered. */
export const CONSOLE_CODE_LIFE = days(1);
/**
 * Wrong tries at one code; then it is void. Its secret has 79 bits: this keeps the trail short, and
 * no more.
 */
export const MAX_CONSOLE_CODE_TRIES = 10;
/** Sessions of one operator at a time; one more ends the oldest. */
export const MAX_CONSOLE_SESSIONS = 5;
/** Time from when a challenge is shown until it is answered. */
export const CHALLENGE_LIFE = minutes(5);
/**
 * The same for a visitor who was sent to an OpenID provider, where passwords are typed and
 * telephones looked for.
 */
export const FEDERATED_LIFE = minutes(10);
/** An answered challenge is remembered for longer than it holds, so that no answer serves twice. */
export const PROOF_KEPT = hours(1);
/** For so long after a touch of the key what cannot be undone is done without another. */
export const STEP_UP_LIFE = minutes(5);
/** The last use of a session is written no oftener. */
export const SEEN_STEP = minutes(1);
/**
 * Ended sessions and codes are kept for so long, so that what an operator asks of yesterday has an
 * answer.
 */
export const CONSOLE_KEPT = days(30);

/** Name of the one operator who logs in with a password. */
export const BREAK_GLASS = 'break-glass';
/** How long a session of it holds at most. */
export const BREAK_GLASS_LIFE = hours(1);
/**
 * Older secrets are known to people who have left; what nobody has tried for so long may have been
 * lost.
 */
export const BREAK_GLASS_AGE = days(365);
/** Whoever makes new secrets tries them within these days; a login after that is an emergency. */
export const BREAK_GLASS_TRIAL = days(7);
/**
 * Whoever has not logged in for so long may have left: what a yearly review of rights would find
 * too late.
 */
export const CONSOLE_IDLE = days(90);
