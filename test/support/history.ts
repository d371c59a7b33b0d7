/**
 * Judges what clients saw while a gateway was killed, cut off and moved. It compares what writers
 * were answered with what readers found.
 *
 * It knows nothing of gateways or clocks. Times are rising numbers of one clock, and a message is
 * known by the key that its writer gave it. A *copy* is one stored message (its id stands in the
 * trace line), so a message that was filed twice has two copies. The classes of faults:
 *
 * - lost: acknowledged but in no mailbox, or seen in a mailbox and then gone, although nobody who
 *   had fetched the whole message asked for its deletion
 * - unexpected: found where nobody sent it, or with other octets, or although every attempt was
 *   refused
 * - doubled: more copies in one mailbox than attempts with an unknown end allow; those that they do
 *   allow are `explained`
 * - recovered: found although no attempt was ever acknowledged; a writer who tries until it is
 *   acknowledged leaves none
 * - UIDL changed: a copy with two names, or a name with two copies
 * - resurrected: listed again after an answered deletion, or after a listing without it
 * - two owners: two sessions that could both delete from one mailbox at the same time, as their
 *   answers show
 */

export interface Attempt {
  readonly gateway: string;
  /**
   * `unknown`: the content was sent, and there was no final answer (a 4xx, or nothing). If the
   * attempt broke off before the content was sent, it is no attempt.
   */
  readonly outcome: 'acknowledged' | 'refused' | 'unknown';
}
export interface Submission {
  readonly key: string;
  /** The mailboxes to which it was sent. */
  readonly to: readonly string[];
  readonly attempts: readonly Attempt[];
}

export interface Fetched {
  /** The UIDL or, over the API, the copy's own id. */
  readonly name: string;
  readonly copy: string;
  /** Key of the message; undefined if it is unknown. */
  readonly key: string | undefined;
  readonly intact: boolean;
}
/** One session of a reader: POP3 from its login to QUIT, or a claim over the API. */
export interface Pickup {
  readonly mailbox: string;
  readonly gateway: string;
  readonly road: 'pop3' | 'api';
  /** When the login was sent, and when it was answered. */
  readonly begun: number;
  readonly opened: number;
  /**
   * UIDLs of the whole mailbox for POP3. For the API, the ids that were claimed, which need not be
   * all. Absent if the session broke before.
   */
  readonly listed: readonly string[] | undefined;
  readonly fetched: readonly Fetched[];
  /**
   * Names that `ending` asks to delete. Each was fetched whole, in this session or an earlier one.
   */
  readonly removed: readonly string[];
  /**
   * QUIT, or the acknowledgement. `refused`: the answer said that nothing was deleted. Absent if it
   * was never sent, so that nothing may be deleted.
   */
  readonly ending?: Ending;
}
interface Ending {
  readonly sent: number;
  /** Infinity if no answer came. */
  readonly answered: number;
  readonly outcome: 'answered' | 'refused' | 'unknown';
}

/**
 * Pickups are in the order in which they began. The last whole listing of each mailbox says what is
 * left.
 */
export interface History {
  readonly submissions: readonly Submission[];
  readonly pickups: readonly Pickup[];
}

export const CLASSES = [
  'lost',
  'unexpected',
  'doubled',
  'recovered',
  'uidlChanged',
  'resurrected',
  'twoOwners',
] as const;
export type Class = (typeof CLASSES)[number];
export type Verdict = Readonly<Record<Class, readonly string[]>> & {
  /** Copies beyond the first that attempts with an unknown end explain. */
  readonly explained: readonly string[];
  readonly acknowledged: number;
  readonly unknown: number;
  readonly removed: number;
};

/**
 * One session in which copies have names that are the same for POP3 and the API, as far as the
 * copies are known.
 */
interface Look {
  readonly pickup: Pickup;
  readonly listed: ReadonlySet<string> | undefined;
  readonly removed: ReadonlySet<string>;
  /** True if everything that is not in its list was not in the mailbox. */
  readonly whole: boolean;
}

type Tell = (kind: Class | 'explained', text: string) => void;

export function judge({ submissions, pickups }: History): Verdict {
  const found = Object.fromEntries([...CLASSES, 'explained'].map((kind) => [kind, new Set<string>()]));
  const tell: Tell = (kind, text) => found[kind]!.add(text);
  const mailboxes = new Map<string, Pickup[]>();
  for (const pickup of pickups) mailboxes.set(pickup.mailbox, [...(mailboxes.get(pickup.mailbox) ?? []), pickup]);
  for (const [name, of] of mailboxes) {
    const copyOf = readNames(name, of, tell);
    const looks = of.map((pickup) => lookOf(pickup, copyOf));
    judgeNames(name, looks, copyOf, tell);
    judgeOwners(name, looks, tell);
  }
  judgeCopies(submissions, mailboxes, tell);
  const outcomes = submissions.flatMap(({ attempts }) => attempts.map(({ outcome }) => outcome));
  return {
    ...(Object.fromEntries(Object.entries(found).map(([kind, texts]) => [kind, [...texts]])) as unknown as Verdict),
    acknowledged: submissions.filter(isAcknowledged).length,
    unknown: outcomes.filter((outcome) => outcome === 'unknown').length,
    removed: pickups.filter(({ ending }) => ending?.outcome === 'answered').flatMap(({ removed }) => removed).length,
  };
}

