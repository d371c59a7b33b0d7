/**
 * The key that seals TLS tickets, the same on all nodes: a client that comes back at the other site
 * resumes there.
 *
 * It is random and lies in memory alone, on every node, as it did on one: were it derived from the
 * master key, whoever has that key one day could open every TLS 1.2 session that was recorded
 * before. So nodes tell it to each other, wrapped by the master key, over a channel that nobody can
 * record either.
 *
 * Of two the greater holds: by how often all tickets were made void, then by its number, then by
 * the name of the node that made it. Making tickets void outweighs any number of rotations
 * elsewhere, so no node that heard of it late brings a void ticket back.
 */
import type { ClusterSecrets } from '../crypto/keys/cluster-secrets.ts';
import type { RandomBytes } from '../domain/effects.ts';
import { TICKET_KEY } from '../platform/tls.ts';
import type { SharedTicket } from './channel/requests.ts';

/** What the listeners of this node take their ticket key from. */
export interface TicketKeys {
  /** Makes the next key; `voids`: no earlier ticket may open a session on any node. */
  rotate(voids: boolean): Buffer;
  /** The key that another node told of. */
  known(): Buffer | undefined;
  /** Called with a key that another node made. */
  onKey(use: (key: Buffer) => void): void;
}

interface Current extends Omit<SharedTicket, 'sealed'> {
  readonly key: Buffer;
}

export class SharedTickets implements TicketKeys {
  readonly #node: string;
  readonly #secrets: ClusterSecrets;
  readonly #random: RandomBytes;
  #current: Current | undefined;
  #use: (key: Buffer) => void = () => undefined;
  #changed: () => void = () => undefined;

  constructor(node: string, secrets: ClusterSecrets, random: RandomBytes) {
    this.#node = node;
    this.#secrets = secrets;
    this.#random = random;
  }

  onKey(use: (key: Buffer) => void): void {
    this.#use = use;
  }

  /** Called when this node made one: the others are to hear of it soon. */
  onChange(changed: () => void): void {
    this.#changed = changed;
  }

  known(): Buffer | undefined {
    return this.#current?.key;
  }

  rotate(voids: boolean): Buffer {
    const before = this.#current;
    const key = Buffer.from(this.#random(TICKET_KEY));
    this.#current = {
      voids: (before?.voids ?? 0) + (voids ? 1 : 0),
      number: (before?.number ?? 0) + 1,
      by: this.#node,
      key,
    };
    this.#changed();
    return key;
  }

  get current(): SharedTicket | undefined {
    if (this.#current === undefined) return undefined;
    const { key, ...its } = this.#current;
    return { ...its, sealed: this.#secrets.sealTicketKey(key, this.#random) };
  }

  /** Takes another node's where it is greater. */
  hear(theirs: SharedTicket | undefined): void {
    if (theirs === undefined || (this.#current !== undefined && !isGreater(theirs, this.#current))) return;
    const { sealed, ...its } = theirs;
    const key = this.#secrets.openTicketKey(sealed);
    if (key?.length !== TICKET_KEY) return;
    this.#current = { ...its, key };
    this.#use(key);
  }
}

type Rank = Pick<SharedTicket, 'voids' | 'number' | 'by'>;

const isGreater = (a: Rank, b: Rank): boolean =>
  a.voids !== b.voids ? a.voids > b.voids : a.number !== b.number ? a.number > b.number : a.by > b.by;
