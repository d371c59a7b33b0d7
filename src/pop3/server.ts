/**
 * The POP3 listener.
 *
 * RFC 1939, RFC 2595 (STLS) and RFC 8314 section 3.3 (implicit TLS).
 */
import type { Socket } from 'node:net';
import type { Authenticator } from '../auth/authenticator.ts';
import { expelWhoseRightEnds } from '../auth/expelling.ts';
import type { ClientNetworks } from '../pickup/client-networks.ts';
import type { MaildropStore } from '../pickup/maildrop.ts';
import type { Receipts } from '../pickup/receipts.ts';
import type { StuckMessages } from '../pickup/stuck.ts';
import type { AdmittedConnection } from '../platform/connections.ts';
import { type Listener, type ListenerAccess, accessOf } from '../platform/listener.ts';
import { type Refused, SessionListener, type SessionListenerOptions } from '../platform/session-listener.ts';
import { Connection, type ConnectionContext } from './connection.ts';
import type { Pop3Limits } from './limits.ts';
import { troubles } from './replies.ts';
import { errReply } from './response.ts';
import { type SentCounts, newSentCounts } from './session.ts';

export interface Pop3ListenerOptions extends SessionListenerOptions {
  /** The name in the greeting. */
  readonly hostname: string;
  readonly store: MaildropStore;
  readonly authenticator: Authenticator;
  /** Counts where mailboxes are fetched from. */
  readonly clientNetworks?: Pick<ClientNetworks, 'note'>;
  /** Sees that sessions end at the same message again and again. */
  readonly stuck?: Pick<StuckMessages, 'ended' | 'isWatched'>;
  /** Tells senders that asked for it what was collected. */
  readonly receipts?: Receipts;
  readonly limits: Pop3Limits;
  /** Shared by all listeners; a listener without it makes its own. */
  readonly sent?: SentCounts;
  /** Adds to refusals how the helpdesk is reached (`replyWords`). */
  readonly says?: (text: string) => string;
}

const refusals: Readonly<Record<Refused, string>> = {
  total: errReply(troubles.tooManyConnections),
  stopping: errReply(troubles.stopping),
  network: errReply(troubles.tooManyOfNetwork),
  range: errReply(troubles.tooManyOfNetwork),
  'not-on-listener': errReply(troubles.notForNetwork),
};

/**
 * Resolves once the port is open. Rejects when the port cannot be opened; throws TlsMaterialError.
 */
export async function startPop3Listener(options: Pop3ListenerOptions): Promise<Listener> {
  return await new Pop3Listener(options).listen();
}

class Pop3Listener extends SessionListener<Connection> implements ConnectionContext {
  readonly hostname: string;
  readonly access: ListenerAccess | undefined;
  readonly store: MaildropStore;
  readonly clientNetworks: Pick<ClientNetworks, 'note'> | undefined;
  readonly stuck: Pick<StuckMessages, 'ended' | 'isWatched'> | undefined;
  readonly receipts: Receipts | undefined;
  readonly authenticator: Authenticator;
  readonly limits: Pop3Limits;
  readonly scram: boolean;
  readonly sent: SentCounts;
  readonly says: (text: string) => string;

  constructor(options: Pop3ListenerOptions) {
    super(options, { refused: 'pop3.refused', listener: 'pop3.listener' });
    this.hostname = options.spec.hostname ?? options.hostname;
    this.access = accessOf(options.spec);
    this.store = options.store;
    this.clientNetworks = options.clientNetworks;
    this.stuck = options.stuck;
    this.receipts = options.receipts;
    this.authenticator = options.authenticator;
    this.limits = options.limits;
    this.scram = options.spec.scram === 'offer';
    this.sent = options.sent ?? newSentCounts();
    this.says = options.says ?? ((text) => text);
    const parts = { registry: options.store.registry, authenticator: options.authenticator };
    expelWhoseRightEnds(this.open, parts, (error) => this.log.error('pop3.expel', { error: String(error) }));
  }

  protected begin(socket: Socket, address: string, place: AdmittedConnection, id: string): Connection {
    return new Connection(socket, address, this, place, id);
  }

  protected farewell(why: Refused): string {
    return this.says(refusals[why]);
  }
}
