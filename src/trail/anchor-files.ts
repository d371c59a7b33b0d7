/** Anchors as they lie in their folder: which one tells of a row, or of a later one that the row leads to. */
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Instant, days, instant } from '../domain/units.ts';

/** Files of days that are looked through for one row. */
const MOST_DAYS = 10;

export interface FoundAnchor {
  readonly seq: number;
  /** As it stands in the file, without its end. */
  readonly line: string;
}

interface DayFile {
  readonly name: string;
  readonly day: string;
}

/** Reads each file once; make one for each use, since files grow. */
export class AnchorFiles {
  readonly #folder: string;
  #files: readonly DayFile[] | undefined;
  readonly #read = new Map<string, readonly FoundAnchor[]>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The first anchor of row `seq`, written at `at`, or of a later row; undefined where none was made within ten days that have one. */
  async covering(seq: number, at: Instant): Promise<FoundAnchor | undefined> {
    this.#files ??= await filesIn(this.#folder);
    // The clock of an anchor and that of a row may be a moment apart over midnight.
    const from = new Date(instant(at - days(1))).toISOString().slice(0, 10);
    for (const file of this.#files.filter(({ day }) => day >= from).slice(0, MOST_DAYS)) {
      const found = (await this.#anchorsIn(file)).find((anchor) => anchor.seq >= seq);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  async #anchorsIn({ name }: DayFile): Promise<readonly FoundAnchor[]> {
    const known = this.#read.get(name);
    if (known !== undefined) return known;
    const text = await readFile(join(this.#folder, name), 'utf8');
    const anchors = text.split('\n').flatMap((line) => {
      const seq = seqOf(line);
      return seq === undefined ? [] : [{ seq, line }];
    });
    this.#read.set(name, anchors);
    return anchors;
  }
}

async function filesIn(folder: string): Promise<readonly DayFile[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names
    .flatMap((name) => {
      const day = /-(\d{4}-\d\d-\d\d)\.jsonl$/.exec(name)?.[1];
      return day === undefined ? [] : [{ name, day }];
    })
    .sort((a, b) => (a.day < b.day ? -1 : 1));
}

/** Whether its signature holds is for whoever checks the evidence to ask. */
function seqOf(line: string): number | undefined {
  try {
    const { seq } = JSON.parse(line) as { seq?: unknown };
    return typeof seq === 'number' ? seq : undefined;
  } catch {
    return undefined;
  }
}
