/**
 * The listeners of the running gateway: opened in the order of the configuration, and a legacy one
 * closed when its last day is over.
 *
 * After that day the gateway starts without it: an old system that should be gone must not keep the
 * mail of all others from being served.
 */
import type { ListenerStatus } from '../admin/running-gateway.ts';
import { endOfProfile, hostnameOf, profileEnded } from '../config/listeners.ts';
import type { Config } from '../config/schema.ts';
import { defined } from '../domain/defined.ts';
import type { Clock, Log, Timer } from '../domain/effects.ts';
import { type Milliseconds, days, milliseconds } from '../domain/units.ts';
import { type Listener, ListenerRefused, type ListenerSpec } from '../platform/listener.ts';
import { refuseHanded, refusedPort } from './listener-refusals.ts';

type Configured = Config['listener'][number];
export type StartListener = (spec: ListenerSpec) => Promise<Listener>;

const NOTICE = days(30);
const DAY = days(1);

/** Sockets that the service manager opened, by the names of listeners. */
export type HandedSockets = ReadonlyMap<string, number>;

export function specOf(config: Config, listener: Configured, socket?: number): ListenerSpec {
  const shared = config.cluster['share-ports'] === 'yes';
  const { name, address, port, tls, profile, scram, quirks, proxy, accounts, networks } = listener;
  const hostname = hostnameOf(config, listener);
  return {
    name,
    address,
    port,
    tls,
    profile,
    scram,
    quirks,
    proxy,
    ...(listener['client-certificates'] === 'ask' ? { clientCertificates: true } : {}),
    ...(accounts.length === 0 ? {} : { accounts: new Set(accounts) }),
    ...(networks.length === 0 ? {} : { networks }),
    ...(hostname === config.hostname ? {} : { hostname }),
    ...(shared ? { shared } : {}),
    ...defined({ socket }),
  };
}

interface Opened {
  readonly configured: Configured;
  readonly listener: Listener;
  timer?: Timer;
  closed: boolean;
}

export class GatewayListeners {
  readonly #config: Config;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #opened: Opened[] = [];

  constructor(config: Config, { clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#config = config;
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Throws ListenerRefused for the first listener that cannot be opened, and for a socket that
   * belongs to no listener.
   */
  async open(
    start: Readonly<Record<Configured['protocol'], StartListener>>,
    sockets: HandedSockets = new Map(),
  ): Promise<void> {
    this.#refuseStrays(sockets);
    for (const configured of this.#config.listener) {
      const { name, protocol, 'profile-until': until } = configured;
      if (profileEnded(configured, this.#clock.now())) {
        this.#log.error('listener.ended', { listener: name, until });
        continue;
      }
      const spec = specOf(this.#config, configured, sockets.get(name));
      if (spec.shared === true && spec.socket !== undefined) refuseHanded(name);
      const listener = await start[protocol](spec).catch((error: unknown) => refusedPort(spec, error));
      this.#opened.push({ configured, listener, closed: false });
      if (spec.socket !== undefined && spec.port !== 0 && listener.port !== spec.port)
        throw new ListenerRefused(
          `Cannot use the socket that the service manager opened for listener "${name}": it is on port ${listener.port}, the configuration says ${spec.port}; correct one of the two`,
        );
    }
    if (this.#opened.length === 0)
      throw new ListenerRefused(
        'Cannot open any listener: the legacy profile of each has ended; correct the configuration, "sluis check" names them',
      );
  }

  /** Logs the open listeners, and from now on watches for the end of legacy profiles. */
  begin(): void {
    for (const opened of this.#opened) {
      const { configured, listener } = opened;
      const { proxy, accounts, networks } = configured;
      const { hostname, name, address, tls, profile, scram } = listener.spec;
      this.#log.info('listener.open', {
        name,
        address,
        tls,
        profile,
        scram,
        hostname,
        port: listener.port,
        protocol: configured.protocol,
        quirks: listener.spec.quirks?.join(' ') || undefined,
        proxy: proxy.join(' ') || undefined,
        accounts: accounts.length || undefined,
        networks: networks.join(' ') || undefined,
      });
      this.#watchEnd(opened);
    }
  }

  get all(): readonly Listener[] {
    return this.#opened.map(({ listener }) => listener);
  }

  /** Protocol of a listener; undefined: it is not open. */
  protocolOf(name: string): Configured['protocol'] | undefined {
    return this.#opened.find(({ listener, closed }) => listener.spec.name === name && !closed)?.configured.protocol;
  }

  /** Number of sessions of each listener, also of one that is closed and drains. */
  sessions(): readonly { readonly name: string; readonly protocol: string; readonly sessions: number }[] {
    return this.#opened.map(({ configured: { name, protocol }, listener: { sessions } }) => ({
      name,
      protocol,
      sessions,
    }));
  }

  status(): readonly ListenerStatus[] {
    return this.#opened.map(
      ({ configured: { protocol, 'profile-until': until }, listener: { spec, port }, closed }) => ({
        name: spec.name,
        protocol,
        address: spec.address,
        port,
        tls: spec.tls,
        profile: spec.profile ?? 'intermediate',
        ...defined({ until }),
        closed,
      }),
    );
  }

  async stop(drain: Milliseconds): Promise<void> {
    for (const { timer } of this.#opened) timer?.cancel();
    await Promise.all(this.#opened.map(({ listener }) => listener.stop(drain)));
  }

  /** Closes ports that other units share, until `resume`. */
  rest(): void {
    for (const { listener } of this.#opened) listener.rest();
  }

  /** Opens the listeners again. Rejects with ListenerRefused. */
  async resume(): Promise<void> {
    for (const { listener, closed } of this.#opened)
      if (!closed) await listener.resume().catch((error: unknown) => refusedPort(listener.spec, error));
  }

  /** Ends the drain time of a `stop` under way. */
  cut(): void {
    for (const { listener } of this.#opened) listener.cut();
  }

  #refuseStrays(sockets: HandedSockets): void {
    const names = this.#config.listener.map(({ name }) => name);
    const stray = [...sockets.keys()].find((name) => !names.includes(name));
    if (stray !== undefined)
      throw new ListenerRefused(
        `Cannot use the socket "${stray}" that the service manager opened: no listener has that name; expected ${names.join(', ')}; set FileDescriptorName= in the socket unit`,
      );
  }

  #watchEnd(opened: Opened): void {
    const { name, 'profile-until': until } = opened.configured;
    if (until === undefined) return;
    const left = endOfProfile(until) - this.#clock.now();
    if (left <= 0) {
      opened.closed = true;
      this.#log.error('listener.ended', { listener: name, until });
      opened.listener
        .stop(this.#config.connections.drain)
        .catch((error: unknown) => this.#log.error('listener.ended', { listener: name, until, error: String(error) }));
      return;
    }
    if (left <= NOTICE) this.#log.warn('listener.ends', { listener: name, until, days: Math.ceil(left / DAY) });
    // The day is judged by the wall clock, which may be set to another time, so this looks again
    // each day.
    opened.timer = this.#clock.after(milliseconds(Math.min(left, DAY)), () => this.#watchEnd(opened));
  }
}
