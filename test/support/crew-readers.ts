/**
 * The readers of a crew (crew.ts): they run one session after another, and write each into the
 * history.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { between, chance } from './chance.ts';
import type { Front, CrewState } from './crew.ts';
import type { Fetched, Pickup } from './history.ts';
import { HttpWire } from './http-wire.ts';
import { loginOf } from './instance.ts';
import { Pop3Client } from './pop3-client.ts';
import { UnexpectedReply } from './smtp-client.ts';
import { WireEnded } from './wire.ts';

export interface ReaderParts {
  readonly crew: CrewState;
  readonly record: (pickup: Pickup) => void;
}

/** Most messages that one session fetches. The next session fetches the rest. */
const MOST = 30;
/** Seconds after which a claim ends if its worker is gone. */
const LAPSES = 10;
/**
 * Milliseconds within which it must be possible to open a mailbox at the end, however many sessions
 * broke there.
 */
const PATIENCE = 90_000;

/** A pickup while it grows. */
export type Growing = {
  -readonly [K in keyof Pickup]: K extends 'fetched' ? Fetched[] : K extends 'removed' ? string[] : Pickup[K];
};
export const begin = (mailbox: string, front: Pick<Front, 'name'>, road: Pickup['road'], begun: number): Growing => ({
  ...{ mailbox, gateway: front.name, road, begun, opened: performance.now() },
  ...{ listed: undefined, fetched: [], removed: [] },
});

/** True for an error that a fault may cause in a client. Any other error is a finding. */
export const isExpected = (error: unknown): boolean => error instanceof WireEnded || error instanceof UnexpectedReply;

export function fetchedAs({ ledger }: Pick<CrewState, 'ledger'>, name: string, content: Buffer): Fetched {
  const read = ledger.read(content);
  return { name, copy: read?.id ?? `unknown ${name}`, key: read?.key, intact: read?.intact ?? false };
}

export class Pop3Reader {
  readonly #parts: ReaderParts;
  readonly #name: string;
  /** UIDLs of the messages that it has, as kept by a program that leaves mail on the server. */
  readonly #has = new Set<string>();

  constructor(parts: ReaderParts, name: string) {
    this.#parts = parts;
    this.#name = name;
  }

  async run(): Promise<void> {
    const { crew } = this.#parts;
    while (!crew.stopping) {
      await this.#session(crew.anyFront());
      await pause(between(1, 4 * crew.rest));
    }
  }

