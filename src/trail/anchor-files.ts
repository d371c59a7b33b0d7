/**
 * Anchors and their time stamps as they lie in their folder: which one tells of a row, or of a
 * later one that the row leads to.
 */
import { hash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Instant, days, instant } from '../domain/units.ts';
import { TIME_STAMP_FILES } from './time-stamps.ts';

/** Files of days that are looked through for one row. */
const MOST_DAYS = 10;

export interface FoundAnchor {
  /** The chain, and the number of the row in it, as of a `ChainHead`. */
  readonly lane?: number;
  readonly seq: number;
  /** The line as it stands in the file, without its end. */
  readonly line: string;
}

/** A row of which an anchor is sought. */
export interface SoughtRow {
  readonly lane: number | undefined;
  /** Its number in its chain. */
  readonly seq: number;
  readonly at: Instant;
}

/** A time stamp over an anchor. */
export interface FoundStamp {
  /** The line as it stands in its file, without its end. */
  readonly line: string;
  readonly anchor: FoundAnchor;
  /** Time that the line gives, ISO 8601; its token's time is checked with the evidence. */
  readonly at: string;
}

interface DayFile {
  readonly name: string;
  readonly day: string;
}

/** One chain in an anchor: 64 hexadecimal digits, and when it was signed (ISO 8601). */
export interface AnchoredHead {
  readonly lane?: number;
  readonly seq: number;
  readonly hash: string;
  readonly at: string;
}

interface KnownAnchor extends FoundAnchor {
  readonly head: AnchoredHead;
}

/** Reads each file once; make one for each use, since files grow. */
export class AnchorFiles {
  readonly #folder: string;
  readonly #isLost: (head: AnchoredHead) => Promise<boolean>;
  #files: readonly DayFile[] | undefined;
  #stampFiles: readonly DayFile[] | undefined;
  readonly #read = new Map<string, readonly KnownAnchor[]>();
  readonly #readStamps = new Map<string, readonly { readonly line: string; readonly stamp: StampFacts }[]>();

  /** `isLost`: the row of that anchor was lost with a restore, so no row leads to it. */
  constructor(folder: string, isLost: (head: AnchoredHead) => Promise<boolean> = () => Promise.resolve(false)) {
    this.#folder = folder;
    this.#isLost = isLost;
  }

  /**
   * The first anchor of a row, written at `at`, or of a later row of its chain; undefined if none
   * was made within ten days that have one. `seq`: its number in the chain.
   */
  async covering({ seq, lane, at }: SoughtRow): Promise<FoundAnchor | undefined> {
    this.#files ??= await filesIn(this.#folder, '.jsonl');
    for (const file of since(this.#files, at)) {
      for (const { head, ...found } of await this.#anchorsIn(file))
        if (found.lane === lane && found.seq >= seq && !(await this.#isLost(head))) return found;
    }
    return undefined;
  }

  /**
   * The first anchor of a row, or of a later one of its chain, that was stamped, with its stamp;
   * undefined as above.
   */
  async stamped({ seq, lane, at }: SoughtRow): Promise<FoundStamp | undefined> {
    this.#stampFiles ??= await filesIn(this.#folder, TIME_STAMP_FILES);
    for (const file of since(this.#stampFiles, at))
      for (const { line, stamp } of await this.#stampsIn(file)) {
        if (lane === undefined && stamp.seq < seq) continue;
        const anchor = await this.#anchorOf(stamp, { lane, at });
        if (anchor !== undefined && anchor.seq >= seq) return { line, anchor, at: stamp.at };
      }
    return undefined;
  }

  async #anchorOf(
    { anchor }: StampFacts,
    { lane, at }: Pick<SoughtRow, 'lane' | 'at'>,
  ): Promise<FoundAnchor | undefined> {
    this.#files ??= await filesIn(this.#folder, '.jsonl');
    for (const file of since(this.#files, at)) {
      for (const { head, ...found } of await this.#anchorsIn(file))
        if (found.lane === lane && hash('sha256', found.line) === anchor)
          return (await this.#isLost(head)) ? undefined : found;
    }
    return undefined;
  }

  async #stampsIn({ name }: DayFile): Promise<readonly { readonly line: string; readonly stamp: StampFacts }[]> {
    const known = this.#readStamps.get(name);
    if (known !== undefined) return known;
    const text = await readFile(join(this.#folder, name), 'utf8');
    const stamps = text.split('\n').flatMap((line) => {
      const stamp = stampOf(line);
      return stamp === undefined ? [] : [{ line, stamp }];
    });
    this.#readStamps.set(name, stamps);
    return stamps;
  }

  async #anchorsIn({ name }: DayFile): Promise<readonly KnownAnchor[]> {
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    const text = await readFile(join(this.#folder, name), 'utf8');
    const anchors = text.split('\n').flatMap((line) =>
      headsIn(line).map((head) => ({
        ...(head.lane === undefined ? {} : { lane: head.lane }),
        seq: head.seq,
        line,
        head,
      })),
    );
    this.#read.set(name, anchors);
    return anchors;
  }
}

/** The clock of an anchor and that of a row may be a moment apart over midnight. */
function since(files: readonly DayFile[], at: Instant): readonly DayFile[] {
  const from = new Date(instant(at - days(1))).toISOString().slice(0, 10);
  return files.filter(({ day }) => day >= from).slice(0, MOST_DAYS);
}

async function filesIn(folder: string, end: string): Promise<readonly DayFile[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const day = name.endsWith(end) ? /-(\d{4}-\d\d-\d\d)$/.exec(name.slice(0, -end.length))?.[1] : undefined;
      return day === undefined ? [] : [{ name, day }];
    })
    .sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** The heads that an anchor covers. Its signature is checked with the evidence. */
function headsIn(line: string): readonly AnchoredHead[] {
  try {
    const { seq, hash: only, lanes, at: signed } = JSON.parse(line) as Readonly<Record<string, unknown>>;
    const at = typeof signed === 'string' ? signed : '';
    if (!Array.isArray(lanes))
      return typeof seq === 'number' && typeof only === 'string' ? [{ seq, hash: only, at }] : [];
    return lanes.flatMap((read: unknown) => {
      const [lane, place, of] = Array.isArray(read) ? (read as readonly unknown[]) : [];
      if (typeof lane !== 'number' || typeof place !== 'number' || typeof of !== 'string') return [];
      return [{ ...(lane === 0 ? {} : { lane }), seq: place, hash: of, at }];
    });
  } catch {
    return [];
  }
}

interface StampFacts {
  readonly seq: number;
  /** SHA-256 of the anchor's line. */
  readonly anchor: string;
  readonly at: string;
}

function stampOf(line: string): StampFacts | undefined {
  try {
    const { seq, anchor, at, token } = JSON.parse(line) as Record<string, unknown>;
    return typeof seq === 'number' && typeof anchor === 'string' && typeof at === 'string' && typeof token === 'string'
      ? { seq, anchor, at }
      : undefined;
  } catch {
    return undefined;
  }
}
