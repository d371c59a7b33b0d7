/**
 * Logins by app password: secrets of 256 random bits that were made here for one program.
 *
 * A right one is granted at once, even during an attack. Nobody can guess one, so judging it during
 * a back-off helps no attacker; and a stranger who tries passwords of the account does not stop its
 * programs. A wrong one is counted, throttled and refused like a wrong password: with the same
 * answer, at the same moments. There is no hash to wait for, and so no queue.
 */
import { type TokenProof, isSameToken } from '../crypto/keys/token.ts';
import type { Clock } from '../domain/effects.ts';
import type { Account, AppPassword, AppScope } from '../domain/registry.ts';
import { type Instant, hours } from '../domain/units.ts';
import type { LoginRecord } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import type { Attempt, Attempts } from './attempt.ts';
import { type AuthOutcome, type Peer, mayEnter } from './authenticator.ts';
import { BoundedMap } from './bounded-map.ts';
import { granted, reasonOf } from './candidates.ts';
import type { CertificateLogin } from './certificate-login.ts';
import type { LoginNotes } from './login-notes.ts';

/** Uses of one app password are noted at most this often: programs come many times a minute. */
const NOTE_USE = hours(1);
const NOTED = 100_000;

export interface AppLoginParts {
  readonly registry: Pick<Registry, 'noteAppPasswordUse'>;
  readonly find: (folded: string) => Promise<LoginRecord | undefined>;
  readonly clock: Clock;
  readonly attempts: Attempts;
  readonly notes: LoginNotes;
  readonly byCertificate: Pick<CertificateLogin, 'passwordAlone'>;
  /**
   * Called when the account has logged in from that network: the two know each other from now on.
   */
  readonly succeeded: (account: Account, network: string) => void;
}

export class AppLogin {
  readonly #parts: AppLoginParts;
  /** When the use of each app password was last noted, by its id; monotonic. */
  readonly #noted = new BoundedMap<string, number>(NOTED);

  constructor(parts: AppLoginParts) {
    this.#parts = parts;
  }

  async logIn(attempt: Attempt, proof: TokenProof): Promise<AuthOutcome> {
    const { find, attempts, byCertificate, clock } = this.#parts;
    const { folded, peer } = attempt;
    const record = await find(folded);
    const match = mayEnter(peer, folded) ? matchOf(record, proof, clock.now()) : undefined;
    if (record?.account.state === 'active' && match !== undefined) {
      const problem = mayBeUsed(match.scope, peer) ? await byCertificate.passwordAlone(record, peer) : 'app-scope';
      return problem === undefined
        ? this.#granted(record, match, peer)
        : await attempts.refuse(attempt, record, problem);
    }
    const admitted = await attempts.admitted(attempt);
    // From here until the failure is noted nothing is awaited, so that each guess of a burst sees
    // those before it.
    if (!admitted || attempts.backOff(folded, peer) > 0) return await attempts.throttled(attempt, record);
    return await attempts.refuse(attempt, record, mayEnter(peer, folded) ? reasonOf(record, match) : 'not-on-listener');
  }

  #granted(record: LoginRecord, { id, name, createdAt, scope }: AppPassword, peer: Peer): AuthOutcome {
    const { registry, clock, notes, succeeded } = this.#parts;
    const { account } = record;
    const now = clock.monotonic();
    succeeded(account, peer.network);
    const noted = this.#noted.get(id);
    if (noted === undefined || now - noted >= NOTE_USE) {
      this.#noted.set(id, now);
      registry.noteAppPasswordUse(id, clock.now());
    }
    notes.byApp(account, peer, { id, name });
    return { ...granted(record, { name, createdAt, app: id }), scopes: scope === 'both' ? ['send', 'fetch'] : [scope] };
  }
}

const matchOf = (record: LoginRecord | undefined, proof: TokenProof, now: Instant): AppPassword | undefined =>
  record?.appPasswords.find((one) => isSameToken(one, proof) && (one.endsAt === undefined || now < one.endsAt));

/**
 * True if the app password may be used in this session. Mail sessions need the scope of their
 * protocol. Over HTTPS each request says what it needs, and is judged by it; the directory is open
 * to every login.
 */
const mayBeUsed = (scope: AppScope, { protocol }: Peer): boolean =>
  scope === 'both' || protocol === 'https' || protocol === 'ldap' || scope === (protocol === 'smtp' ? 'send' : 'fetch');
