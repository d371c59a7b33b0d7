/** Starts a listener of pages of any kind. The code for pages is loaded only if there is one. */
import { hostnameOf, originOfListener } from '../config/listeners.ts';
import { helpdeskOf } from '../config/helpdesk.ts';
import type { Config } from '../config/schema.ts';
import type { AnyServing } from '../web/core/serve.ts';
import type { PageListenerOptions } from '../web/server.ts';
import type { ConnectionLimits } from '../platform/connections.ts';
import { type Listener, type ListenerAccess, type ListenerSpec, accessOf } from '../platform/listener.ts';
import type { Helpdesk } from '../domain/helpdesk.ts';
import type { LetterParts } from '../ca/enrol/letters.ts';
import type { GatewayEffects } from './effects.ts';
import { letterParts } from './enrolment.ts';
import type { GatewayTls } from './tls.ts';

export interface PageParts extends Pick<Required<GatewayEffects>, 'clock' | 'log'> {
  readonly connections: ConnectionLimits;
  readonly tls: GatewayTls;
}

export async function startPages(
  kind: PageListenerOptions['kind'],
  spec: ListenerSpec,
  { connections, clock, log, tls }: PageParts,
  serving: AnyServing,
): Promise<Listener> {
  const { startPageListener } = await import('../web/server.ts');
  return await startPageListener({ kind, spec, connections, clock, log, serving, tls: tls.materialFor(spec.name) });
}

/** Facts of a listener with pages for accounts. */
interface ListenerFacts {
  readonly origin: string;
  readonly access: ListenerAccess | undefined;
  readonly listener: string;
  readonly servers: LetterParts['servers'];
  readonly gateway: string;
  readonly helpdesk: Helpdesk;
}

export function factsOf(config: Config, spec: ListenerSpec): ListenerFacts {
  const listener = config.listener.find(({ name }) => name === spec.name);
  if (listener === undefined) throw new Error(`There is no listener "${spec.name}" in the configuration`);
  return {
    origin: originOfListener(config, listener).toLowerCase(),
    access: accessOf(spec),
    listener: spec.name,
    servers: letterParts(config).servers,
    gateway: hostnameOf(config, listener),
    helpdesk: helpdeskOf(config),
  };
}
