/**
 * The one file that knows every part and connects them.
 *
 * Start: store (its lock decides who may serve), logins, limits, listeners, the push to partners,
 * control socket. A start that fails stops what it had started. Stop is the reverse: no new
 * sessions, the running ones end within the drain time, then the store writes what it was given and
 * closes. Health and metrics close last of all, so that a monitor sees the drain to its end.
 */
import { randomBytes } from 'node:crypto';
import type { AdminContext } from './admin/context.ts';
import type { ReloadReport } from './admin/running-gateway.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import type { Sites } from './cluster/sites.ts';
import { maxAgeOf, maxDrillAgeOf } from './config/backup.ts';
import { controlSocketOf } from './config/load.ts';
import type { Config } from './config/schema.ts';
import type { Dispatcher } from './push/dispatcher.ts';
import { defined } from './domain/defined.ts';
import type { PartnerId } from './domain/ids.ts';
import { holderText } from './domain/lock-holder.ts';
import { ALWAYS_READY, type Readiness } from './domain/readiness.ts';
import { type Instant, milliseconds, seconds } from './domain/units.ts';
import { adminContext, caParts, configurationOf } from './gateway/admin.ts';
import { beginGatewayLife, startGatewayAnchors, startRetention } from './gateway/audit.ts';
import { gatewayBackups, startBackups } from './gateway/backup.ts';
import { gatewayCertificates } from './gateway/certificates.ts';
import { GatewayCluster, type GatewayClusterOptions } from './gateway/cluster.ts';
import { openControlSockets } from './gateway/control.ts';
import { startDailyRounds } from './gateway/daily-rounds.ts';
import { gatewayDoctor } from './gateway/doctor.ts';
import { type GatewayEffects, START_PATIENCE, type StoreEffects } from './gateway/effects.ts';
import { startForwarding } from './gateway/forwarding.ts';
import { GatewayHttp } from './gateway/http.ts';
import { authLimitsOf, connectionLimitsOf } from './gateway/limits.ts';
import { GatewayListeners, type HandedSockets } from './gateway/listeners.ts';
import { GatewayMail } from './gateway/mail.ts';
import { gatewayMiddleware } from './gateway/middleware.ts';
import { gatewayNotices } from './gateway/notices.ts';
import { gatewayProtocols } from './gateway/protocols.ts';
import { startPush } from './gateway/push.ts';
import { startGatewayProbe } from './gateway/probe.ts';
import { GatewayReload } from './gateway/reload.ts';
import { runningGateway } from './gateway/running-gateway.ts';
import { RunningParts } from './gateway/running-parts.ts';
import { daneMetrics, gatewayDane } from './gateway/dane.ts';
import { dkimMetrics, gatewayDkim } from './gateway/dkim.ts';
import { gatewayScanner, scanMetrics } from './gateway/scan.ts';
import { noteSecondPerson } from './gateway/second-person.ts';
import type { OpenedStore } from './gateway/opened-store.ts';
import { aloneOf, sitesOf } from './gateway/sites.ts';
import { openEngine, startUpgradeCopies } from './gateway/store.ts';
import { TURN_SECONDS, whenFree } from './gateway/store-turn.ts';
import { GatewayTls } from './gateway/tls.ts';
import { gatewayWebhooks, webhookParts } from './gateway/webhooks.ts';
import type { HttpListener } from './http/server.ts';
import { ConnectionLimits } from './platform/connections.ts';
import type { Listener } from './platform/listener.ts';
import type { LogLevel } from './platform/log.ts';
import { NetworkSet } from './platform/network.ts';
import { buildVersion } from './platform/version.ts';
import { THE_GATEWAY } from './store/actor.ts';
import type { StoreFailed } from './store/store.ts';
import type { Store } from './store/port/store.ts';

export interface GatewayOptions extends GatewayEffects {
  /** Opens another store, or wraps the usual one: for tests that break it. */
  readonly openStore?: (config: Config, effects: StoreEffects) => Promise<Store>;
  /** What the engine knows of sites; default: an engine on one machine, which has none. */
  readonly sites?: Sites;
  /** What the engine of the store says about its readiness; default: it is always ready. */
  readonly readiness?: Readiness;
  /** For tests: where the other gateways are. */
  readonly peers?: NonNullable<GatewayClusterOptions['peers']>;
  /** Set if the configuration decides the level of the log. */
  readonly setLogLevel?: (level: LogLevel) => void;
  /** Listening sockets of the service manager; default: every listener opens its own. */
  readonly sockets?: HandedSockets;
}

