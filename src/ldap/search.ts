/**
 * A search. It goes through the directory by steps of the store, each of which looks at a limited
 * number of entries; or it looks up single addresses, if the filter names them.
 *
 * The store is asked for entries with the words that must stand in each, and the filter judges what
 * it finds. Between two steps others have their turn. An account has one step running at a time,
 * however many connections it uses. Entries that are given are counted as in the API
 * (`directory-entries-per-hour`).
 */
import { type Directory, type DirectoryCounts, mayLookUp } from '../admin/directory.ts';
import { DIRECTORY_PARTS, type DirectoryEntry, isRemoved } from '../domain/directory.ts';
import type { Clock, Log } from '../domain/effects.ts';
import type { Account, Organisation } from '../domain/registry.ts';
import { type Milliseconds, seconds } from '../domain/units.ts';
import type { FairSlots } from '../platform/fair-slots.ts';
import { turns } from '../platform/turns.ts';
import { type Attributes, SUFFIX, attributesOf, entryName, placeOf, selected, suffixAttributes } from './attributes.ts';
import { addressesOf, compared, matches, neededParts } from './filter.ts';
import type { LdapLimits } from './limits.ts';
import type { Page } from './paging.ts';
import type { SearchRequest } from './requests.ts';
import { entryResponse } from './responses.ts';
import { type LdapResult, results } from './results.ts';

export interface SearchParts extends DirectoryCounts {
  readonly directory: Pick<Directory, 'current' | 'find' | 'step'>;
  readonly slots: FairSlots;
  readonly limits: Pick<LdapLimits, 'searchEntries' | 'searchTime'>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface Searching {
  readonly id: number;
  readonly session: string;
  readonly account: Account;
  readonly organisation: Organisation;
  /** Aborted when the client abandons the search, or has gone. */
  readonly signal: AbortSignal;
  /** Writes entries, and resolves when there is room for more. */
  readonly send: (pieces: readonly Buffer[]) => Promise<void>;
}

export interface Searched {
  readonly result: LdapResult;
  /** The existing part of the name that was asked for. */
  readonly matched?: string;
  /** Where the next page begins. */
  readonly next?: Pick<Page, 'after' | 'given'>;
  readonly entries: number;
}

/** Entries of one step, with certificates some 70 KB. */
const STEP = 50;
/**
 * Octets of entries that are collected before they are written. Together with one step, this is
 * what a client that does not read keeps in memory.
 */
const MOST_WAITING = 128 * 1024;
/** Addresses that a filter may name to be looked up one by one. */
const MOST_NAMED = 50;

/** `page`: set if the client asks for pages. */
export async function search(
  parts: SearchParts,
  request: SearchRequest,
  page: Page | undefined,
  who: Searching,
): Promise<Searched> {
  const give = mayLookUp(parts, who);
  if (give === undefined) return { result: results.limited, entries: 0 };
  const run = new Search(parts, request, page, who);
  try {
    return await run.run();
  } finally {
    give(Math.max(1, run.entries));
  }
}

class Search {
  entries = 0;
  readonly #parts: SearchParts;
  readonly #request: SearchRequest;
  readonly #who: Searching;
  readonly #page: Page | undefined;
  /** Monotonic. */
  readonly #until: number;
  /** Most entries of all pages together. */
  readonly #sizeLimit: number;
  /** Most entries of this answer. */
  readonly #most: number;
  #given: number;
  #after: number;
  #waiting: Buffer[] = [];
  #octets = 0;

  constructor(parts: SearchParts, request: SearchRequest, page: Page | undefined, who: Searching) {
    this.#parts = parts;
    this.#request = request;
    this.#page = page;
    this.#who = who;
    const { clock, limits } = parts;
    const time: Milliseconds = request.timeLimit === 0 ? limits.searchTime : seconds(request.timeLimit);
    this.#until = clock.monotonic() + Math.min(time, limits.searchTime);
    this.#sizeLimit = request.sizeLimit === 0 ? Infinity : request.sizeLimit;
    this.#most = Math.min(page?.size ?? Infinity, limits.searchEntries);
    this.#given = page?.given ?? 0;
    this.#after = page?.after ?? 0;
  }

