/**
 * The one file that knows every part and connects them.
 *
 * Start: store (its lock decides who may serve), logins, limits, listeners, the push to partners, control socket. A start that fails stops what it had started.
 * Stop is the reverse: no new sessions, the running ones end within the drain time, then the store writes what it was given and closes. Health and
 * metrics close last of all: whoever watches sees the drain to its end.
 */
import { randomBytes } from 'node:crypto';
import { AdminError, type AdminContext, type ReloadReport } from './admin/context.ts';
import { openControlSocket } from './admin/socket.ts';
import { createAuthenticator } from './auth/authenticate.ts';
import type { CaParts } from './ca/parts.ts';
import { type UpkeepParts, startCaUpkeep } from './ca/upkeep.ts';
import { maxAgeOf } from './config/backup.ts';
import { controlSocketOf } from './config/load.ts';
import { readMasterKey } from './config/master-key.ts';
import type { Config } from './config/schema.ts';
import { authorityKeys } from './crypto/authority-keys.ts';
import { readEscrow, writeEscrow } from './crypto/escrow-record.ts';
import { keyFingerprint } from './crypto/key-fingerprint.ts';
import { partnerSeals } from './crypto/partner-secrets.ts';
import { hashPassword } from './crypto/password.ts';
import { checkNewPassword } from './crypto/password-text.ts';
import { certificateNotice } from './delivery/certificates.ts';
import type { Dispatcher } from './delivery/dispatcher.ts';
import type { Clock, Log, RandomBytes } from './domain/effects.ts';
import { MiB, milliseconds, octets, seconds } from './domain/units.ts';
import { auditKeepOf, beginGatewayLife, evidenceParts, startGatewayAnchors, startRetention } from './gateway/audit.ts';
import { gatewayDoctor } from './gateway/doctor.ts';
import { noteSecondPerson } from './gateway/second-person.ts';
import { gatewayBackups, startBackups } from './gateway/backup.ts';
import { startPush } from './gateway/push.ts';
import { authLimitsOf, connectionLimitsOf, pop3LimitsOf, smtpLimitsOf } from './gateway/limits.ts';
import { GatewayHttp } from './gateway/http.ts';
import { GatewayListeners, type HandedSockets } from './gateway/listeners.ts';
import { gatewayMiddleware } from './gateway/middleware.ts';
import {
  gatewayNotices,
  pickupReceipts,
  startConsumers,
  startEndings,
  startHeldTooLong,
  startUncollected,
  submissionNotices,
} from './gateway/notices.ts';
import { GatewayMail } from './gateway/mail.ts';
import { RunningParts } from './gateway/running-parts.ts';
import { GatewayReload } from './gateway/reload.ts';
import { gatewayTests } from './gateway/test-address.ts';
import { GatewayTls } from './gateway/tls.ts';
import type { HttpListener } from './http/server.ts';
import { ConnectionLimits } from './platform/connections.ts';
import type { Listener, ListenerSpec } from './platform/listener.ts';
import type { LogLevel } from './platform/log.ts';
import { NetworkSet } from './platform/network.ts';
import { startPop3Listener } from './pop3/server.ts';
import { newSentCounts } from './pop3/session.ts';
import { createCourierProbe } from './smtp/courier-probe.ts';
import { newSubmissionCounts, startSmtpListener } from './smtp/server.ts';
import { createSqliteStore, openSqliteStore } from './store/sqlite/open.ts';
import type { OpenOptions } from './store/sqlite/options.ts';
import { RefusalNotes } from './submission/refusal-notes.ts';
import type { Store, StoreFailed } from './store/store.ts';

export interface GatewayEffects {
  readonly clock: Clock;
  readonly log: Log;
  /** Default: the operating system's. */
  readonly random?: RandomBytes;
}

export interface GatewayOptions extends GatewayEffects {
  /** Opens another store, or wraps the usual one: for tests that break it. */
  readonly openStore?: (config: Config, effects: GatewayEffects) => Promise<Store>;
  /** Where the level of the log is the configuration's. */
  readonly setLogLevel?: (level: LogLevel) => void;
  /** Listening sockets of the service manager; default: every listener opens its own. */
  readonly sockets?: HandedSockets;
}

export interface Gateway {
  readonly listeners: readonly Listener[];
  /** Health and metrics; absent where the configuration switches it off. */
  readonly http?: HttpListener;
  readonly store: Store;
  /** What the operations of admin/ work with. */
  readonly admin: AdminContext;
  /** Resolves when the store has failed for good: nothing more is accepted; stop, and let the supervisor start anew. */
  readonly failed: Promise<StoreFailed>;
  /** Reads key and certificate again. Rejects, and changes nothing, when they cannot be used. */
  reloadTls(): Promise<void>;
  /** Reads the configuration again as well, and tells what of it holds now. Rejects, and changes nothing, when something cannot be used. */
  reload(): Promise<ReloadReport>;
  /** `drain: 'none'` cuts the sessions, also in the middle of a stop. A second call waits for the first. */
  stop(options?: { readonly drain?: 'none' }): Promise<void>;
}

