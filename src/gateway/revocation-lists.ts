/**
 * Revocation lists of the running gateway: files and folders of the configuration, read at the
 * start and whenever one changes.
 */
import type { ListFile } from '../auth/revocation-lists.ts';
import { RevocationLists, listPolicy } from '../auth/revocation-lists.ts';
import { type ListedAuthorities, listsOf, readRevocationLists } from '../config/revocation-lists.ts';
import type { Config } from '../config/schema.ts';
import type { Certificate } from '../crypto/certificates/certificate.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { Milliseconds } from '../domain/units.ts';
import { FileWatch } from '../platform/file-watch.ts';

export interface ListsOptions {
  /** Files and folders. */
  readonly places: readonly string[];
  readonly grace: Milliseconds;
  /** How often the files are looked at. */
  readonly every: Milliseconds;
  /** The setting that names their authorities. */
  readonly setting: string;
}

export const listsOptionsOf = (config: Config, setting: ListedAuthorities): ListsOptions => ({
  ...listsOf(config, setting),
  every: config.tls.watch,
  setting,
});

export class GatewayLists {
  readonly #places: readonly string[];
  readonly #lists: RevocationLists;
  readonly #watch: FileWatch;
  #authorities: readonly Certificate[];
  #changed: () => void = () => undefined;
  #loading: Promise<void> = Promise.resolve();

  constructor(
    { places, grace, every, setting }: ListsOptions,
    authorities: readonly Certificate[],
    { clock, log }: { clock: Clock; log: Log },
  ) {
    this.#places = places;
    this.#authorities = authorities;
    this.#lists = new RevocationLists(listPolicy(places, grace), clock, log, setting);
    this.#watch = new FileWatch({ files: places, every, clock, changed: () => void this.reload() });
  }

  get check(): RevocationLists['check'] {
    return this.#lists.check;
  }

  /**
   * `changed` is called after lists were read again: then remembered certificate paths must be
   * forgotten.
   */
  async start(changed: () => void): Promise<void> {
    await this.reload();
    this.#changed = changed;
    await this.#watch.start();
  }

  stop(): void {
    this.#watch.stop();
  }

  /**
   * Reads the lists again; calls run one at a time, in their order. Never rejects: the log says
   * what is wrong with a file.
   */
  reload(authorities: readonly Certificate[] = this.#authorities): Promise<void> {
    this.#authorities = authorities;
    return (this.#loading = this.#loading.then(async () => {
      const files: readonly ListFile[] = await readRevocationLists(this.#places);
      await this.#lists.load(files, this.#authorities);
      this.#changed();
    }));
  }

  /** Logs overdue lists. */
  report(): void {
    this.#lists.report();
  }
}