  async #session(front: Front): Promise<void> {
    let client: Pop3Client | undefined;
    try {
      const begun = performance.now();
      client = await Pop3Client.open(front.pop3, loginOf(this.#name));
      const pickup = begin(this.#name, front, 'pop3', begun);
      this.#parts.record(pickup);
      await this.#fetch(client, pickup);
      // Some programs break off; the messages that they marked must stay.
      if (chance.below(10) > 0) await quit(client, pickup);
    } catch (error) {
      if (!isExpected(error)) throw error;
    } finally {
      client?.wire.destroy();
    }
  }

  async #fetch(client: Pop3Client, pickup: Growing): Promise<void> {
    const uidl = await client.uidl();
    pickup.listed = [...uidl.values()];
    for (const [number, name] of uidl) {
      if (pickup.fetched.length >= MOST) break;
      if (!this.#has.has(name)) {
        const fetched = fetchedAs(this.#parts.crew, name, await client.fetch(number));
        pickup.fetched.push(fetched);
        if (fetched.intact) this.#has.add(name);
      }
      if (!this.#has.has(name) || chance.below(2) === 0) continue;
      await client.command(`DELE ${number}`);
      pickup.removed.push(name);
    }
  }
}

export async function quit(client: Pop3Client, pickup: Growing): Promise<void> {
  const sent = performance.now();
  pickup.ending = { sent, answered: Infinity, outcome: 'unknown' };
  try {
    await client.command('QUIT');
    pickup.ending = { sent, answered: performance.now(), outcome: 'answered' };
  } catch (error) {
    // With [SYS/TEMP] (RFC 3206) nobody knows what was done.
    if (error instanceof UnexpectedReply && !error.reply.includes('[SYS/TEMP]'))
      pickup.ending = { sent, answered: performance.now(), outcome: 'refused' };
    throw error;
  }
}

interface ClaimJson {
  readonly id?: string;
  readonly messages: readonly { readonly id: string }[];
}

export class ApiReader {
  readonly #parts: ReaderParts;
  readonly #name: string;
  #client: HttpWire | undefined;

  constructor(parts: ReaderParts, name: string) {
    this.#parts = parts;
    this.#name = name;
  }

  async run(): Promise<void> {
    const { crew } = this.#parts;
    while (!crew.stopping) {
      try {
        await this.#turn(crew.anyFront());
      } catch (error) {
        if (!isExpected(error)) throw error;
        this.#leave();
      }
      await pause(between(1, 4 * crew.rest));
    }
    this.#leave();
  }

  async #turn(front: Front): Promise<void> {
    if (chance.below(6) === 0) this.#leave();
    this.#client ??= await HttpWire.open(front.api, loginOf(this.#name));
    const begun = performance.now();
    const made = await this.#client.ask('POST', '/mailbox/claims', { most: 10, seconds: LAPSES });
    // The mailbox is in use, or cannot be opened now.
    if (made.status !== 201) return;
    const claim = made.json as ClaimJson;
    if (claim.id === undefined) return;
    const pickup = begin(this.#name, front, 'api', begun);
    pickup.listed = claim.messages.map(({ id }) => id);
    this.#parts.record(pickup);
    for (const name of pickup.listed) if (!(await this.#fetch(pickup, name))) return await this.#release(claim.id);
    if (chance.below(6) === 0) await this.#release(claim.id);
    else await this.#acknowledge(claim.id, pickup);
  }

  async #fetch(pickup: Growing, name: string): Promise<boolean> {
    const pieces: Buffer[] = [];
    const { status } = await this.#client!.ask('GET', `/mailbox/messages/${name}/content`, undefined, (slice) =>
      pieces.push(Buffer.from(slice)),
    );
    if (status === 200) pickup.fetched.push(fetchedAs(this.#parts.crew, name, Buffer.concat(pieces)));
    return status === 200;
  }

  async #release(id: string): Promise<void> {
    await this.#client!.ask('DELETE', `/mailbox/claims/${id}`);
  }

  async #acknowledge(id: string, pickup: Growing): Promise<void> {
    const sent = performance.now();
    pickup.removed = [...(pickup.listed ?? [])];
    pickup.ending = { sent, answered: Infinity, outcome: 'unknown' };
    const { status, json } = await this.#client!.ask('POST', `/mailbox/claims/${id}/acknowledgements`, {});
    const count = status === 200 ? (json as { readonly acknowledged: number }).acknowledged : 0;
    if (count === pickup.removed.length) pickup.ending = { sent, answered: performance.now(), outcome: 'answered' };
    else if (count === 0 && status < 500) pickup.ending = { sent, answered: performance.now(), outcome: 'refused' };
  }

  #leave(): void {
    this.#client?.wire.destroy();
    this.#client = undefined;
  }
}

/**
 * Reads all of each mailbox: with its content at the first gateway, and as a list at the others.
 */
export async function collectAll(
  parts: ReaderParts,
  fronts: readonly Front[],
  mailboxes: readonly string[],
): Promise<void> {
  for (const mailbox of mailboxes)
    for (const [turn, front] of fronts.entries()) await collect(parts, front, mailbox, turn === 0);
}

async function collect({ crew, record }: ReaderParts, front: Front, mailbox: string, whole: boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE; ; await pause(100)) {
    let client: Pop3Client | undefined;
    try {
      const begun = performance.now();
      client = await Pop3Client.open(front.pop3, loginOf(mailbox));
      const pickup = begin(mailbox, front, 'pop3', begun);
      const uidl = await client.uidl();
      pickup.listed = [...uidl.values()];
      record(pickup);
      if (whole)
        for (const [number, name] of uidl) pickup.fetched.push(fetchedAs(crew, name, await client.fetch(number)));
      return await client.quit();
    } catch (error) {
      if (!isExpected(error) || performance.now() > end) throw error;
    } finally {
      client?.wire.destroy();
    }
  }
}
