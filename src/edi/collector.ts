/** The interchanges of one message, over all its leaves, bounded. */
import type { Interchange } from '../domain/interchange.ts';
import type { EdiReader } from './draft.ts';
import { insideRoom } from './inside.ts';
import { EdiSniffer } from './sniffer.ts';

export const MAX_INTERCHANGES = 100;

interface Found {
  readonly part: string;
  readonly interchanges: Interchange[];
}

export class EdiCollector {
  readonly #found: Found[] = [];
  readonly #room: ReturnType<typeof insideRoom> | undefined;
  #count = 0;
  #full = false;

  /** `inside`: messages and groups of EDIFACT interchanges are listed, one by one. */
  constructor({ inside = false }: { readonly inside?: boolean } = {}) {
    this.#room = inside ? insideRoom() : undefined;
  }

  /** True if there were more interchanges than are reported. */
  get full(): boolean {
    return this.#full;
  }

  /** A reader for the decoded octets of the leaf at `part`. */
  readonly observe = (part: string): EdiReader => {
    const found: Found = { part, interchanges: [] };
    this.#found.push(found);
    const keep = (interchange: Interchange): boolean => {
      if (this.#count >= MAX_INTERCHANGES) {
        this.#full = true;
        return false;
      }
      this.#count += 1;
      found.interchanges.push(interchange);
      return true;
    };
    return new EdiSniffer(part, keep, this.#room);
  };

  /**
   * Those of the leaves that count: what stood in front of a first part was looked at too, and is
   * no leaf.
   */
  interchanges(paths: ReadonlySet<string>): readonly Interchange[] {
    const last = new Map(this.#found.map((found) => [found.part, found]));
    return this.#found
      .filter((found) => paths.has(found.part) && last.get(found.part) === found)
      .flatMap((found) => found.interchanges);
  }
}
