/**
 * Files that were checked and now wait for the button that uses them, with the progress of the work
 * on each.
 *
 * The gateway holds the file so that it uses the very one that was checked: a browser that sent it
 * again could send another. A file may hold passwords, so it stays in memory. It goes when it has
 * been used, after half an hour, or with the next file of the same session. Number and size are
 * limited, so that an operator who may import cannot fill the memory of the gateway. Another
 * gateway of the same store does not know the file, nor does this one after a restart: then the
 * operator gives it again.
 */
import { createHash } from 'node:crypto';
import { AdminError } from '../../admin/error.ts';
import type { CsvProblem } from '../../domain/csv-problem.ts';
import type { Input } from '../../admin/input.ts';
import { base32 } from '../../crypto/keys/base32.ts';
import type { Clock, RandomBytes, Timer } from '../../domain/effects.ts';
import { minutes } from '../../domain/units.ts';
import type { GivenFile } from '../../http/file-form.ts';

/** Most octets of one file. */
export const MAX_FILE = 16 * 1024 * 1024;
/** Most octets of all held files together. */
const MAX_HELD = 3 * MAX_FILE;
/** Most imports that are known at the same time, including those that are done. */
const MAX_KNOWN = 16;
export const HOLD = minutes(30);

export type ImportState =
  /** `total`: 0 while it is not known. */
  | { readonly kind: 'working'; readonly deed: boolean; done: number; total: number; phase: string }
  | { readonly kind: 'right'; readonly result: unknown }
  | { readonly kind: 'wrong'; readonly text: string; readonly lines: readonly CsvProblem[] }
  | { readonly kind: 'waits'; readonly request: string; readonly result: unknown }
  | { readonly kind: 'done'; readonly result: unknown; readonly letters: Letters }
  | { readonly kind: 'failed'; readonly text: string };

export interface Letters {
  readonly made: number;
  /** The letters; absent once they have been fetched. */
  text?: string;
  /** Login names that got no letter. */
  readonly without: readonly string[];
  readonly why?: string;
}

export interface HeldImport {
  readonly id: string;
  /** Path of the page on which the file was given. */
  readonly path: string;
  readonly session: string;
  readonly input: Input;
  readonly size: number;
  /** SHA-256 of the file as operations read it, in hexadecimal digits. */
  readonly sha256: string;
  /** The accounts in a file that was made from typed text. */
  readonly accounts?: readonly string[];
  /** Absent once the file was used or refused. */
  file?: GivenFile;
  state: ImportState;
}

interface Known {
  readonly one: HeldImport;
  readonly timer: Timer;
}

export class HeldImports {
  readonly #known = new Map<string, Known>();
  readonly #clock: Clock;
  readonly #random: RandomBytes;

  constructor(clock: Clock, random: RandomBytes) {
    this.#clock = clock;
    this.#random = random;
  }

  /**
   * Holds a file. Throws AdminError if there is no space, or while the gateway works on another
   * file of the same session.
   */
  async hold(
    { path, session, input, accounts }: Pick<HeldImport, 'path' | 'session' | 'input' | 'accounts'>,
    file: GivenFile,
  ): Promise<HeldImport> {
    const sha256 = await hashOf(file);
    const all = [...this.#known.values()].map(({ one }) => one);
    for (const before of all.filter((one) => one.session === session)) {
      if (before.state.kind === 'working')
        throw new AdminError(
          'conflict',
          'Cannot take another file: the gateway is still working on the one before; wait until it is done',
        );
      this.drop(before);
    }
    const octets = [...this.#known.values()].reduce((sum, { one }) => sum + (one.file?.size ?? 0), 0);
    const idle = all.find(({ state }) => state.kind === 'failed' || state.kind === 'wrong');
    if (this.#known.size >= MAX_KNOWN && idle !== undefined) this.drop(idle);
    if (octets + file.size > MAX_HELD || this.#known.size >= MAX_KNOWN)
      throw new AdminError(
        'unavailable',
        'Cannot take the file: the files of others fill the space for imports; try again within half an hour, or use "sluis" with the file',
      );
    const id = base32(this.#random(15));
    const one: HeldImport = {
      id,
      path,
      session,
      input,
      file,
      size: file.size,
      sha256,
      ...(accounts !== undefined && { accounts }),
      state: { kind: 'working', deed: false, done: 0, total: 0, phase: '' },
    };
    this.#known.set(id, { one, timer: this.#until(one) });
    return one;
  }

  /** The held import with this id, if it belongs to this page and session. */
  of(id: string, path: string, session: string): HeldImport | undefined {
    const one = this.#known.get(id)?.one;
    return one?.path === path && one.session === session ? one : undefined;
  }

  drop(one: HeldImport): void {
    this.#known.get(one.id)?.timer.cancel();
    this.#known.delete(one.id);
    delete one.file;
  }

  /**
   * Drops the import after a time. While the work still runs it waits once more, so that the
   * outcome can be read.
   */
  #until(one: HeldImport): Timer {
    return this.#clock.after(HOLD, () => {
      if (one.state.kind === 'working') this.#known.set(one.id, { one, timer: this.#until(one) });
      else this.drop(one);
    });
  }
}

/**
 * The text of a file as an operation takes it. Octets that are no UTF-8 become U+FFFD, and the
 * operation reports their line.
 */
export async function* textOf({ pieces }: GivenFile): AsyncGenerator<string, void, undefined> {
  // The byte order mark that some programs put first belongs to the file, so it is kept and hashed
  // with it.
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  for (const piece of pieces) {
    yield decoder.decode(piece, { stream: true });
    await new Promise<void>((resolve) => setImmediate(resolve));
  }
  const left = decoder.decode();
  if (left !== '') yield left;
}

async function hashOf(file: GivenFile): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of textOf(file)) hash.update(piece);
  return hash.digest('hex');
}
