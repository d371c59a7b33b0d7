/**
 * This node among those that share its store: answers the others, asks them, and says how it
 * stands.
 */
import { ClusterSecrets } from '../crypto/keys/cluster-secrets.ts';
import { KeyFolder } from '../crypto/keys/key-folder.ts';
import { KeyFolderRefused } from '../crypto/keys/key-folder-refused.ts';
import type { Day } from '../domain/utc-day.ts';
import { many } from '../domain/counted.ts';
import type { Clock, Log, RandomBytes } from '../domain/effects.ts';
import { seconds } from '../domain/units.ts';
import { fingerprintOfCheck } from '../crypto/keys/key-fingerprint.ts';
import type { Caller, PeerAddress } from './channel/client.ts';
import { type ChannelMaterial, ownProblem } from './channel/identity.ts';
import { CHANNEL_VERSION, type Introduction } from './channel/requests.ts';
import { Answerer } from './channel/server.ts';
import { DayKeys, type DaysOfStore } from './day-keys.ts';
import type { ErasureProof } from './erasure-proof.ts';
import { type PeerState, warningsOf } from './peer-state.ts';
import { Rounds } from './rounds.ts';
import { SigningKeys } from './signing-keys.ts';
import { SharedTickets } from './tickets.ts';

/**
 * How long a start asks for keys that it needs: long enough for another node that starts at the
 * same moment and lacks one of this node's.
 */
const FETCH_TIME = seconds(30);
const FETCH_EVERY = seconds(1);

export interface ClusterParts {
  readonly node: string;
  readonly site: string;
  readonly version: string;
  readonly storeId: string;
  readonly keyFolder: string;
  readonly masterKey: Uint8Array;
  readonly listen: { readonly address: string; readonly port: number };
  readonly peers: readonly PeerAddress[];
  /** Read again before each round: a certificate is replaced while the gateway runs. */
  readonly material: () => ChannelMaterial;
  readonly store: DaysOfStore;
  /** See RoundsParts; left out: always. */
  readonly mine?: () => boolean;
  readonly proven: (proof: ErasureProof) => void;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: RandomBytes;
  readonly lookup?: Caller['lookup'];
}

export interface ClusterState {
  readonly node: string;
  readonly site: string;
  /** Days from today on that have keys on all nodes. */
  readonly ahead: number;
  readonly peers: readonly PeerState[];
  readonly warnings: readonly string[];
}

export class Cluster {
  readonly tickets: SharedTickets;
  readonly #p: ClusterParts;
  readonly #days: DayKeys;
  readonly #rounds: Rounds;
  readonly #answerer: Answerer;
  #material: ChannelMaterial;
  #told: string | undefined;
  #port = 0;

