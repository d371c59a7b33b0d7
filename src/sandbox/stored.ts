/**
 * Looks for a message where the program under test stores: any file whose octets hold its mark,
 * however the program names or frames it.
 *
 * Only files that changed since the sandbox began are read, and only so many: a folder of
 * somebody's life is no reason to read for minutes. What a program keeps in memory, compressed or
 * encrypted is not found.
 */
import { type FileHandle, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

const MAX_FILES = 5000;
const MAX_DEPTH = 8;
/** Octets that one look reads, of all files together. */
const MAX_OCTETS = 512 * 1024 * 1024;
const SLICE = 1024 * 1024;

export interface Look {
  readonly found: boolean;
  /** How often the message is there with its header. */
  readonly copies: number;
  /** Whether octets that must be unchanged are there; undefined: none were asked for. */
  readonly exact?: boolean;
}

export async function lookFor(place: string, mark: string, since: number, exact?: Buffer): Promise<Look> {
  const needles = [Buffer.from(mark, 'latin1'), Buffer.from(`Message-ID: <${mark}@`, 'latin1')];
  // The message as it came, and as programs on Unix write lines.
  const forms =
    exact === undefined ? [] : [exact, Buffer.from(exact.toString('latin1').replaceAll('\r\n', '\n'), 'latin1')];
  const counts = [...needles, ...forms].map(() => 0);
  let budget = MAX_OCTETS;
  for (const file of await filesOf(place, since)) {
    if (budget <= 0) break;
    budget -= await count(file, [...needles, ...forms], counts, budget);
  }
  const [any = 0, copies = 0, ...same] = counts;
  return { found: any > 0, copies, ...(exact !== undefined && { exact: same.some((n) => n > 0) }) };
}

async function filesOf(place: string, since: number): Promise<readonly string[]> {
  const files: string[] = [];
  const walk = async (path: string, depth: number): Promise<void> => {
    // A file may go while it is looked at: mail folders move them.
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || files.length >= MAX_FILES) return;
    if (found.isFile() && found.mtimeMs >= since - 2000) files.push(path);
    if (!found.isDirectory() || depth > MAX_DEPTH) return;
    for (const name of await readdir(path).catch(() => [])) await walk(join(path, name), depth + 1);
  };
  await walk(place, 0);
  return files;
}

/** Adds to `counts`; answers the octets that were read. */
async function count(path: string, needles: readonly Buffer[], counts: number[], most: number): Promise<number> {
  let file: FileHandle;
  try {
    file = await open(path);
  } catch {
    return 0;
  }
  const longest = Math.max(...needles.map(({ length }) => length));
  const buffer = Buffer.alloc(SLICE + longest);
  let [kept, read] = [0, 0];
  try {
    while (read < most) {
      const { bytesRead } = await file.read(buffer, kept, SLICE, null);
      if (bytesRead === 0) break;
      read += bytesRead;
      const filled = kept + bytesRead;
      const seen = buffer.subarray(0, filled);
      needles.forEach((needle, i) => {
        // Of what was kept from the slice before, whole needles were counted then.
        let at = seen.indexOf(needle, Math.max(0, kept - needle.length + 1));
        for (; at >= 0; at = seen.indexOf(needle, at + needle.length)) counts[i] = (counts[i] ?? 0) + 1;
      });
      kept = Math.min(longest - 1, filled);
      buffer.copyWithin(0, filled - kept, filled);
    }
  } finally {
    await file.close();
  }
  return read;
}
