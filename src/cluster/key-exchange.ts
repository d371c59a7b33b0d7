/**
 * One round of questions to one other node: both have the same keys of every day after it, and
 * nothing of an erased one.
 */
import type { ClusterSecrets } from '../crypto/keys/cluster-secrets.ts';
import type { Day } from '../domain/utc-day.ts';
import { instant } from '../domain/units.ts';
import type { Peer } from './channel/client.ts';
import { ChannelBroken, PeerRefused } from './channel/refusals.ts';
import { ERASING_AT_A_TIME, type KnownDay } from './channel/requests.ts';
import type { DayKeys } from './day-keys.ts';
import { type ErasureProof, isProven, lineOf, nodeIn } from './erasure-proof.ts';

export interface ExchangeParts {
  readonly days: DayKeys;
  readonly storeId: string;
  readonly secrets: ClusterSecrets;
  /** Another node proved that it destroyed a day: into the trail. */
  readonly proven: (proof: ErasureProof) => void;
}

export interface Exchanged {
  /** Days of which the other has every key that this node has. */
  readonly acknowledged: ReadonlySet<Day>;
  /** What the other could not do yet, in words. */
  readonly left: readonly string[];
}

/** Of one round: an old store may have thousands of erased days when its second node comes. */
const MOST_ERASURES = 100;

/**
 * From the day `from` on. Rejects with PeerRefused or ChannelBroken; what was exchanged by then
 * stays.
 */
export async function exchangeKeys(peer: Peer, from: Day, parts: ExchangeParts): Promise<Exchanged> {
  const acknowledged = new Set<Day>();
  const left: string[] = [];
  const budget = { erasures: MOST_ERASURES };
  for (const [day, messages] of parts.days.keys.erasing()) left.push(...(await tellErasing(peer, day, messages)));
  for (let page: Day | undefined = from; page !== undefined;) {
    const theirs: { readonly days: readonly KnownDay[]; readonly next?: Day | undefined } = await peer.ask(
      'keys.have',
      {
        from: page,
      },
    );
    for (const pair of pairsOf(parts.days, theirs, page)) {
      const found = await exchangeDay(peer, pair, parts, budget);
      if (found === true) acknowledged.add(pair.day);
      else if (found !== undefined) left.push(found);
    }
    page = theirs.next !== undefined && theirs.next > page ? theirs.next : undefined;
  }
  return { acknowledged, left };
}

interface Pair {
  readonly day: Day;
  readonly ours: KnownDay | undefined;
  readonly theirs: KnownDay | undefined;
}

function pairsOf(
  days: DayKeys,
  theirs: { readonly days: readonly KnownDay[]; readonly next?: Day | undefined },
  from: Day,
): readonly Pair[] {
  const its = new Map(theirs.days.map((one) => [one.day, one]));
  const ours = new Map<Day, KnownDay>();
  for (let page: Day | undefined = from; page !== undefined;) {
    const found = days.have(page);
    for (const one of found.days) if (theirs.next === undefined || one.day < theirs.next) ours.set(one.day, one);
    page = found.next !== undefined && (theirs.next === undefined || found.next < theirs.next) ? found.next : undefined;
  }
  return [...new Set([...its.keys(), ...ours.keys()])]
    .sort()
    .map((day) => ({ day, ours: ours.get(day), theirs: its.get(day) }));
}

/** Exchanges the keys of a day; resolves to what is still to be done. */
async function exchangeDay(
  peer: Peer,
  { day, ours, theirs }: Pair,
  parts: ExchangeParts,
  budget: { erasures: number },
): Promise<true | string | undefined> {
  if (theirs?.state === 'erased' && ours?.state !== 'erased') {
    try {
      await parts.days.erase(day);
    } catch (error) {
      if (error instanceof PeerRefused) return error.message;
      throw error;
    }
    return await askErasure(peer, day, parts, budget);
  }
  if (ours?.state === 'erased') return await askErasure(peer, day, parts, budget);
  if (ours?.state === 'kept' || theirs?.state === 'kept')
    return await exchangeClosed(peer, { day, ours, theirs }, parts);
  for (const mark of theirs?.marks ?? [])
    if (ours?.marks.includes(mark) !== true) {
      const { sealed } = await peer.ask('keys.give', { day, mark });
      parts.days.take(day, sealed);
    }
  if (ours === undefined) return true;
  for (const mark of ours.marks)
    if (theirs?.marks.includes(mark) !== true) await peer.ask('keys.take', { day, sealed: parts.days.give(day, mark) });
  return true;
}

/**
 * The day was closed for the sake of erased messages: each node closes it by what the common store
 * still has of it, and no word of another destroys a key. What differs where both have closed it
 * was erased since. A node that has no key of the day gets the kept ones.
 */
async function exchangeClosed(
  peer: Peer,
  { day, ours, theirs }: Pair,
  { days }: ExchangeParts,
): Promise<string | undefined> {
  if (ours === undefined) {
    days.takeKept(day, await keptOf(peer, day));
    return undefined;
  }
  // The other gateway fetches these keys by itself.
  if (theirs === undefined || ours.marks[0] === theirs.marks[0]) return undefined;
  const waits = theirs.state === 'kept' ? await days.close(day) : undefined;
  if (waits !== undefined || ours.state !== 'kept') return waits;
  const { closed } = await peer.ask('keys.close', { day });
  return closed
    ? undefined
    : `node "${peer.introduction.node}" still has a message of ${day} on its way, so what was erased of that day is not closed there yet`;
}

/** Fetches all kept keys of a day from another gateway, part by part. */
async function keptOf(peer: Peer, day: Day): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (let [from, octets] = [0, 1]; from < octets;) {
    const part = await peer.ask('keys.kept', { day, from });
    const sealed = Buffer.from(part.sealed, 'base64');
    if (sealed.length === 0) throw new ChannelBroken(`the kept keys of ${day} ended before their end`);
    parts.push(sealed);
    from += sealed.length;
    ({ octets } = part);
  }
  return Buffer.concat(parts);
}

/** Tells a gateway which messages to erase; answers what it did not note, in words. */
async function tellErasing(peer: Peer, day: Day, messages: readonly bigint[]): Promise<readonly string[]> {
  try {
    for (let at = 0; at < messages.length; at += ERASING_AT_A_TIME)
      await peer.ask('keys.erasing', { day, messages: messages.slice(at, at + ERASING_AT_A_TIME).map(String) });
    return [];
  } catch (error) {
    if (error instanceof PeerRefused && error.code === 'not-erased') return [error.message];
    throw error;
  }
}

async function askErasure(
  peer: Peer,
  day: Day,
  { days, secrets, storeId, proven }: ExchangeParts,
  budget: { erasures: number },
): Promise<string | undefined> {
  const { node } = peer.introduction;
  if (days.keys.erasureProofs(day).some((line) => nodeIn(line) === node)) return undefined;
  if (budget.erasures <= 0) return `more erased days are to be proved by node "${node}"`;
  budget.erasures -= 1;
  try {
    const answer = await peer.ask('keys.erase', { day });
    const proof = { day, node: answer.node, at: instant(answer.at), proof: answer.proof };
    if (answer.node !== node || !isProven(secrets, storeId, proof))
      return `node "${node}" says that it destroyed the keys of ${day}, and its proof does not hold`;
    days.keys.noteErasureProof(day, lineOf(proof));
    proven(proof);
    return undefined;
  } catch (error) {
    if (error instanceof PeerRefused && error.code === 'not-erased') return error.message;
    throw error;
  }
}