export interface Gateway {
  readonly listeners: readonly Listener[];
  /** Health and metrics; absent if the configuration switches it off. */
  readonly http?: HttpListener;
  /** For load balancers on other machines; absent if the configuration names none. */
  readonly ready?: HttpListener;
  readonly store: Store;
  /** What the operations of admin/ work with. */
  readonly admin: AdminContext;
  /**
   * Resolves when the store has failed for good. Then nothing more is accepted: stop, and let the
   * supervisor start the gateway again.
   */
  readonly failed: Promise<StoreFailed>;
  /** Reads key and certificate again. Rejects, and changes nothing, if they cannot be used. */
  reloadTls(): Promise<void>;
  /**
   * Reads the configuration again as well, and says which changes hold now. Rejects, and changes
   * nothing, if something cannot be used.
   */
  reload(): Promise<ReloadReport>;
  /**
   * `drain: 'none'` cuts the sessions, also in the middle of a stop. A second call waits for the
   * first.
   */
  stop(options?: { readonly drain?: 'none' }): Promise<void>;
}

const NO_TIME = milliseconds(0);
/** Time for commands of the operator that still run when the sessions have ended. */
const CONTROL_DRAIN = seconds(5);

/** Throws StoreRefused, ConfigError, TlsMaterialError or ListenerRefused; then nothing runs. */
export async function startGateway(config: Config, options: GatewayOptions): Promise<Gateway> {
  const running = new RunningParts(options.clock);
  try {
    return await assemble(config, options, running);
  } catch (error) {
    await running.stop({ announce: NO_TIME, drain: NO_TIME });
    throw error;
  }
}

