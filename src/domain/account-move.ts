/** How an account goes to another organisation, as far as that is true without a store. */
import { foldLogin } from './registry.ts';
import { type Instant, days } from './units.ts';

/**
 * How far back the day may lie from which mail goes along: what nobody collected in that time is
 * gone by default as well.
 */
export const MAX_MOVE_BACK = days(92);

/** Most addresses, and most credentials and keys, that go along: they move in one transaction. */
export const MAX_MOVED_ADDRESSES = 1000;

/** What is wrong with the moment from which mail goes along; undefined if nothing is. */
export function sinceProblem(since: Instant, now: Instant): string | undefined {
  if (since > now)
    return 'it is in the future; give the command on that day or later: with the same --since all that came since then goes along';
  if (since < now - MAX_MOVE_BACK)
    return `it is more than ${MAX_MOVE_BACK / days(1)} days back; earlier mail stays with the organisation for which it came: "sluis mailbox export" hands it out`;
  return undefined;
}

const MAX_LOGIN = 254;

/**
 * The login name under which the old organisation keeps what was before: the n-th that is tried,
 * such as `anna~2026-11-26` and `anna~2026-11-26.2`.
 */
export function formerLogin(login: string, now: Instant, n: number): string {
  const mark = `~${new Date(now).toISOString().slice(0, 10)}${n === 1 ? '' : `.${n}`}`;
  const name = Array.from(login);
  while (name.length > 0) {
    // Folding may make it longer, and a mark may not begin with half a character.
    const tried = foldLogin(name.join('') + mark);
    if (tried !== undefined && Array.from(tried).length <= MAX_LOGIN) return tried;
    name.pop();
  }
  throw new RangeError(`There is no former name for the login "${login}"`);
}
