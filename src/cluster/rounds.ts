/**
 * Every ten seconds this node asks all others: are you there, which keys have you, which ticket key
 * is the latest. Whatever it learns it keeps; whatever they lack it gives them. One round at a
 * time, each within its deadlines, so a node that hangs costs the others nothing.
 *
 * Keys of the days ahead are made only in a round in which every configured node answered: then
 * whoever makes one knows that nobody has one yet.
 */
import type { ClusterSecrets } from '../crypto/keys/cluster-secrets.ts';
import { type Day, dayOf } from '../domain/utc-day.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log, RandomBytes, Timer } from '../domain/effects.ts';
import { days, hours, instant, milliseconds, seconds } from '../domain/units.ts';
import { type Caller, type Peer, type PeerAddress, withPeer } from './channel/client.ts';
import { PeerRefused } from './channel/refusals.ts';
import type { DayKeys } from './day-keys.ts';
import type { ErasureProof } from './erasure-proof.ts';
import { exchangeKeys } from './key-exchange.ts';
import { DAYS_AHEAD, MOST_CLOCK, type PeerState } from './peer-state.ts';
import type { SigningKeys } from './signing-keys.ts';
import type { SharedTickets } from './tickets.ts';

const EVERY = seconds(10);
/** How often all days are exchanged, and not only those around today. */
const ALL_EVERY = hours(1);
/** With fewer days ahead, the gateway that should have made them does not hear all others. */
const LATE = DAYS_AHEAD - 2;

export interface RoundsParts {
  /**
   * Whether keys ahead are this node's to make at present. Where whose they are makes none, any
   * node does.
   */
  readonly mine: () => boolean;
  readonly peers: readonly PeerAddress[];
  readonly caller: () => Caller;
  readonly days: DayKeys;
  readonly tickets: SharedTickets;
  readonly signing: SigningKeys;
  readonly storeId: string;
  readonly secrets: ClusterSecrets;
  readonly proven: (proof: ErasureProof) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
}

const dayAfter = (day: Day, n: number): Day => dayOf(instant(Date.parse(`${day}T00:00:00Z`) + days(n)));

export class Rounds {
  readonly #p: RoundsParts;
  readonly #states = new Map<string, PeerState>();
  /** Monotonic time of the last look at all days, by host. */
  readonly #wholeAt = new Map<string, number>();
  #running: Promise<void> | undefined;
  #again = false;
  #timer: Timer | undefined;
  #stopped = false;

  constructor(parts: RoundsParts) {
    this.#p = parts;
    for (const { host } of parts.peers)
      this.#states.set(host, { host, state: 'new', acknowledged: new Set(), left: [] });
  }

