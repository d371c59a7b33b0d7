/**
 * The raw rate of the disk, with which every other rate is compared: one thread that only appends
 * and syncs.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Samples, type Percentiles, round } from './stats.ts';

export interface RawRate {
  readonly perSecond: number;
  readonly sync: Percentiles;
}

/**
 * The rate of appends of `size` octets, each followed by fdatasync, in `folder` for `milliseconds`.
 */
export function rawAppendRate(folder: string, size: number, milliseconds: number): RawRate {
  const file = join(folder, 'raw.bin');
  const octets = randomBytes(size);
  const samples = new Samples();
  const fd = openSync(file, 'w');
  const start = performance.now();
  const end = start + milliseconds;
  let now = start;
  while (now < end) {
    writeSync(fd, octets);
    fdatasyncSync(fd);
    const done = performance.now();
    samples.add(done - now);
    now = done;
  }
  closeSync(fd);
  rmSync(file);
  return { perSecond: round((samples.count * 1000) / (now - start)), sync: samples.summary() };
}
