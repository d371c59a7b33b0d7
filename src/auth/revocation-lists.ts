/**
 * Revocation lists of foreign authorities: verified when they come, asked at every login and for
 * every certificate of mail.
 *
 * A list that cannot be used never takes the place of one that could, and an older one never that
 * of a newer. How long an overdue list counts is policy (crypto/certificates/crl-policy.ts); every
 * list that is overdue is told in the log.
 */
import type { Certificate } from '../crypto/certificates/certificate.ts';
import type { Revocation } from '../crypto/certificates/certificate-path.ts';
import { type Crl, readCrls, verifyCrl } from '../crypto/certificates/crl.ts';
import {
  type CrlPolicy,
  CrlShelf,
  DEFAULT_CRL_POLICY,
  type Freshness,
  freshnessOf,
} from '../crypto/certificates/crl-policy.ts';
import { formatName, sameName } from '../crypto/certificates/distinguished-name.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';

/** A file that was read, or why it was not. */
export type ListFile = { readonly file: string } & ({ readonly octets: Buffer } | { readonly error: string });

/**
 * Who gives any list wants every authority to have one; a file that cannot be read must not pass
 * for "none published".
 */
export const listPolicy = (places: readonly string[], grace: Milliseconds): CrlPolicy => ({
  ...DEFAULT_CRL_POLICY,
  grace,
  withoutList: places.length === 0 ? 'accept' : 'refuse',
});

/**
 * A list that does not count. `foreign`: of an authority that nobody named, as a folder with many
 * lists may have.
 */
export interface RefusedList {
  readonly file: string;
  readonly why: string;
  readonly foreign: boolean;
}

export class RevocationLists {
  readonly #policy: CrlPolicy;
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #setting: string;
  readonly #shelf = new CrlShelf();
  /** The lists of each file that count, by file and issuer. */
  readonly #loaded = new Map<string, { readonly file: string; readonly crl: Crl; readonly issuer: Certificate }>();

  /** `setting`: where the authorities stand, for what is said about a list of another one. */
  constructor(policy: CrlPolicy, clock: Clock, log: Log, setting = 'tls.client-authorities') {
    this.#setting = setting;
    this.#policy = policy;
    this.#clock = clock;
    this.#log = log;
  }

  /** The revocation check that `findPath` takes. */
  readonly check = (certificate: Certificate, issuer: Certificate): Revocation =>
    this.#shelf.check(certificate, issuer, this.#policy, this.#clock.now());

  /**
   * Never rejects: what is wrong with a file is in the log, and in the answer. `authorities`: those
   * whose lists are wanted.
   */
  async load(files: readonly ListFile[], authorities: readonly Certificate[]): Promise<readonly RefusedList[]> {
    const refused: RefusedList[] = [];
    for (const file of files) refused.push(...(await this.#loadFile(file, authorities)));
    for (const { file, why } of refused) this.#log.error('crl.refused', { file, why });
    this.report();
    return refused;
  }

  /** Tells of every list that is overdue. */
  report(): void {
    for (const { file, crl, state } of this.overdue()) {
      const due = new Date(crl.nextUpdate ?? crl.thisUpdate).toISOString();
      const fields = { file, issuer: formatName(crl.issuer), due, state };
      if (state === 'grace') this.#log.warn('crl.overdue', fields);
      else this.#log.error('crl.overdue', fields);
    }
  }

  /** True if there is a list of this authority. */
  has(issuer: Certificate): boolean {
    return [...this.#loaded.values()].some((each) => each.issuer.publicKey.equals(issuer.publicKey));
  }

  /** Lists that count and are overdue, or that were made later than now. */
  overdue(): readonly { readonly file: string; readonly crl: Crl; readonly state: Freshness }[] {
    const now = this.#clock.now();
    return [...this.#loaded.values()]
      .map(({ file, crl }) => ({ file, crl, state: freshnessOf(crl, this.#policy, now) }))
      .filter(({ state }) => state !== 'fresh');
  }

  /**
   * A PEM file may have several lists, as the one of our own authority has; one that cannot be used
   * leaves the others.
   */
  async #loadFile(given: ListFile, authorities: readonly Certificate[]): Promise<readonly RefusedList[]> {
    const { file } = given;
    if ('error' in given) return [{ file, why: given.error, foreign: false }];
    const lists = await readCrls(given.octets);
    const refused: RefusedList[] = [];
    for (const [i, read] of lists.entries()) {
      const problem = read.ok
        ? await this.#put(file, read.value, authorities)
        : ({ why: read.error.text, foreign: false } as const);
      if (problem === undefined) continue;
      const which = lists.length === 1 ? '' : `list ${i + 1} of ${lists.length}: `;
      refused.push({ file, why: `${which}${problem.why}`, foreign: problem.foreign });
    }
    return refused;
  }

  async #put(
    file: string,
    crl: Crl,
    authorities: readonly Certificate[],
  ): Promise<Omit<RefusedList, 'file'> | undefined> {
    const name = formatName(crl.issuer);
    const issuers = authorities.filter((authority) => sameName(authority.subject, crl.issuer));
    if (issuers.length === 0) return { why: `its issuer "${name}" is not in ${this.#setting}; add it`, foreign: true };
    let why = '';
    // Several of one name while an authority rolls over.
    for (const issuer of issuers) {
      const verified = await verifyCrl(crl, issuer);
      if (!verified.ok) {
        why = verified.error;
        continue;
      }
      if (!this.#shelf.put(crl, issuer))
        return { why: 'a newer list of the same issuer counts already', foreign: false };
      this.#loaded.set(`${file} ${issuer.fingerprint} ${JSON.stringify(crl.scope)}`, { file, crl, issuer });
      const { size, nextUpdate } = crl;
      const until = nextUpdate === undefined ? 'not said' : new Date(nextUpdate).toISOString();
      this.#log.info('crl.loaded', { file, issuer: name, revoked: size, until });
      return undefined;
    }
    return { why, foreign: false };
  }
}