  async run(): Promise<Searched> {
    const { base, scope, filter } = this.#request;
    const place = placeOf(base);
    if (place.kind === 'unknown') return { result: results.noObject, entries: 0 };
    // RFC 2696 section 3: a size of 0 asks for an estimate, which nobody here has.
    if (this.#page?.size === 0) return { result: results.success, entries: 0 };
    await this.#parts.directory.current();
    if (place.kind === 'entry') return await this.#one(place.key);
    if (this.#isAsked(place.kind)) this.#take(SUFFIX, suffixAttributes);
    const deep = scope === 'sub' || (scope === 'one' && place.kind === 'suffix');
    const needed = neededParts(filter);
    if (!deep || needed === 'never') return await this.#all();
    const named = addressesOf(filter, MOST_NAMED);
    // Entries that are asked for by name come in one answer.
    return named === undefined || named.length > this.#most ? await this.#steps(needed) : await this.#named(named);
  }

  /**
   * True if the answer has the directory's own entry, the only child of the root: on the first
   * page, if the filter matches it.
   */
  #isAsked(from: 'root' | 'suffix'): boolean {
    const { scope, filter } = this.#request;
    const reached = from === 'root' ? scope !== 'base' : scope !== 'one';
    return reached && this.#given === 0 && matches(filter, compared(suffixAttributes)) === true;
  }

  async #one(key: string): Promise<Searched> {
    const entry = await this.#lookUp(key);
    if (entry === undefined) return { result: results.noObject, matched: SUFFIX, entries: 0 };
    if (this.#request.scope !== 'one') this.#judge(entry);
    return await this.#all();
  }

  async #named(keys: readonly string[]): Promise<Searched> {
    for (const key of keys) {
      if (this.#who.signal.aborted) break;
      const entry = await this.#lookUp(key);
      if (entry === undefined) continue;
      const stop = this.#judge(entry);
      if (stop !== undefined) return await this.#all(stop);
    }
    return await this.#all();
  }

  async #lookUp(key: string): Promise<DirectoryEntry | undefined> {
    const found = await this.#turn(() => this.#parts.directory.find(key));
    return found === undefined || isRemoved(found) ? undefined : found;
  }

  async #steps(needed: readonly string[]): Promise<Searched> {
    const { directory, clock } = this.#parts;
    const longest = [...needed].sort((a, b) => b.length - a.length).slice(0, DIRECTORY_PARTS);
    for (;;) {
      if (this.#who.signal.aborted) return await this.#all();
      if (clock.monotonic() >= this.#until) return await this.#all({ result: results.timeLimit });
      const { account } = this.#who;
      const found = await this.#turn(() => directory.step({ after: this.#after, limit: STEP, parts: longest }));
      for (const entry of found.entries) {
        if (turns.over(account.id)) await turns.rest(account.id);
        const stop = this.#judge(entry);
        if (stop !== undefined) return await this.#all(stop);
        this.#after = entry.version;
        if (this.#octets > MOST_WAITING) await this.#flush();
      }
      this.#after = found.through;
      if (found.done) return await this.#all();
      await this.#flush();
    }
  }

  /** Runs one step at the account's turn: one step of an account runs at a time. */
  async #turn<T>(work: () => Promise<T>): Promise<T> {
    const { slots } = this.#parts;
    const slot = await slots.take(this.#who.account.id, this.#who.signal);
    if (slot === 'busy' || slot === 'gone') throw new SearchStopped(slot);
    try {
      return await work();
    } finally {
      slot.free();
    }
  }

  /**
   * Takes the entry if the filter matches it. Gives how the search ends; undefined: it continues.
   */
  #judge(entry: DirectoryEntry): Pick<Searched, 'result' | 'next'> | undefined {
    const attributes = attributesOf(entry);
    if (matches(this.#request.filter, compared(attributes)) !== true) return undefined;
    if (this.#given >= this.#sizeLimit) return { result: results.sizeLimit };
    if (this.entries >= this.#most)
      return this.#page === undefined
        ? { result: results.sizeLimit }
        : { result: results.success, next: { after: this.#after, given: this.#given } };
    this.#take(entryName(entry.address), attributes);
    return undefined;
  }

  #take(name: string, attributes: Attributes): void {
    const { attributes: asked, typesOnly } = this.#request;
    const octets = entryResponse(this.#who.id, name, selected(attributes, asked), typesOnly);
    this.#waiting.push(octets);
    this.#octets += octets.length;
    this.#given += 1;
    this.entries += 1;
  }

  async #flush(): Promise<void> {
    const pieces = this.#waiting;
    this.#waiting = [];
    this.#octets = 0;
    if (pieces.length > 0 && !this.#who.signal.aborted) await this.#who.send(pieces);
  }

  async #all(how: Pick<Searched, 'result' | 'next'> = { result: results.success }): Promise<Searched> {
    await this.#flush();
    return { ...how, entries: this.entries };
  }
}

/** `busy`: too many searches wait. `gone`: nobody waits for this one. */
export class SearchStopped extends Error {
  override readonly name = 'SearchStopped';
  readonly why: 'busy' | 'gone';
  constructor(why: 'busy' | 'gone') {
    super(`the search was stopped: ${why}`);
    this.why = why;
  }
}
