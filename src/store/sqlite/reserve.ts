/**
 * The reserve: a file of real blocks beside the database. When the disk is full it is given back,
 * so that what must still be written (locks, deletions at QUIT, audit rows) has room, while new
 * mail waits.
 *
 * A file that does not shrink keeps what was deleted as free pages. These serve locks, deletions
 * and audit rows as well, but not the log: so free pages of at least the whole reserve stand in for
 * half of it. A gateway that filled its own disk goes on so when mail was deleted.
 */
import {
  closeSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { syncFolder } from '../../platform/lasting-files.ts';

const STEP = 1024 * 1024;

/** Free pages in the database are of use only while the log still has room to grow. */
export const LOG_ROOM = 8 * 1024 * 1024;
/** Kept free for log and index pages beside the body itself. */
export const MARGIN = 2 * 1024 * 1024;
/**
 * Free octets beside the reserve before mail is accepted again, so that a full disk does not
 * alternate between the two.
 */
const ROOM_TO_GO_ON = 8 * 1024 * 1024;

/** How much of the reserve is on the disk. While it is `out` no new mail is accepted. */
export type Reserved = 'whole' | 'half' | 'out';

/** Octets; the free pages of a file that shrinks do not count, because the disk gets them soon. */
export interface ReserveRoom {
  readonly reserve: number;
  readonly disk: number;
  readonly free: number;
}

/** Octets of half a reserve, and those that are missing then. */
export const halfOf = (reserve: number): { readonly kept: number; readonly missing: number } => ({
  kept: Math.ceil(reserve / 2),
  missing: Math.floor(reserve / 2),
});

/**
 * Kept free beside a whole reserve. A gateway that filled its own disk has the reserve and this
 * much, once all its mail was deleted: a small reserve, of which half is to lie on the disk again,
 * would leave too little to go on, and no mail would be taken any more. From 16 MiB on it is MARGIN
 * alone.
 */
export const marginFor = (reserve: number): number =>
  reserve === 0 ? MARGIN : Math.max(MARGIN, halfOf(reserve).kept + ROOM_TO_GO_ON + MARGIN - reserve);

export const coversHalf = ({ reserve, free }: Pick<ReserveRoom, 'reserve' | 'free'>): boolean =>
  reserve > 0 && free >= reserve;

/**
 * The reserve that should be on the disk, given the present one. The step from half to whole needs
 * more space, or the two would alternate.
 */
export function reservedFor(now: Reserved, room: ReserveRoom): Reserved {
  const { reserve, disk } = room;
  const { kept, missing } = halfOf(reserve);
  const covered = coversHalf(room);
  const forWhole = (covered ? 2 : 1) * ROOM_TO_GO_ON;
  if (now === 'whole') return covered && disk <= LOG_ROOM + MARGIN ? 'half' : 'whole';
  if (now === 'half') return disk >= missing + forWhole ? 'whole' : 'half';
  if (disk >= reserve + forWhole) return 'whole';
  return covered && disk >= kept + ROOM_TO_GO_ON ? 'half' : 'out';
}

/** Octets that an unprivileged process can still write in the folder. */
export function freeOctetsOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}

/**
 * Random octets, because a hole reserves nothing, and a file system may compress zeros or leave
 * them out.
 */
function write(path: string, flags: string, from: number, to: number): void {
  const file = openSync(path, flags, 0o600);
  try {
    const step = Buffer.alloc(STEP, 'sluis reserve ');
    for (let at = from; at < to;) at += writeSync(file, step, 0, Math.min(STEP, to - at), at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export class Reserve {
  readonly #path: string;
  readonly octets: number;

  constructor(dataFolder: string, octets: number) {
    this.#path = join(dataFolder, 'reserve');
    this.octets = octets;
  }

  get kept(): Reserved {
    if (this.octets === 0) return 'whole';
    const size = statSync(this.#path, { throwIfNoEntry: false })?.size ?? 0;
    if (size >= this.octets) return 'whole';
    return size >= halfOf(this.octets).kept ? 'half' : 'out';
  }

  release(): void {
    if (this.octets > 0) rmSync(this.#path, { force: true });
  }

  /** False if there is no space: then the reserve is as it was. */
  keep(wanted: Exclude<Reserved, 'out'>): boolean {
    const { kept } = this;
    if (kept === wanted) return true;
    const half = halfOf(this.octets).kept;
    const draft = `${this.#path}.new`;
    try {
      if (kept === 'whole') truncateSync(this.#path, half);
      else if (kept === 'half') write(this.#path, 'r+', half, this.octets);
      else {
        write(draft, 'w', 0, wanted === 'half' ? half : this.octets);
        renameSync(draft, this.#path);
        syncFolder(dirname(this.#path));
      }
      return true;
    } catch {
      if (kept === 'half') truncateSync(this.#path, half);
      rmSync(draft, { force: true });
      return false;
    }
  }
}