const isAcknowledged = ({ attempts }: Submission): boolean =>
  attempts.some(({ outcome }) => outcome === 'acknowledged');
const UIDL = 'UIDL ';
/** The name of a copy before its content is known. */
const nameOf = ({ road }: Pickup, name: string): string => (road === 'api' ? name : `${UIDL}${name}`);

/**
 * Finds the copy that each name stands for. In POP3 and in the API, a copy keeps one name for ever.
 */
function readNames(mailbox: string, pickups: readonly Pickup[], tell: Tell): ReadonlyMap<string, string> {
  const copyOf = new Map<string, string>();
  const nameOfCopy = new Map<string, string>();
  for (const pickup of pickups)
    for (const { name, copy, intact } of pickup.fetched) {
      const of = nameOf(pickup, name);
      const before = copyOf.get(of) ?? copy;
      if (before !== copy) tell('uidlChanged', `${mailbox}: ${of} was ${before} and is ${copy}`);
      const called = nameOfCopy.get(`${pickup.road} ${copy}`) ?? of;
      if (called !== of) tell('uidlChanged', `${mailbox}: ${copy} was called ${called} and is called ${of}`);
      if (!intact) tell('unexpected', `${mailbox}: ${copy} has other octets than were sent`);
      copyOf.set(of, copy);
      nameOfCopy.set(`${pickup.road} ${copy}`, of);
    }
  return copyOf;
}

function lookOf(pickup: Pickup, copyOf: ReadonlyMap<string, string>): Look {
  const known = (names: readonly string[]): ReadonlySet<string> =>
    new Set(names.map((name) => copyOf.get(nameOf(pickup, name)) ?? nameOf(pickup, name)));
  const { listed, removed, road } = pickup;
  const whole = road === 'pop3' && (listed?.every((name) => copyOf.has(nameOf(pickup, name))) ?? false);
  return { pickup, listed: listed && known(listed), removed: known(removed), whole };
}

/** One sight of a copy: it was there or not, between two moments. */
interface Sight {
  readonly from: number;
  readonly to: number;
  readonly there: boolean;
}

/** A copy that was listed must be listed until somebody deletes it, and never again after that. */
function judgeNames(mailbox: string, looks: readonly Look[], copyOf: ReadonlyMap<string, string>, tell: Tell): void {
  const named = new Set([...copyOf].filter(([name]) => name.startsWith(UIDL)).map(([, copy]) => copy));
  const workers = looks.some(({ pickup }) => pickup.road === 'api');
  for (const copy of new Set(looks.flatMap(({ listed }) => [...(listed ?? [])]))) {
    // A UIDL that nobody fetched may belong to a copy that a worker took by its other name.
    const unfetched = copy.startsWith(UIDL);
    const sure = (whole: boolean): boolean => (unfetched ? !workers : whole || named.has(copy));
    const sights = looks.flatMap(({ pickup, listed, whole }): readonly Sight[] => {
      const there = listed?.has(copy);
      // A claim gets only what is free. What it does not get may be there all the same.
      if (there === undefined || (!there && (pickup.road === 'api' || !sure(whole)))) return [];
      return [{ from: pickup.begun, to: pickup.opened, there }];
    });
    const removals = looks.filter(({ pickup, removed }) => pickup.ending !== undefined && removed.has(copy));
    judgeSights(
      `${mailbox}: ${copy}`,
      sights,
      removals.map(({ pickup }) => pickup.ending!),
      tell,
    );
  }
}

function judgeSights(what: string, sights: readonly Sight[], removals: readonly Ending[], tell: Tell): void {
  const first = Math.min(...sights.filter(({ there }) => there).map(({ to }) => to));
  const gone = sights.filter(({ there, from }) => !there && from > first);
  for (const { to } of gone)
    if (!removals.some(({ outcome, sent }) => outcome !== 'refused' && sent <= to))
      tell('lost', `${what} was listed and is gone, and nobody deleted it`);
  const deleted = removals.filter(({ outcome }) => outcome === 'answered').map(({ answered }) => answered);
  const end = Math.min(...deleted, ...gone.map(({ to }) => to));
  if (sights.some(({ there, from }) => there && from > end))
    tell('resurrected', `${what} is listed again after it was gone`);
}

