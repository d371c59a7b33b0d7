/**
 * The web console of the running gateway: the services of its pages, and how one of its listeners
 * starts.
 */
import type { AdminContext } from '../admin/context.ts';
import { consoleFacts, consoleOrigin, readClientSecret, roleOfGroups } from '../config/console.ts';
import { readAuthorityFiles } from '../config/files.ts';
import { helpdeskOf } from '../config/helpdesk.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import type { AnyServing } from '../web/core/serve.ts';
import type { ConsoleServices } from '../console/core/services.ts';
import type { FederatedLogIns, FederatedParts } from '../console/login/federated.ts';
import { LogInNotes } from '../web/login/notes.ts';
import { breakGlassSeals } from '../crypto/passwords/break-glass.ts';
import { Challenges, challengeKey } from '../crypto/keys/console-secrets.ts';
import { defined } from '../domain/defined.ts';
import type { Role } from '../domain/roles.ts';
import type { Store } from '../store/port/store.ts';
import type { GatewayEffects } from './effects.ts';
import type { StartListener } from './listeners.ts';
import { type PageParts, startPages } from './page-listeners.ts';
import { slowedPages } from './slowed-pages.ts';

export interface ConsoleParts extends Required<GatewayEffects>, PageParts {
  readonly store: Store;
}

export interface GatewayConsole {
  readonly start: StartListener;
  readonly notes: LogInNotes;
  /** The context of operations is made last; until then visitors are told to come again. */
  begin(admin: AdminContext): void;
}

export function gatewayConsole(config: Config, parts: ConsoleParts): GatewayConsole {
  const { clock, log, store } = parts;
  const notes = new LogInNotes(store.audit, clock, log);
  let context: AdminContext | undefined;
  // Loaded with the first listener: a gateway without one holds neither the pages nor the code for
  // passkeys in memory.
  let served: Promise<AnyServing> | undefined;
  const serve = async (): Promise<AnyServing> => {
    const [{ CONSOLE_PAGES }, { Router }, { ConsoleServing }] = await Promise.all([
      import('../console/table.ts'),
      import('../web/core/router.ts'),
      import('../console/core/console-serving.ts'),
    ]);
    return new ConsoleServing(new Router(CONSOLE_PAGES), await servicesOf(config, parts, notes, () => context));
  };
  return {
    notes,
    begin: (made) => (context = made),
    start: async (spec) => await startPages('console', spec, parts, await (served ??= serve())),
  };
}

async function servicesOf(
  config: Config,
  parts: ConsoleParts,
  notes: LogInNotes,
  admin: ConsoleServices['admin'],
): Promise<ConsoleServices> {
  const { clock, log, random, store } = parts;
  const [{ LogIns }, { PasskeyApprovals }, { BreakGlassLogIn }, slowed, { HeldImports }] = await Promise.all([
    import('../console/login/log-ins.ts'),
    import('../console/login/passkey-approvals.ts'),
    import('../console/login/break-glass.ts'),
    slowedPages('console', config, parts, notes),
    import('../console/parts/held-imports.ts'),
  ]);
  const origin = consoleOrigin(config) ?? `https://${config.hostname}`;
  // Read once: the master key may come from a command, which strangers must not be able to start at
  // will.
  const key = challengeKey(await readMasterKey(config));
  const challenges = new Challenges(key, random);
  const party = { origin, id: new URL(origin).hostname, name: config.helpdesk.name ?? config.hostname };
  return {
    store,
    challenges,
    origin,
    clock,
    log,
    random,
    admin,
    imports: new HeldImports(clock, random),
    times: consoleFacts(config).times,
    gateway: config.hostname,
    helpdesk: helpdeskOf(config),
    logIns: new LogIns({ store, party, challenges, clock, random, notes, slowed }),
    approvals: new PasskeyApprovals({ store, party, challenges, clock, slowed }),
    breakGlass: new BreakGlassLogIn({
      store,
      clock,
      random,
      slowed,
      seals: breakGlassSeals(() => readMasterKey(config), random),
    }),
    ...defined({ federated: await federatedOf(config, { store, challenges, clock, random, log, slowed, origin }) }),
  };
}

/** The code for the OpenID provider is loaded only if one is configured. */
async function federatedOf(
  config: Config,
  {
    log,
    origin,
    ...parts
  }: Omit<FederatedParts, 'provider' | 'roleOf' | 'name'> & Pick<ConsoleServices, 'log' | 'origin'>,
): Promise<FederatedLogIns | undefined> {
  const { oidc } = config.console;
  if (oidc === undefined) return undefined;
  const [{ Provider }, { FederatedLogIns: Made }] = await Promise.all([
    import('../console/login/provider.ts'),
    import('../console/login/federated.ts'),
  ]);
  const settings = {
    issuer: oidc.issuer,
    clientId: oidc['client-id'],
    scope: oidc.scope,
    groupsClaim: oidc['groups-claim'],
    acr: oidc.acr,
    amr: oidc.amr,
    withCertificate: oidc['amr-with-certificate'],
    redirect: `${origin}/login/provider`,
    secret: () => readClientSecret(config),
    authorities: () => readAuthorityFiles(config, 'console.oidc.authorities').map(({ pem }) => pem),
  };
  const { organisation, name } = oidc;
  const roleOf = (groups: readonly string[]): Role | undefined => roleOfGroups(oidc, groups);
  return new Made({
    ...parts,
    provider: new Provider(settings, parts.clock, log),
    roleOf,
    name,
    ...defined({ organisation }),
  });
}
