/** What a session knows of its connection, and what a command is answered with. */
import type { TLSSocket } from 'node:tls';
import type { Refusal } from '../domain/refusal.ts';
import type { SessionFacts } from '../platform/connections.ts';
import type { Delivery } from '../submission/submission.ts';
import type { Success } from './replies.ts';

/** The connection as its session sees it. */
export interface Wire {
  readonly id: string;
  readonly remoteAddress: string;
  readonly secure: boolean;
  /** The socket in use once TLS is established on it. */
  readonly tls: TLSSocket | undefined;
  /** Aborted when the peer goes away. */
  readonly signal: AbortSignal;
  /** The peer has left, or reads nothing any more. */
  readonly gone: boolean;
  /** The command by which the client gave its name. */
  readonly greeting: Greeting;
  facts(): SessionFacts;
  /** From here on the library lets the commands of a message pass. */
  admit(login: string): void;
}

export interface Greeting {
  readonly name: string;
  readonly verb: 'HELO' | 'EHLO';
}

/** A line with a code, a success or a refusal. */
export type Reply = Refusal | Success;

export const isRefusal = (reply: Reply): reply is Refusal => reply.reply >= 400;

/** What EHLO is answered with, behind the name of the gateway. */
export interface Offer {
  readonly extensions: readonly string[];
}

/** 334: the client's next line goes to `next`. */
export interface Challenge {
  readonly challenge: string;
  readonly next: (line: Buffer) => Answer;
}

/** 354: the content of the message follows. `lfOnly`: its client knows no CRLF. */
export interface Begun {
  readonly delivery: Delivery;
  readonly lfOnly: boolean;
}

/** A command that had to wait for nothing is answered at once. */
export type Answer = Said | Promise<Said>;
export type Said = Reply | Offer | Challenge | Begun;