/**
 * A session that deletes at its end owned the mailbox until then, so nobody else may have been let
 * in meanwhile. (If the rules let somebody in, the other session ends, and its QUIT must be
 * refused.) Workers with claims share a mailbox, but never a message.
 */
function judgeOwners(mailbox: string, looks: readonly Look[], tell: Tell): void {
  const by = new Map<string, Pickup>();
  for (const { pickup, removed } of looks) {
    const { ending, opened, road, gateway } = pickup;
    if (ending?.outcome !== 'answered' || removed.size === 0) continue;
    for (const { pickup: other } of looks)
      if (!(road === 'api' && other.road === 'api') && other.opened > opened && other.opened < ending.sent)
        tell('twoOwners', `${mailbox}: one at ${other.gateway} was let in before another at ${gateway} deleted`);
    for (const copy of removed) {
      const before = by.get(copy);
      if (before !== undefined)
        tell('twoOwners', `${mailbox}: sessions at ${before.gateway} and ${gateway} both deleted ${copy}`);
      by.set(copy, pickup);
    }
  }
}

/** Compares each message with what its writer was answered. */
function judgeCopies(
  submissions: readonly Submission[],
  mailboxes: ReadonlyMap<string, readonly Pickup[]>,
  tell: Tell,
): void {
  const sent = new Map(submissions.map((submission) => [submission.key, submission]));
  for (const [name, pickups] of mailboxes) {
    const copies = new Map<string | undefined, Set<string>>();
    for (const { copy, key } of pickups.flatMap(({ fetched }) => fetched))
      copies.set(key, (copies.get(key) ?? new Set()).add(copy));
    for (const [key, of] of copies) {
      const submission = key === undefined ? undefined : sent.get(key);
      if (!submission?.to.includes(name))
        for (const copy of of) tell('unexpected', `${name}: ${copy} (${key ?? 'no key'}), which nobody sent there`);
      else judgeFound(name, submission, of.size, tell);
    }
    for (const submission of submissions)
      if (submission.to.includes(name) && isAcknowledged(submission) && !copies.has(submission.key))
        tell('lost', `${name}: ${submission.key} was acknowledged and is nowhere`);
  }
  for (const { key, to } of submissions.filter(isAcknowledged))
    for (const name of to) if (!mailboxes.has(name)) tell('lost', `${name}: nobody looked for ${key}`);
}

function judgeFound(name: string, { key, attempts }: Submission, copies: number, tell: Tell): void {
  const unknown = attempts.filter(({ outcome }) => outcome === 'unknown').length;
  const acknowledged = attempts.some(({ outcome }) => outcome === 'acknowledged');
  if (!acknowledged && unknown > 0) tell('recovered', `${name}: ${key} was never acknowledged and is there`);
  if (!acknowledged && unknown === 0) tell('unexpected', `${name}: ${key} was refused and is there`);
  if (copies < 2) return;
  const kind = copies - 1 <= unknown ? 'explained' : 'doubled';
  tell(kind, `${name}: ${key} is there ${copies} times, and ${unknown} attempts had no certain end`);
}

/**
 * What everybody saw of the message that a finding is about, for people: a line for each attempt or
 * session, in the order of time.
 */
export function storyOf({ submissions, pickups }: History, finding: string): readonly string[] {
  const [, mailbox = '', what = ''] = /^([^:]+): (\S+)/.exec(finding) ?? [];
  const seen = pickups.filter((pickup) => pickup.mailbox === mailbox);
  const of = seen.flatMap(({ fetched }) => fetched).filter(({ copy, key }) => copy === what || key === what);
  const key = of.find((one) => one.key !== undefined)?.key ?? what;
  const names = new Set([what, ...of.map(({ name }) => name)]);
  const has = (list: readonly string[] | undefined): string =>
    list === undefined ? 'no list' : list.some((name) => names.has(name)) ? 'there' : 'not there';
  const time = (at: number): string => (at === Infinity ? 'never' : Math.round(at - pickups[0]!.begun).toString());
  return [
    finding,
    ...submissions
      .filter((one) => one.key === key)
      .map(({ attempts }) => `  sent: ${attempts.map(({ gateway, outcome }) => `${gateway} ${outcome}`).join(', ')}`),
    ...seen.map(({ road, gateway, begun, opened, listed, fetched, removed, ending }) => {
      const took = fetched.some(({ name }) => names.has(name)) ? ', fetched' : '';
      const marked = removed.some((name) => names.has(name)) ? ', marked' : '';
      const end = ending && `, ending ${time(ending.sent)} to ${time(ending.answered)} ${ending.outcome}`;
      return `  ${road} ${gateway} ${time(begun)} to ${time(opened)}: ${has(listed)}${took}${marked}${end ?? ', no ending'}`;
    }),
  ];
}
