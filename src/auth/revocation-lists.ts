/**
 * Revocation lists of foreign authorities: verified when they come, asked at every login and for every certificate of mail.
 *
 * A list that cannot be used never takes the place of one that could, and an older one never that of a newer. How long an overdue list counts is
 * policy (crypto/crl-policy.ts); every list that is overdue is told in the log.
 */
import type { Certificate } from '../crypto/certificate.ts';
import type { Revocation } from '../crypto/certificate-path.ts';
import { type Crl, readCrl, verifyCrl } from '../crypto/crl.ts';
import { type CrlPolicy, CrlShelf, freshnessOf } from '../crypto/crl-policy.ts';
import { formatName, sameName } from '../crypto/distinguished-name.ts';
import type { Clock, Log } from '../domain/effects.ts';

/** A file that was read, or why it was not. */
export type ListFile = { readonly file: string } & ({ readonly octets: Buffer } | { readonly error: string });

export class RevocationLists {
  readonly #policy: CrlPolicy;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #setting: string;
  readonly #shelf = new CrlShelf();
  /** The list of each file that counts. */
  readonly #loaded = new Map<string, Crl>();

  /** `setting`: where the authorities stand, for what is said about a list of another one. */
  constructor(policy: CrlPolicy, clock: Clock, log: Log, setting = 'tls.client-authorities') {
    this.#setting = setting;
    this.#policy = policy;
    this.#clock = clock;
    this.#log = log;
  }

  /** For `findPath`. */
  readonly check = (certificate: Certificate, issuer: Certificate): Revocation =>
    this.#shelf.check(certificate, issuer, this.#policy, this.#clock.now());

  /** Never rejects: what is wrong with a file is in the log. `authorities`: those whose lists are wanted. */
  async load(files: readonly ListFile[], authorities: readonly Certificate[]): Promise<void> {
    for (const file of files) {
      const why = 'error' in file ? file.error : await this.#put(file.file, file.octets, authorities);
      if (why !== undefined) this.#log.error('crl.refused', { file: file.file, why });
    }
    this.report();
  }

  /** Tells of every list that is overdue. */
  report(): void {
    const now = this.#clock.now();
    for (const [file, crl] of this.#loaded) {
      const freshness = freshnessOf(crl, this.#policy, now);
      if (freshness === 'fresh') continue;
      const due = new Date(crl.nextUpdate ?? crl.thisUpdate).toISOString();
      const fields = { file, issuer: formatName(crl.issuer), due, state: freshness };
      if (freshness === 'grace') this.#log.warn('crl.overdue', fields);
      else this.#log.error('crl.overdue', fields);
    }
  }

  async #put(file: string, octets: Buffer, authorities: readonly Certificate[]): Promise<string | undefined> {
    const read = await readCrl(octets);
    if (!read.ok) return read.error.text;
    const crl = read.value;
    const issuers = authorities.filter((authority) => sameName(authority.subject, crl.issuer));
    if (issuers.length === 0) return `its issuer "${formatName(crl.issuer)}" is not in ${this.#setting}; add it`;
    let why = '';
    // Several of one name while an authority rolls over.
    for (const issuer of issuers) {
      const verified = await verifyCrl(crl, issuer);
      if (!verified.ok) {
        why = verified.error;
        continue;
      }
      if (!this.#shelf.put(crl, issuer)) return 'a newer list of the same issuer counts already';
      this.#loaded.set(file, crl);
      const { size, nextUpdate } = crl;
      const until = nextUpdate === undefined ? 'not said' : new Date(nextUpdate).toISOString();
      this.#log.info('crl.loaded', { file, issuer: formatName(crl.issuer), revoked: size, until });
      return undefined;
    }
    return why;
  }
}