async function assemble(config: Config, options: GatewayOptions, running: RunningParts): Promise<Gateway> {
  const { clock, log, random = randomBytes } = options;
  const tls = new GatewayTls(config, options);
  // Read before anything is opened: with a key that cannot be used the start fails, rather than
  // that mail is sent unsigned.
  const dkim = gatewayDkim(config, clock);
  const http = running.own(new GatewayHttp());

  const alone = aloneOf(config, options);
  const aloneUntil = (): Instant | undefined =>
    options.sites === undefined ? alone?.until : options.sites.aloneUntil();
  const cluster = new GatewayCluster(config, { ...options, aloneUntil });
  const { mayMakeKey } = cluster;
  const effects = { ...options, aloneUntil, patience: START_PATIENCE, ...defined({ mayMakeKey }) };
  const opened: OpenedStore =
    options.openStore === undefined
      ? await whenFree(() => openEngine(config, effects), {
          socket: controlSocketOf(config),
          waits: (holder) =>
            log.warn('store.in-use', { folder: config.data.folder, by: holderText(holder), seconds: TURN_SECONDS }),
        })
      : { store: await options.openStore(config, effects) };
  const { store } = opened;
  const sites = options.sites ?? sitesOf(opened, alone);
  running.add(() => store.close());
  const failed = new Promise<StoreFailed>((resolve) => store.onFailed(resolve));
  await noteSecondPerson(store, config, log);

  // This part stops last before the store, so that its last anchor covers what the other parts
  // write while they stop.
  const anchors = running.own(startGatewayAnchors(store, config, options));
  const life = await beginGatewayLife(store, config);
  running.add(() => Promise.resolve(life.stopped()));
  if (alone !== undefined) running.own(alone).begin(store.audit);
  const retention = running.own(startRetention(store, config, options));
  const forwarding = startForwarding(store, config, options);
  if (forwarding !== undefined) running.own(forwarding);
  running.own(startUpgradeCopies(config, options));

  const authenticator = createAuthenticator({
    registry: store.registry,
    audit: store.audit,
    clock,
    log,
    random,
    limits: authLimitsOf(config),
    authorities: tls.authorities,
    revocation: tls.lists.check,
    exempt: new NetworkSet(config.auth['exempt-networks']),
    shared: store.shared.of('logins'),
  });
  running.add(() => authenticator.close());

  await authenticator.recallNetworks();
  // Before the first listener opens, so that nobody logs in before the revocation lists are read.
  await tls.lists.start(() => authenticator.trust());
  // Before it, too: no mail may be served with keys of days that other nodes have erased.
  await running.own(cluster).start(store);
  running.own(tls);
  const mail = running.own(new GatewayMail(store, config, options));
  await mail.start();

  const connections = new ConnectionLimits(connectionLimitsOf(config), (network) => authenticator.knows(network));
  const notices = gatewayNotices(store, config, options, mail);
  const scanner = gatewayScanner(config, clock, log);
  if (scanner !== undefined) running.own(scanner).start();
  const middleware = gatewayMiddleware(store, mail, config, {
    ...options,
    noticeWriter: notices.noticeWriter,
    scanner,
  });
  const ca = caParts(store, config, options);
  const protocols = running.own(
    gatewayProtocols(config, { store, authenticator, connections, notices, middleware, tls, ca, clock, log, random }),
  );
  const listeners = new GatewayListeners(config, { clock, log });
  const pushes: Dispatcher[] = [];
  // Together: sessions and pushes share the drain time.
  running.add(
    async (drain) => {
      await Promise.all([listeners, ...pushes].map((part) => part.stop(drain)));
    },
    () => {
      for (const part of [listeners, ...pushes]) part.cut();
    },
  );
  await listeners.open(protocols, options.sockets);
  await tls.start(listeners.all, (authorities) => authenticator.trust(authorities), life, cluster.tickets);

  const backups = gatewayBackups(store, config, options, notices.noticeWriter, sites !== undefined);
  const portOf = (name: string): number | undefined => listeners.all.find(({ spec }) => spec.name === name)?.port;
  const dane = gatewayDane(config, { clock, log });
  const shown = new Map<PartnerId, Uint8Array>();
  const certificates = gatewayCertificates({ config, store, tls, shown, ca });
  const doctor = running.own(
    gatewayDoctor(config, {
      store,
      clock,
      log,
      portOf,
      keys: mail.keys,
      certificates,
      scanner,
      stuck: () => protocols.stuck.all.length,
    }),
  );
  const probe = startGatewayProbe(store, config, options, {
    drainedSince: () => http.drainedSince,
    // If it is not known whose turn it is, every gateway measures: a minute that was measured twice
    // counts once.
    mine: () => store.jobs.runs('availability') || !store.jobs.known,
  });
  const webhooks = running.own(gatewayWebhooks(store, webhookParts(config, options), notices.noticeWriter, options));
  await http.open(config, {
    store,
    readiness: options.readiness ?? opened.readiness ?? ALWAYS_READY,
    engine: opened.metrics ?? [],
    listeners,
    tls,
    certificates,
    clock,
    log,
    connections,
    authenticator,
    sent: protocols.sent,
    stuck: protocols.stuck,
    codes: protocols.codes,
    setup: protocols.setup,
    api: protocols.api.counts,
    directoryGiven: protocols.directoryGiven,
    answers: protocols.answers,
    dispatchers: pushes,
    webhooks,
    backups,
    doctor,
    probe: probe.metrics,
    cluster: cluster.metrics,
    scan: scanMetrics(scanner),
    dane: daneMetrics(dane),
    dkim: dkimMetrics(dkim),
    maxBackupAge: maxAgeOf(config),
    maxDrillAge: maxDrillAgeOf(config),
    trail: { erased: retention.erased, anchors: anchors.counts, ...defined({ forwarded: forwarding?.counts }) },
    ended: notices.ended,
    unsent: notices.noticeWriter.unsent,
  });

  const reloadTls = async (): Promise<void> => {
    await tls.reload();
    await mail.reload();
  };
  const { setLogLevel } = options;
  const reload = new GatewayReload(config, { connections, log, readFiles: reloadTls, ...defined({ setLogLevel }) });
  const reloadTold = (actor = THE_GATEWAY): ReturnType<typeof reload.reload> =>
    life.configured(actor, () => reload.reload());
  const context = adminContext(store, config, options, mail, notices, backups, ca, certificates, dane, dkim, scanner);
  // Last, so that a gateway that cannot start leaves no message in doubt at a partner.
  pushes.push(
    startPush(config, {
      store,
      seals: context.partners.seals,
      notices: notices.settlements,
      clock,
      log,
      shown,
      tlsa: dane?.source,
      dkim,
    }),
  );

  const admin: AdminContext = {
    ...context,
    ...defined({ sites }),
    configuration: configurationOf(() => reload.running),
    gateway: runningGateway(config, {
      store,
      clock,
      life,
      anchors,
      authenticator,
      connections,
      listeners,
      protocols,
      pushes,
      webhooks,
      tls,
      http,
      probe,
      cluster,
      reload: reloadTold,
    }),
  };
  protocols.begin(admin);
  for (const round of startDailyRounds(config, { ...options, admin, notices, certificates })) running.own(round);
  running.own(startBackups(backups, clock, store.jobs));
  // It stops before the parts above: what it cannot reach while they stop is a planned stop.
  running.own(probe);
  const control = await openControlSockets(config, { context: admin, log, clock });
  running.add(() => control.stop(CONTROL_DRAIN));

  await webhooks.start();
  opened.started?.();
  listeners.begin();
  doctor.start();
  log.info('gateway.started', { hostname: config.hostname, process: process.pid, version: buildVersion() });
  return {
    listeners: listeners.all,
    store,
    admin,
    failed,
    ...defined({ http: http.listener, ready: http.readyListener }),
    reloadTls,
    reload: () => reloadTold(),
    stop: async ({ drain } = {}) => {
      http.stopping();
      if (drain === 'none') running.cut();
      await running.stop(reload.running.connections);
      log.info('gateway.stopped');
    },
  };
}
