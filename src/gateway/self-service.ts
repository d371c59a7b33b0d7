/** The pages on which accounts help themselves, of the running gateway: what they work with, and how one of their listeners starts. */
import type { AdminContext } from '../admin/context.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { helpdeskOf } from '../config/helpdesk.ts';
import { hostnameOf, originOfListener } from '../config/listeners.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { ConsoleNotes } from '../console/login/notes.ts';
import { mailedCodeKey } from '../crypto/mailed-code.ts';
import type { EnrolmentWindow } from '../enrol/window.ts';
import type { ConnectionLimits } from '../platform/connections.ts';
import { accessOf } from '../platform/listener.ts';
import type { SelfServiceLogIn } from '../self-service/login/log-in.ts';
import type { Store } from '../store/port/store.ts';
import type { GatewayEffects } from './effects.ts';
import { letterParts } from './enrolment.ts';
import type { StartListener } from './listeners.ts';
import { slowedPages } from './slowed-pages.ts';
import type { GatewayTls } from './tls.ts';

export interface SelfServiceParts extends Required<GatewayEffects> {
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly connections: ConnectionLimits;
  readonly window: EnrolmentWindow;
  readonly tls: GatewayTls;
}

export interface GatewaySelfService {
  readonly start: StartListener;
  readonly notes: ConsoleNotes;
  /** What operations work with is made last of all; until then visitors are told to come again. */
  begin(admin: AdminContext): void;
}

export function gatewaySelfService(config: Config, parts: SelfServiceParts): GatewaySelfService {
  const { clock, log, store, connections, tls, authenticator, window } = parts;
  const notes = new ConsoleNotes(store.audit, clock, log, 'self-service.refused');
  let context: AdminContext | undefined;
  // With the first listener, and once: the master key may come from a command, which strangers must not be able to start at will.
  let made: Promise<SelfServiceLogIn> | undefined;
  return {
    notes,
    begin: (given) => (context = given),
    start: async (spec) => {
      const [{ startPageListener }, { SELF_SERVICE_PAGES }, { Router }, { SelfServing }] = await Promise.all([
        import('../console/server.ts'),
        import('../self-service/table.ts'),
        import('../console/core/router.ts'),
        import('../self-service/core/serving.ts'),
      ]);
      const listener = config.listener.find(({ name }) => name === spec.name);
      if (listener === undefined) throw new Error(`There is no listener "${spec.name}" in the configuration`);
      const services = {
        store,
        authenticator,
        window,
        clock,
        log,
        logIn: await (made ??= logInOf(config, parts, notes)),
        admin: () => context,
        origin: originOfListener(config, listener).toLowerCase(),
        access: accessOf(spec),
        listener: spec.name,
        servers: letterParts(config).servers,
        gateway: hostnameOf(config, listener),
        helpdesk: helpdeskOf(config),
      };
      const serving = new SelfServing(new Router(SELF_SERVICE_PAGES), services);
      const material = tls.materialFor(spec.name);
      return await startPageListener({ spec, connections, clock, log, area: 'self-service', serving, tls: material });
    },
  };
}

async function logInOf(config: Config, parts: SelfServiceParts, notes: ConsoleNotes): Promise<SelfServiceLogIn> {
  const { random, store, authenticator } = parts;
  const [{ SelfServiceLogIn: Made }, slowed] = await Promise.all([
    import('../self-service/login/log-in.ts'),
    slowedPages('self-service', config, parts, notes),
  ]);
  return new Made({ store, authenticator, random, slowed, notes, key: mailedCodeKey(await readMasterKey(config)) });
}
