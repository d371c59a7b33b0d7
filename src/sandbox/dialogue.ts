/**
 * What both dialogues stand on: the scenario with its trouble, what is seen, and TLS that is still
 * to be started.
 */
import type { TLSSocket } from 'node:tls';
import type { Socket } from 'node:net';
import type { Facts, Visit } from './facts.ts';
import type { Act } from './scenario.ts';

export interface DialogueContext {
  readonly facts: Facts;
  readonly now: () => number;
  /** Set while the line has no TLS yet. */
  readonly secure: ((raw: Socket) => Promise<TLSSocket>) | undefined;
  readonly stripped: boolean;
  act(verb: string, visit: Visit): Act | undefined;
  note(visit: Visit, text: string): void;
  /** Name of a message in the mailbox, as in the report. */
  nameOf(uid: string): string;
  /** Whether it lies where the program stores; undefined: nobody said where that is. */
  stored(uid: string): Promise<boolean | undefined>;
}

export interface Dialogue {
  run(): Promise<void>;
  end(): void;
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