  get peers(): readonly PeerState[] {
    return [...this.#states.values()];
  }

  /** Days from today on, without a gap, of which every node has every key that this one has. */
  get ahead(): number {
    const today = dayOf(this.#p.clock.now());
    for (let n = 0; n < DAYS_AHEAD; n += 1) {
      const day = dayAfter(today, n);
      if (this.#p.days.keys.stateOf(day) !== 'live') return n;
      if (!this.peers.every(({ acknowledged }) => acknowledged.has(day))) return n;
    }
    return DAYS_AHEAD;
  }

  /**
   * Another node turned this one away, or this node another: shown until the next round says
   * otherwise.
   */
  refused(host: string, { code, message }: PeerRefused): void {
    const known = this.#states.get(host);
    if (known !== undefined && code !== 'too-much') this.#become({ ...known, state: 'refused', code, why: message });
    else this.#p.log.warn('cluster.refused', { peer: host, code, why: message });
  }

  /**
   * The first round, and from then on one every ten seconds. Resolves after the first, however it
   * went.
   */
  async start(): Promise<void> {
    await this.now();
    this.#wait();
  }

  #wait(): void {
    if (this.#stopped) return;
    this.#timer = this.#p.clock.after(EVERY, () => void this.now().finally(() => this.#wait()));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
  }

  /** Days of long ago changed here: the next round looks at all of them. */
  lookAtAll(): void {
    this.#wholeAt.clear();
  }

  /**
   * A round, or one more where one is under way: what the caller wants told may have come after it
   * looked. Never rejects.
   */
  now(): Promise<void> {
    if (this.#running !== undefined) {
      this.#again = true;
      return this.#running;
    }
    this.#running = this.#all().finally(() => (this.#running = undefined));
    return this.#running;
  }

  async #all(): Promise<void> {
    const wanted = (): boolean => this.#again && !this.#stopped;
    do {
      this.#again = false;
      const answered = await this.#once();
      // Exchanged at once: until then the new key stands on one node alone.
      if (answered && this.#makeAhead() > 0) await this.#once();
    } while (wanted());
  }

  /** Runs one round; true if every node answered. */
  async #once(): Promise<boolean> {
    const answers = await Promise.all(this.#p.peers.map((peer) => this.#exchange(peer)));
    return answers.every((answer) => answer);
  }

  #stateOf(host: string): PeerState {
    return this.#states.get(host) ?? { host, state: 'new', acknowledged: new Set(), left: [] };
  }

  async #exchange(at: PeerAddress): Promise<boolean> {
    const { clock, log } = this.#p;
    const known = this.#stateOf(at.host);
    try {
      this.#become(await withPeer(at, this.#p.caller(), (peer) => this.#talk(at, peer)));
      return true;
    } catch (error) {
      const refusal = error instanceof PeerRefused ? error : undefined;
      // What is no word of the channel is a fault of ours: a key file that does not open, a full
      // disk.
      this.#become({
        ...known,
        state: refusal === undefined ? 'silent' : 'refused',
        why: error instanceof Error ? error.message : String(error),
        ...defined({ code: refusal?.code }),
      });
      if (refusal !== undefined) this.#wholeAt.delete(at.host);
      log.debug('cluster.round-failed', { peer: at.host, at: clock.now() });
      return false;
    }
  }

  async #talk(at: PeerAddress, peer: Peer): Promise<PeerState> {
    const { clock, tickets, signing, log } = this.#p;
    const { node, site, version, clock: theirs } = peer.introduction;
    const mine = tickets.current;
    tickets.hear((await peer.ask('tickets.current', defined({ mine }))).ours);
    const before = this.#states.get(at.host);
    const lastWhole = this.#wholeAt.get(at.host);
    const isWhole =
      lastWhole === undefined ||
      before?.state !== 'heard' ||
      before.left.length > 0 ||
      clock.monotonic() - lastWhole >= ALL_EVERY;
    const from = isWhole ? '0000-01-01' : dayAfter(dayOf(clock.now()), -2);
    const { acknowledged, left: ofDays } = await exchangeKeys(peer, from, this.#p);
    const left = [...ofDays, ...(await signing.fetchFrom(peer))];
    if (isWhole) this.#wholeAt.set(at.host, clock.monotonic());
    const clockAhead = milliseconds(theirs - clock.now());
    if (Math.abs(clockAhead) > MOST_CLOCK && Math.abs(before?.clockAhead ?? 0) <= MOST_CLOCK)
      log.warn('cluster.clock', { peer: at.host, ahead: clockAhead });
    return { host: at.host, state: 'heard', node, site, version, heardAt: clock.now(), clockAhead, acknowledged, left };
  }

  /** Notes the state of a gateway, with one line in the log for each change. */
  #become(state: PeerState): void {
    const before = this.#states.get(state.host);
    this.#states.set(state.host, state);
    const { log } = this.#p;
    if (before?.state === state.state && before.code === state.code) return;
    const { host, node, site, code, why } = state;
    if (state.state === 'heard') log.info('cluster.heard', { peer: host, node, site });
    else if (state.state === 'refused') log.error('cluster.refused', { peer: host, code, why });
    else log.warn('cluster.silent', { peer: host, why });
  }

  /** Makes the day keys of the days ahead; answers how many. */
  #makeAhead(): number {
    if (!this.#p.mine() && this.ahead >= LATE) return 0;
    const { days: its, clock, random, log } = this.#p;
    const today = dayOf(clock.now());
    let made = 0;
    for (let n = 0; n < DAYS_AHEAD; n += 1) {
      const day = dayAfter(today, n);
      if (its.keys.stateOf(day) !== 'none') continue;
      its.keys.make(day, random);
      log.info('cluster.key-made', { day });
      made += 1;
    }
    return made;
  }
}
