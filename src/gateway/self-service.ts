/**
 * The self-service pages of the running gateway: their services, and how one of their listeners
 * starts.
 */
import type { AdminContext } from '../admin/context.ts';
import type { Authenticator } from '../auth/authenticator.ts';
import { originOf } from '../config/listeners.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import { LogInNotes } from '../web/login/notes.ts';
import { mailedCodeKey } from '../crypto/passwords/mailed-code.ts';
import { Counts } from '../domain/counts.ts';
import type { EnrolmentWindow } from '../ca/enrol/window.ts';
import type { Services as SelfServiceServices } from '../self-service/core/page.ts';
import type { SelfServiceLogIn } from '../self-service/login/log-in.ts';
import type { SetupCounts } from '../self-service/setup/answers.ts';
import type { Store } from '../store/port/store.ts';
import type { GatewayEffects } from './effects.ts';
import { pageOf } from './enrolment.ts';
import type { StartListener } from './listeners.ts';
import { type PageParts, factsOf, startPages } from './page-listeners.ts';
import { slowedPages } from './slowed-pages.ts';

export interface SelfServiceParts extends Required<GatewayEffects>, PageParts {
  readonly store: Store;
  readonly authenticator: Authenticator;
  readonly window: EnrolmentWindow;
  readonly directory: SelfServiceServices['directory'];
}

export interface GatewaySelfService {
  readonly start: StartListener;
  /** Starts a listener with the pages of codes alone. */
  readonly codes: StartListener;
  readonly notes: LogInNotes;
  /** Mail programs that looked for their settings, over all listeners. */
  readonly setup: SetupCounts;
  /** The context of operations is made last; until then visitors are told to come again. */
  begin(admin: AdminContext): void;
}

export function gatewaySelfService(config: Config, parts: SelfServiceParts): GatewaySelfService {
  const { clock, log, store, authenticator, window, directory, tls } = parts;
  const notes = new LogInNotes(store.audit, clock, log, 'self-service.refused');
  const setup: SetupCounts = new Counts(['form', 'outcome']);
  let context: AdminContext | undefined;
  // Made with the first listener, and only once: the master key may come from a command, which
  // strangers must not be able to start at will.
  let made: Promise<SelfServiceLogIn> | undefined;
  const common = { window, clock, log, admin: () => context };
  return {
    notes,
    setup,
    begin: (given) => (context = given),
    start: async (spec) => {
      const [{ SELF_SERVICE_PAGES }, { Router }, { SelfServing }, { MailSetup }, { signedProfile }] = await Promise.all(
        [
          import('../self-service/table.ts'),
          import('../web/core/router.ts'),
          import('../self-service/core/serving.ts'),
          import('../self-service/setup/answers.ts'),
          import('../self-service/setup/profile.ts'),
        ],
      );
      const logIn = await (made ??= logInOf(config, parts, notes));
      const facts = factsOf(config, spec);
      const services = {
        ...common,
        ...facts,
        store,
        authenticator,
        directory,
        logIn,
        setup: new MailSetup({ ...facts, domains: config.setup.domains, counts: setup }),
        // Signed with the certificate that is served now, also after a renewal.
        signed: (profile: string) => signedProfile(profile, tls.materialFor(spec.name), clock.now()),
      };
      return await startPages('self-service', spec, parts, new SelfServing(new Router(SELF_SERVICE_PAGES), services));
    },
    codes: async (spec) => {
      const { CodesServing } = await import('../self-service/codes/serving.ts');
      const own = originOf(config, 'self-service');
      const facts = factsOf(config, spec);
      const page = pageOf(config);
      const services = { ...common, ...facts, page, logIn: own === undefined ? undefined : `${own}/login` };
      // Behind a proxy readers know another address, and the link back must lead there.
      const origin = config.enrolment.page === undefined ? facts.origin : new URL(config.enrolment.page).origin;
      return await startPages('enrolment', spec, parts, new CodesServing({ ...services, origin }));
    },
  };
}

async function logInOf(config: Config, parts: SelfServiceParts, notes: LogInNotes): Promise<SelfServiceLogIn> {
  const { random, store, authenticator } = parts;
  const [{ SelfServiceLogIn: Made }, slowed] = await Promise.all([
    import('../self-service/login/log-in.ts'),
    slowedPages('self-service', config, parts, notes),
  ]);
  return new Made({ store, authenticator, random, slowed, notes, key: mailedCodeKey(await readMasterKey(config)) });
}
