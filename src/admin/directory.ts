/** The directory, for all that show it: the HTTPS API, commands, and LDAP searches. */
import type {
  DirectoryQuery,
  DirectoryRecord,
  DirectoryState,
  DirectoryStep,
  DirectoryStepFound,
} from '../domain/directory.ts';
import type { Counts } from '../domain/counts.ts';
import type { Log } from '../domain/effects.ts';
import type { AccountId } from '../domain/ids.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import { settingOf } from '../domain/settings.ts';
import type { Store } from '../store/port/store.ts';

/** Entries that are read at the same time for a whole copy: about a megabyte with certificates. */
const PAGE = 500;

/** Counts that all interfaces share which show the directory to accounts. */
export interface DirectoryCounts {
  /** How many entries each account asked for within the hour, over all interfaces. */
  readonly asked: { of(account: AccountId): number; add(account: AccountId, entries: number): void };
  /** Counts entries that were given out. */
  readonly given: Pick<Counts<'caller'>, 'add'>;
}

interface LookingUp {
  readonly session: string;
  readonly account: Account;
  readonly organisation: Organisation;
}

/**
 * Undefined if the account has already asked for as many entries within the hour as it may.
 * Otherwise a function that counts the entries it gets; a search that found none counts as one.
 */
export function mayLookUp(
  { asked, given, log }: DirectoryCounts & { readonly log: Log },
  { session, account, organisation }: LookingUp,
): ((entries: number) => void) | undefined {
  const limit = 'directory-entries-per-hour';
  if (asked.of(account.id) >= settingOf(limit, account.settings, organisation.settings)) {
    log.warn('directory.limited', { session, account: account.id, limit });
    return undefined;
  }
  return (entries) => {
    asked.add(account.id, entries);
    given.add(['account'], entries);
  };
}

export class Directory {
  readonly #store: Store['directory'];
  #following: Promise<void> | undefined;

  constructor({ directory }: Pick<Store, 'directory'>) {
    this.#store = directory;
  }

  /**
   * The present version of the directory. It costs one indexed read, unless many entries changed,
   * or the time of some has come, since somebody last asked.
   */
  async current(): Promise<DirectoryState> {
    const state = await this.#store.directoryState();
    if (!state.stale) return state;
    await (this.#following ??= this.#follow());
    return await this.#store.directoryState();
  }

  /** One page of the directory, in the order of versions. */
  async page(query: DirectoryQuery): Promise<readonly DirectoryRecord[]> {
    return await this.#store.directoryEntries(query);
  }

  /** A part of a search, in the order of versions. Call `current` before the first part. */
  async step(step: DirectoryStep): Promise<DirectoryStepFound> {
    return await this.#store.directoryStep(step);
  }

  async find(key: string): Promise<DirectoryRecord | undefined> {
    await this.current();
    return await this.#store.directoryEntry(key);
  }

  /** All entries, page by page. Ends early if `signal` is aborted. */
  async *pages(query: Omit<DirectoryQuery, 'limit'>, signal?: AbortSignal): AsyncGenerator<readonly DirectoryRecord[]> {
    let { after } = query;
    while (signal?.aborted !== true) {
      const page = await this.page({ ...query, after, limit: PAGE });
      if (page.length > 0) yield page;
      const last = page.at(-1);
      if (last === undefined || page.length < PAGE) return;
      after = last.version;
    }
  }

  /** Brings the directory up to date. Callers that ask at the same time share one run. */
  async #follow(): Promise<void> {
    try {
      while (await this.#store.follow());
    } finally {
      this.#following = undefined;
    }
  }
}
