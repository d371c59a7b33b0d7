/**
 * Who logs in at the old server, from the log that it writes: lines of Dovecot 2.2 to 2.4 as it
 * writes them itself or by syslog, or a table `user,at` of whatever another server has. What a
 * proxy hands on to the new server is no login there.
 */
import { createReadStream } from 'node:fs';
import { type Instant, instant } from '../../domain/units.ts';
import { SourceError } from './source.ts';

export interface OldLogin {
  readonly user: string;
  readonly at: Instant;
  /** Address that the connection came from, as in the log. */
  readonly from?: string;
}

/** Longer lines tell of no login. */
const MAX_LINE = 16 * 1024;
const SLICE = 256 * 1024;

/**
 * `pop3-login: Info: Login: user=<jansen>, method=PLAIN, rip=192.0.2.7, ...`; since 2.4 "Logged
 * in:". A proxied one says "proxy".
 */
const DOVECOT = /\b(?:pop3|imap)-login: (?:Info: )?(?:Login|Logged in): user=<([^>]+)>, (.*)/;
const TABLE = /^"?user"?,"?at"?\s*$/;

/**
 * Calls `each` for every login; answers how many lines there were. Throws SourceError for a file
 * that cannot be read. `now`: such logs have no year.
 */
export async function readOldLog(
  file: string,
  now: Instant,
  each: (login: OldLogin) => void,
): Promise<{ readonly lines: number; readonly logins: number }> {
  const stream = createReadStream(file, { highWaterMark: SLICE, encoding: 'latin1' });
  let [rest, lines, logins, isTable] = ['', 0, 0, false];
  const line = (text: string): void => {
    lines += 1;
    if (lines === 1 && TABLE.test(text)) {
      isTable = true;
      return;
    }
    const login = isTable ? ofTable(text) : ofDovecot(text, now);
    if (login === undefined) return;
    logins += 1;
    each(login);
  };
  try {
    for await (const slice of stream as AsyncIterable<string>) {
      const parts = (rest + slice).split('\n');
      rest = parts.pop() ?? '';
      if (rest.length > MAX_LINE) rest = rest.slice(0, MAX_LINE);
      for (const part of parts) line(part.replace(/\r$/, '').slice(0, MAX_LINE));
    }
    if (rest !== '') line(rest);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new SourceError(`Cannot read the log "${file}": ${code ?? String(error)}; name a file that you may read`);
  }
  return { lines, logins };
}

function ofTable(text: string): OldLogin | undefined {
  const [, user, at] = /^"?([^",]+)"?,"?([^",]+)"?$/.exec(text.trim()) ?? [];
  const time = Date.parse(at ?? '');
  return user === undefined || Number.isNaN(time) ? undefined : { user: utf8(user), at: instant(time) };
}

function ofDovecot(text: string, now: Instant): OldLogin | undefined {
  const [, user, rest = ''] = DOVECOT.exec(text) ?? [];
  if (user === undefined || /\bproxy\b|\bproxying\b/.test(rest)) return undefined;
  const at = timeOf(text, now);
  if (at === undefined) return undefined;
  const [, from] = /\brip=([0-9a-fA-F.:]+)/.exec(rest) ?? [];
  return { user: utf8(user), at, ...(from !== undefined && { from }) };
}

const utf8 = (latin1: string): string => Buffer.from(latin1, 'latin1').toString('utf8');

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec';

/**
 * `2026-12-02T10:15:00+01:00`, `2026-12-02 10:15:00` or `Dec  2 10:15:00`: without a zone that of this machine.
 */
function timeOf(text: string, now: Instant): Instant | undefined {
  const [, day, clock, zone] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,]\d+)?(Z|[+-]\d\d:?\d\d)?/.exec(text) ?? [];
  if (day !== undefined) {
    const at = Date.parse(`${day}T${clock ?? ''}${zone ?? ''}`);
    return Number.isNaN(at) ? undefined : instant(at);
  }
  const [, month, date, hour, minute, second] = /^([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d):(\d\d)/.exec(text) ?? [];
  const at = MONTHS.indexOf(month ?? '?');
  if (at < 0 || at % 3 !== 0) return undefined;
  const inYear = (year: number): number =>
    new Date(year, at / 3, Number(date), Number(hour), Number(minute), Number(second)).getTime();
  const year = new Date(now).getFullYear();
  // A line of December that is read in January.
  return instant(inYear(year) > now + 86_400_000 ? inYear(year - 1) : inYear(year));
}