const NO_TIME = milliseconds(0);
/** For commands of the operator that run when the sessions have ended. */
const CONTROL_DRAIN = seconds(5);

/** What a SQLite store is opened with: tests add their seams to it. */
export async function storeOptionsOf(config: Config, effects: GatewayEffects): Promise<OpenOptions> {
  return {
    dataFolder: config.data.folder,
    keyFolder: config.keys.folder,
    masterKey: await readMasterKey(config),
    hostname: config.hostname,
    clock: effects.clock,
    log: effects.log,
    random: effects.random ?? randomBytes,
    takeoverAfter: config.store['takeover-after'],
    retention: { hidden: config.store['keep-deleted'], trace: config.store['keep-trace'] },
    reserve: config.store.reserve,
    // The largest message, protected: in base64 once more, with certificates, keys and the header lines that we add to it.
    maxBody: octets(Math.ceil(config.smtp['max-message'] * 1.4) + MiB),
  };
}

/** Throws StoreRefused, with `held` while another process has it open. */
export const openStore = async (config: Config, effects: GatewayEffects): Promise<Store> =>
  openSqliteStore(await storeOptionsOf(config, effects));

/** For a command where nobody serves: the store, and what its operations work with. */
export async function openForCommand(
  config: Config,
  effects: GatewayEffects,
): Promise<{ readonly store: Store; readonly context: AdminContext }> {
  const store = await openStore(config, effects);
  await noteSecondPerson(store, config, effects.log);
  return { store, context: adminContext(store, config, effects) };
}

/** Makes the empty store of a new gateway. Throws StoreRefused when there is one. */
export async function createStore(config: Config, effects: GatewayEffects): Promise<void> {
  await createSqliteStore(await storeOptionsOf(config, effects));
}

/** What the certificate authority works with. The master key is read anew at each use of one of its keys. */
function caParts(store: Store, config: Config, { clock, random = randomBytes }: GatewayEffects): CaParts {
  const { 'crl-file': crlFile, 'crl-url': crlUrl } = config.ca;
  return {
    store,
    clock,
    random,
    keys: authorityKeys(config.keys.folder, () => readMasterKey(config), random),
    ...(crlFile === undefined ? {} : { crlFile }),
    ...(crlUrl === undefined ? {} : { crlUrl }),
  };
}

