/** What is asked of a program that fetches, whatever goes wrong. */
import type { Deleted, Facts, Visit } from './facts.ts';
import type { Placed } from './mails.ts';
import { type Finding, type Rule, GUIDE_RECEIVING, GUIDE_VALUES, failed, remark } from './scenario.ts';

export const RULE_STORE: Rule = {
  says: 'Store durably before anything is deleted; DELE comes after the last line of the message.',
  rfc: 'RFC 1939 section 6',
  guide: `${GUIDE_RECEIVING}, steps 4 and 5`,
};
export const RULE_UIDL: Rule = {
  says: 'Compare UIDL with a list of your own, and fetch what is not on it. Unique ids persist over sessions; numbers hold for one session.',
  rfc: 'RFC 1939 section 7',
  guide: `${GUIDE_RECEIVING}, steps 2 and 3`,
};
export const RULE_QUIT: Rule = {
  says: 'QUIT, and read its answer: only then is anything deleted. Without it, or after -ERR, everything is still there and comes again.',
  rfc: 'RFC 1939 section 6',
  guide: `${GUIDE_RECEIVING}, step 5`,
};
export const RULE_TLS: Rule = {
  says: 'TLS comes before any password, and the certificate is verified, name and end included.',
  rfc: 'RFC 8314 section 3, RFC 2595 section 2.4',
  guide: GUIDE_VALUES,
};

const LOST =
  'A result that is deleted before it was stored is in neither place when the line or the machine breaks: nobody knows that there was one.';
const TWICE = 'One measurement is in the file as two: a trend is seen that is not there, and a dose is set on it.';
export const READ = 'Whoever reads along has the password, and with it every result of the practice.';

/** A look at where the program stores, once the scenario is over. */
export interface StoredFacts {
  readonly copies: ReadonlyMap<string, number>;
  readonly exact: ReadonlyMap<string, boolean>;
}

/** Whole visits: logged in, and QUIT was answered. */
export const wholeVisits = (facts: Facts): readonly Visit[] =>
  facts.visits.filter((visit) => visit.protocol === 'pop3' && visit.loggedIn && visit.quit === 'done');

const goneWith = (facts: Facts): Set<string> =>
  new Set(
    facts.visits
      .filter(({ quit, cut }) => quit === 'done' || (quit === 'lost' && cut))
      .flatMap((visit) => visit.deleted.map(({ uid }) => uid)),
  );

/**
 * Everything arrived, and is deleted; or two whole visits went by and the program leaves it there.
 */
export function fetchedAll(facts: Facts, placed: readonly Placed[], used: boolean): boolean {
  if (!used || facts.open) return false;
  const wanted = placed.filter(({ gone }) => gone !== true);
  const whole = new Set(facts.fetched.filter((one) => one.whole).map(({ uid }) => uid));
  const gone = goneWith(facts);
  const visits = wholeVisits(facts);
  if (wanted.every(({ uid }) => whole.has(uid) && gone.has(uid))) return visits.length >= 1 || wanted.length === 0;
  return visits.length >= 3;
}

function judgeDeleted({ early, stored, atQuit }: Deleted, name: string, whole: boolean): Finding | undefined {
  if (!whole) return failed(`It deleted ${name}, which it never had whole: deleted before it was stored.`, LOST);
  if (atQuit?.early === true)
    return failed(
      `It sent DELE and QUIT for ${name} before the last line had come: deleted before it was stored.`,
      LOST,
    );
  if (atQuit?.stored === false)
    return failed(
      `It deleted ${name}, QUIT included, while nothing of it lay where it stores: deleted before it was stored.`,
      LOST,
    );
  if (early)
    return remark(`It sent DELE for ${name} before the last line of it had come; before QUIT it had all of it.`);
  if (stored === false && atQuit?.stored === true)
    return remark(`It sent DELE for ${name} before it was stored; before QUIT it was.`);
  return undefined;
}

export function judgeFetch(
  facts: Facts,
  placed: readonly Placed[],
  stored: StoredFacts | undefined,
): readonly Finding[] {
  const findings: Finding[] = [];
  const nameOf = (uid: string): string => placed.find((one) => one.uid === uid)?.name ?? 'a message';
  if (facts.visits.some(({ inClear }) => inClear === true))
    findings.push(failed('It sent a name or a password outside TLS, where anybody on the way reads it.', READ));
  if (facts.tooMany > 0)
    findings.push(failed(`It connected ${facts.visits.length + facts.tooMany} times: it hammers the server.`));
  const had = new Set<string>();
  for (const visit of facts.visits) {
    const wholeHere = new Set(visit.fetched.filter(({ whole }) => whole).map(({ uid }) => uid));
    for (const one of visit.deleted) {
      const finding = judgeDeleted(one, nameOf(one.uid), had.has(one.uid) || wholeHere.has(one.uid));
      if (finding !== undefined) findings.push(finding);
    }
    for (const uid of wholeHere) had.add(uid);
  }
  for (const one of placed) {
    const times = facts.fetched.filter(({ uid, whole }) => whole && uid === one.uid).length;
    const copies = stored?.copies.get(one.uid);
    if (times > 1)
      findings.push(
        copies === 1
          ? remark(`It fetched ${one.name} ${times} times, though it had it, and stored it once.`)
          : failed(
              `It fetched ${one.name} ${times} times, though it had it whole: fetched twice${copies === undefined ? '' : `, and ${copies} copies are stored`}.`,
              TWICE,
            ),
      );
    else if ((copies ?? 1) > 1) findings.push(failed(`It stored ${copies ?? 0} copies of ${one.name}.`, TWICE));
    if (times === 0 && one.gone !== true && wholeVisits(facts).length > 0)
      findings.push(failed(`It never fetched ${one.name}, which lay there all the time.`));
    if (times > 0 && copies === 0)
      findings.push(failed(`It fetched ${one.name}, and nothing of it is where it stores: lost.`, LOST));
    if (times > 0 && stored?.exact.get(one.uid) === false && copies !== 0)
      findings.push(failed(`The octets of ${one.name} are not stored as they came.`));
  }
  const gone = goneWith(facts);
  const left = placed.filter(({ uid, gone: taken }) => taken !== true && had.has(uid) && !gone.has(uid));
  if (left.length > 0)
    findings.push(
      remark(
        `It left ${left.map(({ name }) => name).join(', ')} on the server. That is right where several workplaces read the mailbox; one of them must delete in the end.`,
      ),
    );
  return findings;
}
