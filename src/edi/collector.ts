/** Collects the interchanges of one message from all its leaves, up to a limit. */
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

  /** `inside`: also lists the messages and groups of EDIFACT interchanges, one by one. */
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
   * The interchanges of the leaves at `paths`. Text in front of the first part of a multipart was
   * read too, but is not a leaf. If one path was read twice, the last reading counts.
   */
  interchanges(paths: ReadonlySet<string>): readonly Interchange[] {
    const last = new Map(this.#found.map((found) => [found.part, found]));
    return this.#found
      .filter((found) => paths.has(found.part) && last.get(found.part) === found)
      .flatMap((found) => found.interchanges);
  }
}