  constructor(parts: ClusterParts) {
    this.#p = parts;
    const { node, clock, log, random, peers, storeId, store, proven } = parts;
    const secrets = new ClusterSecrets(parts.masterKey);
    const keys = new KeyFolder(parts.keyFolder, parts.masterKey);
    const days = new DayKeys({ keys, store, storeId, node, secrets, clock, log });
    this.#days = days;
    const signing = new SigningKeys({ keyFolder: parts.keyFolder, masterKey: parts.masterKey, log });
    const fingerprint = fingerprintOfCheck(keys.check);
    const introduction = (): Introduction => ({
      channel: CHANNEL_VERSION,
      node,
      site: parts.site,
      version: parts.version,
      store: storeId,
      key: fingerprint,
      clock: Math.max(0, Math.round(clock.now())),
    });
    this.tickets = new SharedTickets(node, secrets, random);
    this.#material = parts.material();
    this.#rounds = new Rounds({
      mine: parts.mine ?? (() => true),
      peers,
      days,
      storeId,
      secrets,
      proven,
      clock,
      log,
      random,
      signing,
      tickets: this.tickets,
      caller: () => this.#caller(introduction),
    });
    const tickets = this.tickets;
    this.#answerer = new Answerer(
      {
        introduction,
        peers,
        clock,
        log,
        handlers: {
          ...days.handlers,
          ...signing.handlers,
          'tickets.current': async ({ mine }) => {
            await Promise.resolve();
            tickets.hear(mine);
            const ours = tickets.current;
            return ours === undefined ? {} : { ours };
          },
        },
        refused: (host, refusal) => this.#rounds.refused(host, refusal),
      },
      this.#material,
    );
  }

  #caller(introduction: () => Introduction): Caller {
    const { clock, lookup } = this.#p;
    this.#read();
    return { introduction, material: this.#material, clock, ...(lookup === undefined ? {} : { lookup }) };
  }

  /** If files cannot be read, the earlier ones stay in use. */
  #read(): void {
    const { material, log, clock } = this.#p;
    let why: string | undefined;
    try {
      const read = material();
      if (read.certificate !== this.#material.certificate || read.ca !== this.#material.ca) {
        this.#answerer.update(read);
        this.#material = read;
        log.info('cluster.certificate-read');
      }
      why = ownProblem(this.#material, clock.now());
    } catch (error) {
      why = `the certificate of this node cannot be read again: ${String(error)}`;
    }
    if (why !== undefined && why !== this.#told) log.error('cluster.certificate', { why });
    this.#told = why;
  }

  /**
   * Opens the port, and asks the others: keys of days that were erased meanwhile are gone before
   * anything is served, and those that they made are here. Rejects with KeyFolderRefused if one
   * that the store needs is nowhere to be had.
   */
  async start(): Promise<void> {
    this.#port = await this.#answerer.open(this.#p.listen);
    this.#p.log.info('cluster.listening', { address: this.#p.listen.address, port: this.#port, node: this.#p.node });
    await this.#rounds.start();
    await this.#fetchMissing();
    // From here on: the first ticket key of this node comes when its listeners open.
    this.tickets.onChange(() => void this.#rounds.now());
  }

  async #fetchMissing(): Promise<void> {
    const { clock, log } = this.#p;
    const until = clock.monotonic() + FETCH_TIME;
    for (let told = false; ;) {
      const missing = await this.#days.missing();
      if (missing.length === 0) return;
      if (clock.monotonic() >= until) throw new KeyFolderRefused(missingText(missing, this.#rounds.peers));
      if (!told) log.warn('cluster.keys-missing', { days: missing.length, first: missing[0] });
      told = true;
      await new Promise<void>((resolve) => void clock.after(FETCH_EVERY, resolve));
      this.#rounds.lookAtAll();
      await this.#rounds.now();
    }
  }

  get port(): number {
    return this.#port;
  }

  /** A round at once. */
  async exchange(): Promise<void> {
    await this.#rounds.now();
  }

  /** Keys of a day were destroyed here: the others hear of it now, not with the next round. */
  erased(): void {
    this.#rounds.lookAtAll();
    void this.#rounds.now();
  }

  get state(): ClusterState {
    const { node, site } = this.#p;
    const { peers, ahead } = this.#rounds;
    const own = this.#told === undefined ? [] : [this.#told];
    return { node, site, ahead, peers, warnings: [...own, ...warningsOf(peers, ahead)] };
  }

  async stop(): Promise<void> {
    await this.#rounds.stop();
    await this.#answerer.stop();
  }
}

function missingText(missing: readonly Day[], peers: readonly PeerState[]): string {
  const [first = '', ...others] = missing;
  const which = others.length === 0 ? first : `${first} and ${many(others.length, 'other day')}`;
  const asked = peers.map(({ host, state, why = '' }) =>
    state === 'heard' ? `"${host}" (it answers, and has none either)` : `"${host}" (${why})`,
  );
  return [
    `There is no key of ${which} on this node, and the store has messages that need it.`,
    asked.length === 0
      ? 'No other node is in cluster.peers.'
      : `Asked for ${FETCH_TIME / 1000} s, without success: ${asked.join(', ')}.`,
    'Start a gateway that has it and let the two reach each other, or put the missing files back from a copy of the key folder; without them that mail cannot be read',
  ].join(' ');
}
