/** The directory for those who show it: the HTTPS API, commands, and LDAP searches. */
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

/** Entries of one read while a whole copy is made: a megabyte with certificates. */
const PAGE = 500;

/** Counts that all share who show it to accounts. */
export interface DirectoryCounts {
  /** Entries that accounts asked for within the hour, over all roads. */
  readonly asked: { of(account: AccountId): number; add(account: AccountId, entries: number): void };
  /** Entries that were given out. */
  readonly given: Pick<Counts<'caller'>, 'add'>;
}

interface LookingUp {
  readonly session: string;
  readonly account: Account;
  readonly organisation: Organisation;
}

/**
 * Undefined: the account has asked for as many entries within the hour as it may. Else what counts
 * those that it is given; a search that found none counts as one.
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
   * Its version now. One indexed read, where nothing of many was changed and nothing had its time
   * since somebody asked last.
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

  /** A part of a search, by version. `current` comes before the first. */
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

  /** Several that ask at once wait for the same steps. */
  async #follow(): Promise<void> {
    try {
      while (await this.#store.follow());
    } finally {
      this.#following = undefined;
    }
  }
}
