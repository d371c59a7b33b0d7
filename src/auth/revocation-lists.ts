/**
 * Revocation lists of foreign authorities: verified when they are loaded, and asked at every login
 * and for every mail certificate.
 *
 * A list that cannot be used never replaces one that can, and an older list never replaces a newer
 * one. How long an overdue list counts is policy (crypto/certificates/crl-policy.ts); the log names
 * every list that is overdue.
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
 * An operator who names any list wants one for every authority: a file that cannot be read must not
 * look as if the authority published none.
 */
export const listPolicy = (places: readonly string[], grace: Milliseconds): CrlPolicy => ({
  ...DEFAULT_CRL_POLICY,
  grace,
  withoutList: places.length === 0 ? 'accept' : 'refuse',
});

/**
 * A list that does not count. `foreign`: its authority is not configured, as happens in a folder
 * with many lists.
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
  /** The lists that count, by file, issuer and scope. */
  readonly #loaded = new Map<string, { readonly file: string; readonly crl: Crl; readonly issuer: Certificate }>();

  /**
   * `setting`: the setting that names the authorities; the refusal of a foreign list repeats it.
   */
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

  /** Logs every list that is overdue. */
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
   * A PEM file may have several lists, as the one of our own authority has; if one cannot be used,
   * the others still count.
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
    // While an authority changes its key, several authorities have the same name.
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