export const adminContext = (
  store: Store,
  config: Config,
  effects: GatewayEffects,
  notices = gatewayNotices(store, config, effects),
  mail = new GatewayMail(store, config, effects),
  backups = gatewayBackups(store, config, effects, notices.desk),
): AdminContext => ({
  store,
  backups,
  desk: notices.desk,
  notices: notices.settlements,
  clock: effects.clock,
  ca: caParts(store, config, effects),
  mail: { keys: mail.keys, seals: mail.seals, pgp: mail.pgp },
  keys: {
    fingerprint: async () => keyFingerprint(await readMasterKey(config)),
    escrow: () => readEscrow(config.keys.folder),
    keepEscrow: (escrow) => writeEscrow(config.keys.folder, escrow),
  },
  secondPerson: config.operators['second-person'],
  evidence: evidenceParts(config, effects),
  longestAbsence: config.absence.longest,
  auditKeep: auditKeepOf(config),
  partners: {
    seals: partnerSeals(() => readMasterKey(config), effects.random ?? randomBytes),
    probe: createCourierProbe(effects),
    hostname: config.hostname,
  },
  hashPassword: async (text) => {
    const checked = checkNewPassword(text);
    if (!checked.ok) throw new AdminError('invalid', `Cannot use the password: ${checked.error}`);
    return await hashPassword(checked.value);
  },
});

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
  const http = new GatewayHttp();
  running.add(() => http.stop());

  const store = await (options.openStore ?? openStore)(config, options);
  running.add(() => store.close());
  const failed = new Promise<StoreFailed>((resolve) => store.onFailed(resolve));
  await noteSecondPerson(store, config, log);

  // The last part to stop before the store: what the others write then is in the last anchor.
  const anchors = startGatewayAnchors(store, config, options);
  running.add(() => anchors.stop());
  const life = await beginGatewayLife(store, config);
  running.add(() => Promise.resolve(life.stopped()));
  const retention = startRetention(store, config, options);
  running.add(() => retention.stop());

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
  });
  running.add(() => authenticator.close());

  // Before the first listener opens: nobody logs in by a list that is not there yet.
  await tls.lists.start(() => authenticator.trust());
  running.add(() => {
    tls.stop();
    return Promise.resolve();
  });

  const mail = new GatewayMail(store, config, options);
  running.add(() => mail.stop());
  await mail.start();

  const connections = new ConnectionLimits(connectionLimitsOf(config));
  const common = { hostname: config.hostname, store, authenticator, connections, clock, log };
  const notices = gatewayNotices(store, config, options);
  const consumers = startConsumers(store, notices, options);
  const receipts = pickupReceipts(store, notices, options);
  running.add(() => consumers.close());
  const counts = newSubmissionCounts(clock);
  const middleware = gatewayMiddleware(store, mail, config, { ...options, desk: notices.desk });
  const tests = gatewayTests(store, notices);
  const sent = newSentCounts();
  const refused = new RefusalNotes(store.audit, clock);
  running.add(() => Promise.resolve(refused.flush()));
  const start = {
    smtp: (spec: ListenerSpec) =>
      startSmtpListener({
        ...common,
        ...{ spec, counts, middleware, tests, refused, ...submissionNotices(store, notices) },
        ...{ tls: tls.materialFor(spec.name), limits: smtpLimitsOf(config) },
      }),
    pop3: (spec: ListenerSpec) =>
      startPop3Listener({
        ...common,
        ...{ spec, consumers, receipts, sent },
        ...{ tls: tls.materialFor(spec.name), limits: pop3LimitsOf(config) },
      }),
  };
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
  await listeners.open(start, options.sockets);
  await tls.start(listeners.all, (authorities) => authenticator.trust(authorities), life);
  const backups = gatewayBackups(store, config, options, notices.desk);
  const portOf = (name: string): number | undefined => listeners.all.find(({ spec }) => spec.name === name)?.port;
  const doctor = gatewayDoctor(config, { store, clock, log, portOf });
  running.add(() => Promise.resolve(doctor.stop()));
  await http.open(config, {
    ...{ store, listeners, tls, clock, log, connections, authenticator, sent },
    ...{ answers: counts.answers, dispatchers: pushes, backups, doctor, maxBackupAge: maxAgeOf(config) },
    trail: { erased: retention.erased, anchors: anchors.counts },
    ended: notices.ended,
  });
  const reloadTls = async (): Promise<void> => {
    await tls.reload();
    await mail.reload();
  };
  const { setLogLevel } = options;
  const reload = new GatewayReload(config, {
    ...{ connections, log, readFiles: reloadTls },
    ...(setLogLevel === undefined ? {} : { setLogLevel }),
  });
  const reloadTold = (): ReturnType<typeof reload.reload> => life.configured(() => reload.reload());
  const context = adminContext(store, config, options, notices, mail, backups);
  // Last, so that a gateway that cannot start leaves no message in doubt at a partner.
  pushes.push(startPush(config, { store, seals: context.partners.seals, notices: notices.settlements, clock, log }));

  const since = new Date(clock.now()).toISOString();
  const admin: AdminContext = {
    ...context,
    gateway: {
      reload: reloadTold,
      anchor: () => anchors.now(),
      sessions: () => connections.sessions,
      voidTickets: () => tls.voidTickets(),
      status: () => ({
        hostname: config.hostname,
        process: process.pid,
        since,
        listeners: listeners.status(),
        connections: connections.open,
        free: store.health().free,
        waiting: store.health().waiting,
        partners: pushes.flatMap(({ states }) =>
          states.map(({ name, breaker, active, why }) => ({ name, breaker, active, why: why ?? '' })),
        ),
      }),
    },
  };
  const endNotice: UpkeepParts['endNotice'] = (ending) => certificateNotice(notices.desk, ending);
  const upkeep = startCaUpkeep({ ...admin.ca, seals: admin.mail.seals, log, endNotice });
  running.add(() => upkeep.stop());
  const uncollected = startUncollected(store, notices, options);
  running.add(() => uncollected.stop());
  const held = startHeldTooLong(store, notices, { clock, log, keep: config.delivery['keep-held'] });
  running.add(() => held.stop());
  const endings = startEndings(store, options);
  running.add(() => endings.stop());
  const schedule = startBackups(backups, clock);
  running.add(() => {
    schedule.stop();
    return Promise.resolve();
  });
  const control = await openControlSocket({ path: controlSocketOf(config), context: admin, log, clock });
  running.add(() => control.stop(CONTROL_DRAIN));

  listeners.begin();
  doctor.start();
  log.info('gateway.started', { hostname: config.hostname, process: process.pid });
  return {
    listeners: listeners.all,
    store,
    admin,
    failed,
    ...(http.listener === undefined ? {} : { http: http.listener }),
    reloadTls,
    reload: reloadTold,
    stop: async ({ drain } = {}) => {
      http.drain();
      if (drain === 'none') running.cut();
      await running.stop(reload.connections);
      log.info('gateway.stopped');
    },
  };
}
