/** A disk that is small enough to be filled, and is filled to its last octet. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, realpathSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mayMount, present } from '../../support/require.ts';

export class SmallDisk {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'sluis-full-')));
  /** For the `skip` option of a test. */
  readonly skip = present('the right to mount a small tmpfs', mayMount(this.folder), 'run the suite as root');
  #mounted = false;

  mount(octets: number): void {
    const how = ['-t', 'tmpfs', '-o', `size=${octets},mode=755`, 'tmpfs', this.folder];
    assert.equal(spawnSync('mount', how).status, 0);
    this.#mounted = true;
  }

  /** Somebody else takes all that is left: a log, a copy. */
  fill(file: string): void {
    const fd = openSync(file, 'w');
    try {
      for (const size of [1_000_000, 4096, 1]) {
        const octets = Buffer.alloc(size);
        try {
          for (;;) writeSync(fd, octets);
        } catch (error) {
          assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
        }
      }
    } finally {
      closeSync(fd);
    }
  }

  /** When nobody has a file open on it any more. */
  remove(): void {
    if (this.#mounted) assert.equal(spawnSync('umount', [this.folder]).status, 0);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
