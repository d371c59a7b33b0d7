/** Dates as mail writes them: RFC 5322 section 3.3, always in UTC. */
import type { Instant } from '../domain/units.ts';

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;
const two = (n: number): string => (n < 10 ? `0${n}` : String(n));

/** For example `Wed, 25 Nov 2026 08:05:00 +0000`. */
export function formatDate(at: Instant): string {
  const d = new Date(at);
  const day = `${DAYS[d.getUTCDay()] ?? ''}, ${two(d.getUTCDate())} ${MONTHS[d.getUTCMonth()] ?? ''} ${d.getUTCFullYear()}`;
  return `${day} ${two(d.getUTCHours())}:${two(d.getUTCMinutes())}:${two(d.getUTCSeconds())} +0000`;
}
