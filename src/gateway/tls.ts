/**
 * Keys, certificates, client authorities and ticket keys of the running gateway: they are read at
 * the start, and again when asked or when a file changes. There is a new ticket key after
 * `tls.ticket-key-lifetime`, which gateways of one store tell each other. What cannot be served
 * never takes the place of what is served.
 *
 * Node knows one ticket key at a time, so a ticket of an earlier key leads to a full handshake:
 * about a millisecond of processor time for each client after a rotation. In exchange, a key that
 * is stolen from memory opens no session older than its lifetime.
 */
import { X509Certificate, hash, randomBytes } from 'node:crypto';
import { readAuthorities } from '../auth/authorities.ts';
import { profileEnded, tlsFilesOf } from '../config/listeners.ts';
import { readAuthorityFiles, readTlsMaterial } from '../config/files.ts';
import type { Config } from '../config/schema.ts';
import type { TicketKeys } from '../cluster/tickets.ts';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import type { Timer } from '../domain/effects.ts';
import { type Instant, instant } from '../domain/units.ts';
import type { GatewayLife } from '../trail/gateway-life.ts';
import { FileWatch } from '../platform/file-watch.ts';
import type { Listener, TlsMaterial } from '../platform/listener.ts';
import { TICKET_KEY, serverTlsOptions } from '../platform/tls.ts';
import type { GatewayEffects } from './effects.ts';
import { GatewayLists, listsOptionsOf } from './revocation-lists.ts';

type Trail = Pick<GatewayLife, 'reloaded' | 'serves'>;
type Material = ReadonlyMap<string, readonly TlsMaterial[]>;

/** A certificate that a listener shows. */
export interface ServedCertificate {
  readonly listener: string;
  /** `ec` or `rsa`. */
  readonly key: string;
  readonly from: Instant;
  readonly until: Instant;
  /** SHA-256, hexadecimal. */
  readonly fingerprint: string;
}

export class GatewayTls {
  readonly #config: Config;
  readonly #options: GatewayEffects;
  readonly #watch: FileWatch;
  #listeners: readonly Listener[] = [];
  #rotation: Timer | undefined;
  #tickets: TicketKeys;
  /** Material by the listener's name, for listeners that are yet to be opened. */
  #material: Material;
  #served: readonly ServedCertificate[];
  #authorities: readonly Certificate[];
  /** The revocation lists; the part that judges logins starts them. */
  readonly lists: GatewayLists;
  #trail: Trail | undefined;
  #trust: (authorities: readonly Certificate[]) => void = () => undefined;

  /** Throws ConfigError, TlsMaterialError or AuthorityError. */
  constructor(config: Config, options: GatewayEffects) {
    this.#config = config;
    this.#options = options;
    const { random = randomBytes } = options;
    this.#tickets = {
      rotate: () => Buffer.from(random(TICKET_KEY)),
      known: () => undefined,
      onKey: () => undefined,
    };
    this.#material = this.#read();
    this.#served = servedOf(this.#material);
    this.#authorities = readAuthorities(readAuthorityFiles(config, 'tls.client-authorities'));
    this.lists = new GatewayLists(listsOptionsOf(config, 'tls.client-authorities'), this.#authorities, options);
    this.#watch = new FileWatch({
      files: [
        ...tlsFilesOf(config).flatMap(({ key, certificate }) => [...key, ...certificate]),
        ...config.tls['client-authorities'],
      ],
      every: config.tls.watch,
      clock: options.clock,
      changed: () => {
        this.reload().catch((error: unknown) => options.log.error('tls.refused', { why: String(error) }));
      },
    });
  }

  /** Authorities whose client certificates may log in, as their files were last read. */
  get authorities(): readonly Certificate[] {
    return this.#authorities;
  }

  /** TLS material of each listener, by its name. */
  get material(): Material {
    return this.#material;
  }

  get served(): readonly ServedCertificate[] {
    return this.#served;
  }

  /** Certificates and keys with which to open a listener. */
  materialFor(name: string): readonly TlsMaterial[] {
    return this.#material.get(name) ?? [];
  }

  /**
   * Takes charge of the listeners once they are open. `trust` is called with new authorities;
   * `trail` records what is served, and reloads.
   */
  async start(
    listeners: readonly Listener[],
    trust: (authorities: readonly Certificate[]) => void,
    trail: Trail,
    tickets: TicketKeys = this.#tickets,
  ): Promise<void> {
    this.#tickets = tickets;
    tickets.onKey((key) => this.#serveTickets(key));
    this.#listeners = listeners;
    this.#trust = trust;
    this.#trail = trail;
    this.#tellServed();
    // The key of another node, if there is one: a client that comes from there resumes its session
    // here.
    this.#serveTickets(tickets.known() ?? tickets.rotate(false));
    await this.#watch.start();
  }

  stop(): void {
    this.#rotation?.cancel();
    this.#watch.stop();
    this.lists.stop();
  }

  /** Reads the files again. Rejects, and changes nothing, if they cannot be used. */
  async reload(): Promise<void> {
    try {
      await this.#reload();
      this.#trail?.reloaded();
      this.#tellServed();
    } catch (error) {
      this.#trail?.reloaded(String(error));
      throw error;
    }
  }

  /** Voids all tickets that were given out: each client makes one full handshake. */
  voidTickets(): void {
    this.#serveTickets(this.#tickets.rotate(true));
  }

  #tellServed(): void {
    this.#trail?.serves(this.#served.map(({ fingerprint }) => fingerprint));
  }

  async #reload(): Promise<void> {
    const material = await Promise.resolve().then(() => this.#read());
    const authorities = readAuthorities(readAuthorityFiles(this.#config, 'tls.client-authorities'));
    await this.lists.reload(authorities);
    for (const listener of this.#listeners) {
      const its = material.get(listener.spec.name);
      if (its !== undefined) listener.updateTls(its);
    }
    this.#material = material;
    this.#served = servedOf(material);
    this.#authorities = authorities;
    this.#trust(authorities);
    // A key may be replaced because it was lost, so no session that it protected can be resumed.
    this.voidTickets();
    this.#options.log.info('tls.reloaded');
  }

  /** Reads and checks everything first, so that either every listener gets it or none. */
  #read(): Material {
    const now = this.#options.clock.now();
    const all = new Map<string, readonly TlsMaterial[]>();
    for (const listener of this.#config.listener) {
      // A listener whose profile has ended serves nobody, and its certificate may have ended as
      // well.
      if (profileEnded(listener, now)) continue;
      const material = readTlsMaterial(this.#config, listener);
      serverTlsOptions(material, now, listener.profile);
      all.set(listener.name, material);
    }
    return all;
  }

  /** Serves a ticket key until its time is over, counted from here. */
  #serveTickets(key: Buffer): void {
    const { clock, log } = this.#options;
    this.#rotation?.cancel();
    for (const listener of this.#listeners) listener.updateTicketKey(key);
    log.debug('tls.ticket-key');
    this.lists.report();
    this.#rotation = clock.after(this.#config.tls['ticket-key-lifetime'], () =>
      this.#serveTickets(this.#tickets.rotate(false)),
    );
  }
}

const servedOf = (material: Material): readonly ServedCertificate[] =>
  [...material].flatMap(([listener, its]) =>
    its.map(({ certificate: pem }) => {
      const certificate = new X509Certificate(pem);
      return {
        listener,
        key: certificate.publicKey.asymmetricKeyType ?? 'other',
        from: instant(Date.parse(certificate.validFrom)),
        until: instant(Date.parse(certificate.validTo)),
        fingerprint: hash('sha256', certificate.raw),
      };
    }),
  );
