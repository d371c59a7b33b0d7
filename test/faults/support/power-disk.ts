/**
 * The power model: what a disk holds after the current failed.
 *
 * shims/power.c keeps, beside the real files, what was synced of each of them. `cut` rebuilds the
 * folder from that alone. kill -9 proves less: the page cache survives it, and a store that never
 * syncs would pass.
 *
 * Two ways in which unsynced octets can fare are modelled. `none`: not one of them reached the
 * disk. `some`: any 4 KiB block of any file, and any new name, may have reached it or not, by lot:
 * writes arrive in any order.
 */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { shim } from './shims.ts';
import { chance } from '../../support/chance.ts';

const BLOCK = 4096;

export class PowerDisk {
  readonly #root: string;
  readonly #shadow: string;

  constructor(root: string, shadow: string) {
    this.#root = root;
    this.#shadow = shadow;
  }

  get environment(): Readonly<Record<string, string>> {
    return { LD_PRELOAD: shim('power'), SHIM_ROOT: this.#root, SHIM_SHADOW: this.#shadow };
  }

  /** To be called before the process starts: what lies there now has long been synced. */
  arm(): void {
    rmSync(this.#shadow, { recursive: true, force: true });
    mkdirSync(this.#shadow, { recursive: true });
    for (const folder of this.#folders()) {
      const lines: string[] = [];
      for (const name of filesOf(folder)) {
        const { ino } = statSync(join(folder, name));
        lines.push(`${ino} ${name}\n`);
        copyFileSync(join(folder, name), join(this.#shadow, `i${ino}`));
      }
      writeFileSync(join(this.#shadow, `d${statSync(folder).ino}`), lines.join(''));
    }
  }

  /**
   * To be called after kill -9: leaves what the disk would hold. Resolves to how many octets of
   * files were lost or old.
   */
  cut(unsynced: 'none' | 'some'): { readonly changedBlocks: number; readonly lostNames: readonly string[] } {
    let changedBlocks = 0;
    const lostNames: string[] = [];
    for (const folder of this.#folders()) {
      const durable = this.#durableNames(folder);
      for (const name of new Set([...filesOf(folder), ...durable.keys()])) {
        const file = join(folder, name);
        const wasDurable = durable.has(name);
        // SQLite rebuilds the shared memory file; a machine that starts again has none of it.
        if (name.endsWith('-shm') || (!wasDurable && (unsynced === 'none' || chance.below(2) === 0))) {
          if (!name.endsWith('-shm')) lostNames.push(name);
          rmSync(file, { force: true });
          continue;
        }
        const shadow = join(this.#shadow, `i${durable.get(name) ?? statSync(file).ino}`);
        const synced = existsSync(shadow) ? readFileSync(shadow) : Buffer.alloc(0);
        const written = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
        if (synced.equals(written)) continue;
        const { octets, changed } = blend(
          synced,
          written,
          unsynced === 'none' ? () => false : () => chance.below(2) === 1,
        );
        changedBlocks += changed;
        rmSync(file, { force: true });
        writeFileSync(file, octets, { mode: 0o600 });
      }
    }
    return { changedBlocks, lostNames };
  }

  #durableNames(folder: string): ReadonlyMap<string, string> {
    const list = join(this.#shadow, `d${statSync(folder).ino}`);
    if (!existsSync(list)) return new Map();
    const lines = readFileSync(list, 'utf8')
      .split('\n')
      .filter((l) => l !== '');
    return new Map(lines.map((l) => [l.slice(l.indexOf(' ') + 1), l.slice(0, l.indexOf(' '))]));
  }

  #folders(): string[] {
    const found = [this.#root];
    for (const entry of readdirSync(this.#root, { withFileTypes: true, recursive: true }))
      if (entry.isDirectory()) found.push(join(entry.parentPath, entry.name));
    return found;
  }
}

const filesOf = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((e) => e.isFile())
    .map((e) => e.name);

/**
 * Takes each block from `written` where `arrived` says so, else from `synced`; the file is as long
 * as its last block makes it.
 */
function blend(
  synced: Buffer,
  written: Buffer,
  arrived: () => boolean,
): { readonly octets: Buffer; readonly changed: number } {
  const longest = Math.max(synced.length, written.length);
  const octets = Buffer.alloc(longest);
  let length = synced.length;
  let changed = 0;
  for (let at = 0; at < longest; at += BLOCK) {
    const before = synced.subarray(at, at + BLOCK);
    const after = written.subarray(at, at + BLOCK);
    const takeNew = !before.equals(after) && arrived();
    (takeNew ? after : before).copy(octets, at);
    if (takeNew) length = Math.max(length, at + after.length);
    else if (!before.equals(after)) changed += 1;
  }
  return { octets: octets.subarray(0, length), changed };
}
