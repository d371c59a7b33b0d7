/**
 * Renews what is stored of a password that a login has just shown, since only then its text is at
 * hand. An imported hash becomes one of ours, and a SCRAM verifier is made if the account's setting
 * asks for it.
 */
import { needsRehash } from '../crypto/passwords/password-scheme.ts';
import type { scramVerifier } from '../crypto/passwords/scram.ts';
import { defined } from '../domain/defined.ts';
import type { Log } from '../domain/effects.ts';
import type { Password } from '../domain/registry.ts';
import type { LoginRecord } from '../store/registry.ts';
import type { Registry } from '../store/port/registry.ts';
import { type ScramLogin, mayScram } from './scram-login.ts';
import type { VerifyQueue } from './verify-queue.ts';

export interface UpkeepParts {
  readonly registry: Pick<Registry, 'rehashPassword'>;
  readonly log: Log;
  readonly queue: VerifyQueue;
  readonly scram: ScramLogin;
  readonly hash: (text: string) => Promise<string>;
  readonly verifier: typeof scramVerifier;
}

export class PasswordUpkeep {
  readonly #parts: UpkeepParts;
  readonly #running = new Set<string>();

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /**
   * Runs when no login waits for a hash. If it does not come to that, the next login tries again.
   */
  after(record: LoginRecord, password: Password, text: string): void {
    const wantsVerifier = password.scram === undefined && mayScram(record);
    if (!needsRehash(password.hash) && !wantsVerifier) return;
    const { queue, log } = this.#parts;
    const { account, name } = password;
    const key = `${account}\0${name}`;
    if (this.#running.has(key)) return;
    this.#running.add(key);
    queue
      .run({ lane: 'later', network: 'rehash' }, () => this.#renew(record, password, text))
      .catch((error: unknown) => log.warn('auth.rehash_failed', { account, error: String(error) }))
      .finally(() => this.#running.delete(key))
      .catch(() => undefined);
  }

  async #renew(record: LoginRecord, { account, name, hash }: Password, text: string): Promise<void> {
    const to = needsRehash(hash) ? await this.#parts.hash(text) : hash;
    const scram = mayScram(record) ? await this.#verifierOf(record.account.login, text) : undefined;
    if (to === hash && scram === undefined) return;
    const renewed = { hash: to, ...defined({ scram }) };
    await this.#parts.registry.rehashPassword(account, name, hash, renewed);
  }

  /**
   * Undefined for a password that can have no verifier: such a password opens the account in every
   * other way.
   */
  async #verifierOf(login: string, text: string): Promise<string | undefined> {
    const made = await this.#parts.verifier(text, await this.#parts.scram.salt(login));
    return made.ok ? made.value : undefined;
  }
}
