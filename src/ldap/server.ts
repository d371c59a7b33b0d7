/**
 * The LDAP listener: the directory for mail programs, read only.
 *
 * RFC 4511, RFC 4513 (StartTLS, bind), and TLS from the first octet, which every client knows.
 */
import type { Socket } from 'node:net';
import type { Authenticator } from '../auth/authenticator.ts';
import { expelWhoseRightEnds } from '../auth/expelling.ts';
import type { AdmittedConnection } from '../platform/connections.ts';
import { FairSlots } from '../platform/fair-slots.ts';
import { type Listener, type ListenerAccess, accessOf } from '../platform/listener.ts';
import { type Refused, SessionListener, type SessionListenerOptions } from '../platform/session-listener.ts';
import { LdapConnection, type LdapContext } from './connection.ts';
import type { LdapLimits } from './limits.ts';
import { disconnection } from './responses.ts';
import { type LdapResult, results } from './results.ts';
import type { SearchParts } from './search.ts';
import type { LdapSessionParts } from './session.ts';

export interface LdapListenerOptions
  extends SessionListenerOptions, Pick<SearchParts, 'directory' | 'asked' | 'given' | 'slots'> {
  readonly registry: LdapSessionParts['registry'];
  readonly authenticator: Authenticator;
  readonly limits: LdapLimits;
}

/**
 * Slots for steps of searches, shared by all listeners: a step keeps a reader of the store busy for
 * some milliseconds.
 */
export const ldapSlots = (): FairSlots => new FairSlots({ running: 2, each: 1, waiting: 500 });

const farewells: Readonly<Record<Refused, LdapResult>> = {
  total: results.tooManyConnections,
  network: results.tooManyConnections,
  range: results.tooManyConnections,
  stopping: results.stopping,
  'not-on-listener': results.notForNetwork,
};

/**
 * Resolves once the port is open. Rejects when the port cannot be opened; throws TlsMaterialError.
 */
export async function startLdapListener(options: LdapListenerOptions): Promise<Listener> {
  return await new LdapListener(options).listen();
}

class LdapListener extends SessionListener<LdapConnection> implements LdapContext {
  readonly access: ListenerAccess | undefined;
  readonly registry: LdapSessionParts['registry'];
  readonly authenticator: Authenticator;
  readonly limits: LdapLimits;
  readonly search: SearchParts;

  constructor(options: LdapListenerOptions) {
    super(options, { refused: 'ldap.refused', listener: 'ldap.listener' });
    const { registry, authenticator, limits, directory, asked, given, slots, clock } = options;
    this.access = accessOf(options.spec);
    this.registry = registry;
    this.authenticator = authenticator;
    this.limits = limits;
    this.search = { directory, asked, given, slots, limits, clock, log: this.log };
    expelWhoseRightEnds(this.open, { registry, authenticator }, (error) =>
      this.log.error('ldap.expel', { error: String(error) }),
    );
  }

  protected begin(socket: Socket, address: string, place: AdmittedConnection, id: string): LdapConnection {
    return new LdapConnection(socket, address, this, place, id);
  }

  protected farewell(why: Refused): Buffer {
    return disconnection(farewells[why]);
  }
}
