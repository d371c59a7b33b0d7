/**
 * One visit of a front door, as a client would make it: a message is submitted, fetched, and erased
 * with all that earlier visits left behind. Nothing of it knows the store: what it finds is what a
 * client finds.
 */
import type { Address } from '../domain/address.ts';
import { type ProbeFault, MAX_DETAIL } from '../domain/availability.ts';
import type { Clock } from '../domain/effects.ts';
import { visible } from '../domain/visible.ts';

export interface Visitor {
  readonly address: Address;
  readonly password: string;
}

export interface FrontDoor {
  readonly site: string;
  readonly host: string;
}

/**
 * `stopped`: by the signal, while the gateway stops; nothing is known then. Undefined: all went
 * well.
 */
export type Visited = ProbeFault | 'stopped' | undefined;

/**
 * How the two protocols are spoken. Each resolves soon after the signal, whatever the other side
 * does.
 */
export interface Protocols {
  submit(door: FrontDoor, visitor: Visitor, message: Uint8Array, signal: AbortSignal): Promise<Visited>;
  /** Fetches the message that has this text in it, and erases everything. */
  collect(door: FrontDoor, visitor: Visitor, token: string, signal: AbortSignal): Promise<Visited>;
}

export interface VisitParts {
  readonly protocols: Protocols;
  readonly clock: Clock;
  /** Hostname of the gateway. */
  readonly hostname: string;
  /** A new token, without spaces. */
  readonly token: () => string;
}

export async function visit(
  { protocols, clock, hostname, token }: VisitParts,
  door: FrontDoor,
  visitor: Visitor,
  signal: AbortSignal,
): Promise<Visited> {
  const id = `probe.${door.site}.${token()}@${hostname}`;
  const message = messageOf(visitor.address, id, new Date(clock.now()));
  const seen =
    (await protocols.submit(door, visitor, message, signal)) ?? (await protocols.collect(door, visitor, id, signal));
  return seen === undefined || seen === 'stopped' ? seen : { ...seen, detail: visible(seen.detail, MAX_DETAIL) };
}

const messageOf = (address: Address, id: string, at: Date): Uint8Array =>
  Buffer.from(
    [
      `From: ${address}`,
      `To: ${address}`,
      `Date: ${at.toUTCString().replace('GMT', '+0000')}`,
      `Message-ID: <${id}>`,
      'Subject: Sluis probe',
      '',
      'The gateway measures whether it can be reached.',
      '',
    ].join('\r\n'),
    'latin1',
  );
