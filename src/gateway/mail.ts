/**
 * Certificates and keys for mail in the running gateway, and in a command that opened the store
 * itself. In a command nothing is watched, and files are read when they are first needed.
 */
import { randomBytes } from 'node:crypto';
import { readAuthorities } from '../auth/authorities.ts';
import { readAuthorityFiles } from '../config/files.ts';
import { readMasterKey } from '../config/master-key.ts';
import type { Config } from '../config/schema.ts';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import { type MailKeySeals, mailKeySeals } from '../crypto/keys/mail-key-seals.ts';
import { Pgp } from '../crypto/pgp/pgp.ts';
import { type PgpSeals, pgpSeals } from '../crypto/keys/pgp-seals.ts';
import type { Address } from '../domain/address.ts';
import type { Log } from '../domain/effects.ts';
import { MailKeys } from '../protection/mail-keys.ts';
import type { ForeignTrust } from '../protection/mail-trust.ts';
import { PgpKeyring } from '../protection/pgp-keyring.ts';
import { FileWatch } from '../platform/file-watch.ts';
import type { Store } from '../store/port/store.ts';
import type { GatewayEffects } from './effects.ts';
import { GatewayLists, listsOptionsOf } from './revocation-lists.ts';

const SETTING = 'smime.authorities';

/** OpenPGP: its thread begins with the first job and ends with the gateway. */
export interface GatewayPgp {
  readonly thread: Pgp;
  readonly seals: PgpSeals;
  readonly keys: PgpKeyring;
}

export class GatewayMail {
  readonly keys: MailKeys;
  readonly seals: MailKeySeals;
  readonly pgp: GatewayPgp;
  readonly #config: Config;
  readonly #log: Log;
  readonly #lists: GatewayLists;
  readonly #watch: FileWatch;
  #authorities: readonly Certificate[];
  #loaded: Promise<void> | undefined;

  /** Throws ConfigError or AuthorityError. */
  constructor(store: Store, config: Config, effects: GatewayEffects) {
    const { clock, log, random = randomBytes } = effects;
    this.#config = config;
    this.#log = log;
    this.#authorities = this.#read();
    this.#lists = new GatewayLists(listsOptionsOf(config, SETTING), this.#authorities, effects);
    this.#watch = new FileWatch({
      files: config.smime.authorities,
      every: config.tls.watch,
      clock,
      changed: () => {
        this.reload().catch((error: unknown) => log.error('smime.refused', { why: String(error) }));
      },
    });
    this.seals = mailKeySeals(() => readMasterKey(config), random);
    const seals = pgpSeals(() => readMasterKey(config), random);
    this.pgp = { thread: new Pgp(), seals, keys: new PgpKeyring({ store, seals, clock, log }) };
    this.keys = new MailKeys({
      store,
      seals: this.seals,
      foreign: () => this.#foreign(),
      signingAddress: config.smime['signing-address'] ?? (`postmaster@${config.hostname}` as Address),
      clock,
      log,
    });
  }

  /** Reads the revocation lists and begins to watch the files. */
  async start(): Promise<void> {
    this.#loaded = this.#lists.start(() => undefined);
    await this.#loaded;
    await this.#watch.start();
  }

  async stop(): Promise<void> {
    this.#watch.stop();
    this.#lists.stop();
    await this.pgp.thread.close();
  }

  /** Reads the files again. Rejects, and changes nothing, if they cannot be used. */
  async reload(): Promise<void> {
    const authorities = await Promise.resolve().then(() => this.#read());
    await this.#lists.reload(authorities);
    this.#authorities = authorities;
    this.#log.info('smime.reloaded', { authorities: authorities.length });
  }

  async #foreign(): Promise<ForeignTrust> {
    await (this.#loaded ??= this.#lists.reload());
    return { authorities: this.#authorities, check: this.#lists.check };
  }

  #read(): readonly Certificate[] {
    return readAuthorities(readAuthorityFiles(this.#config, SETTING), SETTING);
  }
}
