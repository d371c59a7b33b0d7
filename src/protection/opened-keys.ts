/**
 * Private keys that the gateway keeps, each opened once and then remembered. A key is forgotten
 * when its sealed form changes or is removed.
 */
import type { Log } from '../domain/effects.ts';
import type { Result } from '../domain/result.ts';

/** Opens a sealed private key. Rejects if the master key cannot be read. */
export type OpenSealed<K> = (fingerprint: string, sealed: Uint8Array) => Promise<Result<K, string>>;

export class OpenedKeys<K> {
  readonly #open: OpenSealed<K>;
  readonly #refused: (fingerprint: string, why: string) => void;
  readonly #opened = new WeakMap<Uint8Array, Promise<Result<K, string>>>();

  /** `event`: the log event for a key that does not open. */
  constructor(open: OpenSealed<K>, log: Log, event: string) {
    this.#open = open;
    this.#refused = (fingerprint, why) => log.error(event, { fingerprint, why });
  }

  async open(fingerprint: string, sealed: Uint8Array): Promise<Result<K, string>> {
    const known = this.#opened.get(sealed);
    if (known !== undefined) return await known;
    const opening = this.#open(fingerprint, sealed);
    this.#opened.set(sealed, opening);
    const opened = await opening.catch((error: unknown) => {
      this.#opened.delete(sealed);
      throw error;
    });
    if (!opened.ok) this.#refused(fingerprint, opened.error);
    return opened;
  }
}
