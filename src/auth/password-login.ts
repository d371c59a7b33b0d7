/**
 * Logins by password: memory, throttle, queue.
 *
 * A password that was right within the last hour, from the same network, is granted at once, even
 * during an attack and however long the queue is. For any other the throttle says whether it is
 * judged now. Then it waits its turn for a hash.
 */
import { isPossiblePassword } from '../crypto/passwords/password-text.ts';
import { defined } from '../domain/defined.ts';
import type { Clock } from '../domain/effects.ts';
import type { Account } from '../domain/registry.ts';
import { minutes } from '../domain/units.ts';
import type { LoginRecord } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import type { Attempt, Attempts } from './attempt.ts';
import { type AuthOutcome, type Peer, mayEnter } from './authenticator.ts';
import { type Judged, candidatesFor, granted } from './candidates.ts';
import type { CertificateLogin } from './certificate-login.ts';
import type { LoginMemory } from './login-memory.ts';
import type { LoginNotes } from './login-notes.ts';
import type { PasswordUpkeep } from './password-upkeep.ts';
import type { Throttle } from './throttle.ts';
import type { VerifyQueue } from './verify-queue.ts';

/**
 * Uses of one password are noted at most this often: a poll each minute needs no write each minute.
 */
export const NOTE_USE = minutes(10);

export interface PasswordLoginParts {
  readonly registry: Pick<Registry, 'notePasswordUse'>;
  readonly find: (folded: string) => Promise<LoginRecord | undefined>;
  readonly clock: Clock;
  readonly attempts: Attempts;
  readonly memory: LoginMemory;
  readonly throttle: Throttle;
  readonly queue: VerifyQueue;
  readonly notes: LoginNotes;
  readonly byCertificate: Pick<CertificateLogin, 'passwordAlone'>;
  readonly upkeep: PasswordUpkeep;
  /**
   * Called when the account has logged in from that network: the two know each other from now on.
   */
  readonly succeeded: (account: Account, network: string) => void;
  readonly verify: (hash: string, text: string) => Promise<boolean>;
  /**
   * A hash that no password matches. It is verified for logins that nobody has, so that they take
   * the same time.
   */
  readonly dummy: string;
}

export class PasswordLogin {
  readonly #parts: PasswordLoginParts;

  constructor(parts: PasswordLoginParts) {
    this.#parts = parts;
  }

  async logIn(attempt: Attempt, password: string): Promise<AuthOutcome> {
    const { find, attempts, queue } = this.#parts;
    const { folded, peer, signal } = attempt;
    const record = await find(folded);
    const remembered = await this.#recall(record, password, attempt);
    if (remembered !== undefined) return remembered;
    if (!(await attempts.admitted(attempt))) return await attempts.throttled(attempt, record);
    const served = await queue.run(this.#place(peer, signal), () => this.#judge(folded, password, peer));
    if (served.kind === 'busy') return attempts.busy(attempt, record, 'overload');
    if (served.value === 'throttled') return await attempts.throttled(attempt, record);
    return await this.#conclude(attempt, password, served.value);
  }

  async #recall(record: LoginRecord | undefined, password: string, attempt: Attempt): Promise<AuthOutcome | undefined> {
    if (record?.account.state !== 'active' || !mayEnter(attempt.peer, record.account.login)) return undefined;
    const { clock, registry } = this.#parts;
    const { peer } = attempt;
    const { account, version } = record;
    const now = clock.monotonic();
    if (!this.#parts.throttle.mayRecall(account.login, peer.network, now)) return undefined;
    const digest = this.#parts.memory.digest(account.login, password, peer.network, version);
    const found = this.#parts.memory.find(digest, account.id, now, clock.now());
    if (found === undefined) {
      this.#parts.throttle.recalledInVain(account.login, peer.network, now);
      return undefined;
    }
    const problem = await this.#parts.byCertificate.passwordAlone(record, peer);
    if (problem !== undefined) return await this.#parts.attempts.refuse(attempt, record, problem);
    if (now - found.notedAt >= NOTE_USE) {
      found.notedAt = now;
      registry.notePasswordUse(account.id, found.name, clock.now());
    }
    this.#parts.succeeded(account, peer.network);
    this.#parts.notes.remembered(account, peer, found.name);
    return granted(
      record,
      record.passwords.find(({ name }) => name === found.name),
    );
  }

  #place(peer: Peer, signal: AbortSignal): { lane: 'known' | 'stranger'; network: string; signal: AbortSignal } {
    const known = this.#parts.throttle.knows(peer.network, this.#parts.clock.monotonic());
    return { lane: known ? 'known' : 'stranger', network: peer.network, signal };
  }

  /**
   * Runs in the queue. Throttle and record are asked again: others may have guessed, and operators
   * may have acted, while we waited.
   */
  async #judge(folded: string, password: string, peer: Peer): Promise<Judged | 'throttled'> {
    if (this.#parts.attempts.backOff(folded, peer) > 0) return 'throttled';
    const record = await this.#parts.find(folded);
    // In place of a text that cannot be a password (empty, NUL, too long) another one is hashed:
    // that is the same work, cannot succeed, and does not cost what a long text would.
    const possible = isPossiblePassword(password);
    const text = possible ? password : 'impossible';
    const valid = candidatesFor(record, folded, peer, this.#parts.clock.now());
    if (valid.length === 0) await this.#parts.verify(this.#parts.dummy, text);
    for (const candidate of valid)
      if ((await this.#parts.verify(candidate.hash, text)) && possible) return { record, password: candidate };
    return { record, password: undefined };
  }

  async #conclude(attempt: Attempt, password: string, judged: Judged): Promise<AuthOutcome> {
    const { record, password: match } = judged;
    const refused = await this.#parts.attempts.refusalOf(attempt, judged);
    if (refused !== undefined || record === undefined || match === undefined) return refused ?? { kind: 'refused' };
    const { clock, registry } = this.#parts;
    const { peer } = attempt;
    const { account, version } = record;
    const now = clock.monotonic();
    this.#parts.succeeded(account, peer.network);
    this.#parts.memory.remember(
      this.#parts.memory.digest(account.login, password, peer.network, version),
      { account: account.id, name: match.name, notedAt: now, ...defined({ endsAt: match.endsAt }) },
      now,
    );
    registry.notePasswordUse(account.id, match.name, clock.now());
    this.#parts.notes.verified(account, peer, match.name);
    this.#parts.upkeep.after(record, match, password);
    return granted(record, match);
  }
}
